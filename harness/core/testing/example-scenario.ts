import type { ScenarioSpec } from '../input/scenario-spec.ts'

/** A small scenario with nothing wrong, for tests to spoil one thing at a time. */
export function exampleScenario(): ScenarioSpec {
  return {
    name: 'example',
    question: 'Does it hold?',
    traffic: { kind: 'doors-open', normal: '5/s', peak: '12x', lasts: '45s' },
    data: { product: { from: 1, to: 100 } },
    shoppers: [{ name: 'browser', weight: 1, thinkTime: '0.3s..2s', steps: async () => {} }],
    patience: { timeout: '3s', reloads: 1 },
    slo: { all: { p95: '< 300ms', errors: '< 1%' }, 'POST /checkout': { p95: '< 800ms' } },
    seed: 42,
  }
}
