import { applyFixes } from '../../core/fixes.ts'
import type { Topology } from '../../core/topology.ts'
import type { Story } from './story.ts'

/** What to do after reading: a sentence and the exact command, without the program's name. */
export type NextStep = { readonly says: string; readonly command: string }

/** How every command starts in a checkout of this project. */
export const PROGRAM = 'npm run -s doorbuster --'

/** The one next step that serves the reader best. */
export function nextStepOf(story: Story): NextStep {
  const { result, header, winner, whatif } = story
  const scenario = header ? shellWord(header.scenario.name) : '<scenario>'
  const again = `${result.command === 'diagnose' ? 'rehearse' : result.command} ${scenario}`
  const otherSeed = `--seed ${(header?.scenario.seed ?? 42) + 1}`
  if (!story.believable) return { says: 'Mend what the reasons name, then measure again', command: again }
  if (result.partial) return { says: 'Let it run to its end', command: again }
  if (result.quick) return { says: 'Run it at full length before deciding anything', command: again }
  if (story.tone === 'unsure' && result.command === 'rehearse') {
    return { says: 'Give it more time: more steps narrow the intervals', command: `${again} --budget 10m` }
  }
  const today = whatif?.baseline.topology ?? null
  if (winner?.survives && today) {
    const settings = changedSettings(today, applyFixes(today, winner.fixes), header?.machine.speed ?? 1)
    return {
      says: "Make the fix today's topology and rehearse it on another crowd",
      command: ['rehearse', scenario, ...settings, otherSeed].join(' '),
    }
  }
  if (result.command === 'rehearse') {
    return {
      says: 'See whether another crowd of the same size says the same',
      command: `${again} ${otherSeed}`,
    }
  }
  return { says: 'Rehearse the whole surge, with fixes', command: `rehearse ${scenario}` }
}

/**
 * `--set` options that turn one topology into the other. They take reference cores, and a record's topology is in
 * cores of the machine it ran on, `speed` times as fast.
 */
function changedSettings(today: Topology, fixed: Topology, speed: number): readonly string[] {
  const settings: string[] = []
  for (const part of ['balancer', 'app', 'database'] as const) {
    const before: Readonly<Record<string, unknown>> = today[part]
    for (const [name, value] of Object.entries(fixed[part])) {
      const plain = typeof value === 'number' || typeof value === 'string'
      if (!plain || value === before[name]) continue
      const inReference = name === 'cpu' && typeof value === 'number' ? value * speed : value
      settings.push(`--set topology.${part}.${name}=${figure(inReference)}`)
    }
  }
  return settings
}

/** 0.2 × 3 is 0.6, not 0.6000000000000001. */
function figure(value: number | string): string {
  return typeof value === 'number'
    ? String(Number.isInteger(value) ? value : Number(value.toPrecision(3)))
    : shellWord(value)
}

/** As one word of a command line. */
export function shellWord(word: string): string {
  return /^[\w./@:=-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`
}
