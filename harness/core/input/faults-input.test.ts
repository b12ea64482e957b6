import { expect, test } from 'vitest'
import { faultSays } from '../faults/index.ts'
import { readScenario } from '../scenario-input.ts'
import { exampleScenario } from '../testing/example-scenario.ts'
import { faultsOf } from './faults-input.ts'

test('no faults are the default', () => {
  expect(faultsOf(undefined)).toEqual({ faults: [], problems: [] })
  expect(faultsOf([])).toEqual({ faults: [], problems: [] })
})

test('every kind is read, and told in words', () => {
  const { faults, problems } = faultsOf([
    { at: '60%', kill: 'app-2' },
    { at: '12s', kill: 'database', for: '5s' },
    { at: '0s', pause: 'redis', for: '1.5s' },
    { at: '50 %', restart: 'balancer' },
    { at: '1min', slow: 'app-1', to: '20%', for: '5s' },
    { at: '10%', pauseReplay: 'replica-1', for: '3s' },
    { at: '10%', delay: 'database', by: '20ms' },
    { at: '10%', drop: 'database', share: '12.5%', for: '3s' },
    { at: '10%', drop: 'database' },
    { at: '10%', fillConnections: 'database', leaving: 2 },
    { at: '10%', fillConnections: 'database', for: '500ms' },
  ])
  expect(problems).toEqual([])
  expect(faults.slice(0, 3)).toEqual([
    { at: { kind: 'share', share: 0.6 }, forSec: null, act: { kind: 'kill', target: 'app-2' } },
    { at: { kind: 'after', sec: 12 }, forSec: 5, act: { kind: 'kill', target: 'database' } },
    { at: { kind: 'after', sec: 0 }, forSec: 1.5, act: { kind: 'pause', target: 'redis' } },
  ])
  expect(faults.map(({ act }) => faultSays(act))).toEqual([
    'app-2 was killed',
    'database was killed',
    'redis stood still',
    'balancer was restarted',
    'app-1 was slowed to 20 % of its CPU',
    'replica-1 no longer followed the primary',
    'answers of database came 20 ms later',
    '12.5 % of the connections to database were broken',
    'all connections to database were broken',
    'connections to database were taken by others, all but 2',
    'connections to database were taken by others, all of them',
  ])
})

test.each<[string, unknown, string]>([
  ['no fault', 'kill app-2', 'faults[0]'],
  ['nothing to do', { at: '60%' }, 'faults[0]'],
  ['two things at once', { at: '60%', kill: 'app-1', pause: 'app-1', for: '1s' }, 'faults[0]'],
  ['no moment', { kill: 'app-2' }, 'faults[0].at'],
  ['a moment that never comes', { at: '100%', kill: 'app-2' }, 'faults[0].at'],
  ['a moment as a number', { at: 12, kill: 'app-2' }, 'faults[0].at'],
  ['no component', { at: '60%', kill: 'app' }, 'faults[0].kill'],
  ['app-0', { at: '60%', kill: 'app-0' }, 'faults[0].kill'],
  ['a pause without an end', { at: '60%', pause: 'database' }, 'faults[0].for'],
  ['too short', { at: '60%', pause: 'database', for: '50ms' }, 'faults[0].for'],
  ['a restart with a length', { at: '60%', restart: 'database', for: '5s' }, 'faults[0].for'],
  ['no share to slow to', { at: '60%', slow: 'app-1' }, 'faults[0].to'],
  ['cores to slow to', { at: '60%', slow: 'app-1', to: 0.1 }, 'faults[0].to'],
  ['all of its CPU', { at: '60%', slow: 'app-1', to: '100%' }, 'faults[0].to'],
  ['replay of the primary', { at: '60%', pauseReplay: 'database' }, 'faults[0].pauseReplay'],
  ['a delay of nobody', { at: '60%', delay: 'app-1', by: '20ms' }, 'faults[0].delay'],
  ['a delay of an hour', { at: '60%', delay: 'database', by: '1h' }, 'faults[0].by'],
  ['no connection to drop', { at: '60%', drop: 'database', share: '0%' }, 'faults[0].share'],
  ['half a connection', { at: '60%', fillConnections: 'database', leaving: 0.5 }, 'faults[0].leaving'],
  ['a misspelt key', { at: '60%', kill: 'app-2', fro: '5s' }, 'faults[0].fro'],
])('%s is refused', (_, written, path) => {
  const { problems } = faultsOf([written])
  expect(problems.map((problem) => problem.path)).toEqual([path])
})

test('all problems of all faults at once, with those of the rest of the scenario', () => {
  const reading = readScenario({
    ...exampleScenario(),
    question: '',
    faults: [{ at: '60%', kil: 'app-2' }, { at: '10%', pause: 'app-1', for: '1s' }, { kill: 'shop' }],
  })
  expect(reading.ok ? [] : reading.problems.map(({ path }) => path)).toEqual([
    'question',
    'faults[0]',
    'faults[2].at',
    'faults[2].kill',
  ])
})

/** Problems of these faults in the example, which lasts 45 s, and 22.5 s with --quick. */
function timeProblems(faults: readonly object[]): readonly string[] {
  const reading = readScenario({ ...exampleScenario(), faults })
  return reading.ok ? [] : reading.problems.map(({ path, expected }) => `${path}: ${expected}`)
}

test('a fault must begin within the surge, also within the quick one', () => {
  const kill = { kill: 'app-2' }
  expect(timeProblems([{ at: '99%', ...kill }])).toEqual([])
  expect(timeProblems([{ at: '45s', ...kill }])).toEqual([
    expect.stringMatching(/^faults\[0\]\.at: .*\(traffic\)/),
  ])
  expect(timeProblems([{ at: '30s', ...kill }])).toEqual([
    expect.stringMatching(/^faults\[0\]\.at: .*\(quick\)/),
  ])
})

test('the same cannot be done twice at a time; afterwards, to another, or something else it can', () => {
  const at = (at: string, rest: object = {}) => ({ at, pause: 'database', for: '4s', ...rest })
  expect(timeProblems([at('10%'), at('12%')])).toEqual([expect.stringMatching(/^faults\[1\]: .*faults\[0\]/)])
  expect(timeProblems([at('10%'), at('60%'), at('12%', { pause: 'app-1' })])).toEqual([])
  expect(
    timeProblems([
      { at: '10%', kill: 'app-1' },
      { at: '60%', kill: 'app-1' },
    ]),
  ).toHaveLength(1)
  expect(
    timeProblems([
      { at: '10%', restart: 'app-1' },
      { at: '60%', restart: 'app-1' },
    ]),
  ).toEqual([])
})
