import { describe, expect, it } from 'vitest'
import { fillPath, readTemplate } from './route.ts'

describe('a path template', () => {
  it.each([
    ['/products/:id', { id: 7 }, '/products/7', 'GET /products/:id'],
    ['/search?q=:q', { q: 'tea & cake/é' }, '/search?q=tea%20%26%20cake%2F%C3%A9', 'GET /search'],
    ['/a/:b/c/:d?e=:e', { b: 1, d: 'x', e: '' }, '/a/1/c/x?e=', 'GET /a/:b/c/:d'],
    ['/suche?q=größe 4%20x', {}, '/suche?q=gr%C3%B6%C3%9Fe%204%20x', 'GET /suche'],
    ['/', undefined, '/', 'GET /'],
  ])('%s is filled and named', (template, params, path, route) => {
    expect(fillPath(readTemplate(template), params)).toBe(path)
    expect(readTemplate(template).routes.GET).toBe(route)
  })

  it('needs every value and a leading slash', () => {
    expect(() => fillPath(readTemplate('/products/:id'), { ids: 7 })).toThrow('no value for ":id"')
    expect(() => readTemplate('http://elsewhere/')).toThrow('must begin with "/"')
  })
})
