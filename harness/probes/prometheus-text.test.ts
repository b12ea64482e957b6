import fc from 'fast-check'
import { Gauge, Histogram, Registry } from 'prom-client'
import { describe, expect, it } from 'vitest'
import { readPrometheusText } from './prometheus-text.ts'

describe('reading the Prometheus text format', () => {
  it('reads values with and without labels, and leaves comments out', () => {
    const text = [
      '# HELP http_requests_total The total number of HTTP requests.',
      '# TYPE http_requests_total counter',
      'http_requests_total{method="post",code="200"} 1027 1395066363000',
      'http_requests_total{ method = "post" , code="400", }    3 1395066363000',
      '',
      'metric_without_timestamp_and_labels 12.47',
      'something_weird{problem="division by zero"} +Inf -3982045',
      'nothing NaN',
      'below -Inf',
      'small\t1.458255915e9\r',
      'bucket{le="0.05"} 24054 # {trace_id="abc"} 0.04',
      'close{a="b"}7',
      'none{} 1',
    ].join('\n')
    expect(readPrometheusText(text).map(({ name, labels, value }) => [name, { ...labels }, value])).toEqual([
      ['http_requests_total', { method: 'post', code: '200' }, 1027],
      ['http_requests_total', { method: 'post', code: '400' }, 3],
      ['metric_without_timestamp_and_labels', {}, 12.47],
      ['something_weird', { problem: 'division by zero' }, Number.POSITIVE_INFINITY],
      ['nothing', {}, Number.NaN],
      ['below', {}, Number.NEGATIVE_INFINITY],
      ['small', {}, 1.458255915e9],
      ['bucket', { le: '0.05' }, 24054],
      ['close', { a: 'b' }, 7],
      ['none', {}, 1],
    ])
  })

  it('reads back whatever labels and values prom-client writes', async () => {
    await fc.assert(
      fc.asyncProperty(fc.string(), fc.double({ noNaN: true }), async (label, value) => {
        const registry = new Registry()
        const gauge = new Gauge({ name: 'g', help: 'h', labelNames: ['l'], registers: [registry] })
        gauge.set({ l: label }, value)
        const [sample] = readPrometheusText(await registry.metrics())
        expect(sample?.labels['l']).toBe(label)
        expect(sample?.value).toBe(value === 0 ? 0 : value)
      }),
    )
  })

  it('reads the histograms of prom-client', async () => {
    const registry = new Registry()
    const histogram = new Histogram({ name: 'h', help: 'h', buckets: [1, 2], registers: [registry] })
    for (const value of [0.5, 1.5, 5]) histogram.observe(value)
    const samples = readPrometheusText(await registry.metrics())
    expect(
      samples.filter(({ name }) => name === 'h_bucket').map(({ labels, value }) => [labels['le'], value]),
    ).toEqual([
      ['1', 1],
      ['2', 2],
      ['+Inf', 3],
    ])
    expect(samples.find(({ name }) => name === 'h_sum')?.value).toBe(7)
  })

  it('leaves out what it does not understand and reads the rest', () => {
    const text = 'a 1\n<html>\n{x="y"} 2\nb{c="d} 3\nc{d=e} 4\ne\nf one\ng 0x\nh{a="b" c="d"} 5\nz 2\n'
    expect(readPrometheusText(text).map(({ name }) => name)).toEqual(['a', 'z'])
  })

  it('never throws, and gives only what has a name and a number', () => {
    const noise = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.string({ unit: fc.constantFrom(...'ab{}",=\\# \n\t1.e+-InfNa_:') }),
    )
    fc.assert(
      fc.property(noise, (text) => {
        for (const { name, value } of readPrometheusText(text)) {
          expect(name).toMatch(/^[a-zA-Z_:]/)
          expect(typeof value).toBe('number')
        }
      }),
      { numRuns: 500 },
    )
  })
})
