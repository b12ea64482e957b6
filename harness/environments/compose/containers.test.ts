import { expect, it } from 'vitest'
import { componentOf, serviceOf } from './containers.ts'

const labels = (service: string, more: Record<string, string> = {}) => ({
  'com.docker.compose.service': service,
  'com.docker.compose.container-number': '2',
  'com.docker.compose.oneoff': 'False',
  ...more,
})

it('calls containers as the embedded environment calls its processes', () => {
  expect(componentOf(labels('shop'))).toEqual({ component: 'app-2', role: 'app' })
  expect(componentOf(labels('replica'))).toEqual({ component: 'replica-2', role: 'replica' })
  expect(componentOf(labels('cache'))).toEqual({ component: 'redis', role: 'cache' })
  expect(componentOf(labels('database'))).toEqual({ component: 'database', role: 'database' })
  expect(componentOf(labels('balancer'))).toEqual({ component: 'balancer', role: 'balancer' })
})

it.each(['shop', 'replica', 'cache', 'pooler', 'database', 'balancer'])(
  'finds the service %s again',
  (name) => {
    expect(serviceOf(componentOf(labels(name))!.component)).toBe(name)
  },
)

it('leaves out what only runs once, and what it did not start', () => {
  expect(componentOf(labels('seed'))).toBeNull()
  expect(componentOf(labels('shop', { 'com.docker.compose.oneoff': 'True' }))).toBeNull()
  expect(componentOf({})).toBeNull()
})
