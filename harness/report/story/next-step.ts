import { applyFixes } from '../../core/fixes/index.ts'
import type { HeaderLine } from '../../core/record.ts'
import type { Topology } from '../../core/topology.ts'
import type { Story } from './story.ts'

/** What to do after reading: a sentence and the exact command, without the program's name. */
export type NextStep = { readonly says: string; readonly command: string }

/** How every command starts in a checkout of this project. */
export const PROGRAM = 'npm run -s doorbuster --'

/** The one next step that serves the reader best. */
export function nextStepOf(story: Story): NextStep {
  const { result, header, winner, whatif } = story
  const withSame = (command: string, more: readonly string[] = []) => commandLine(command, header, more)
  const command = result.command === 'diagnose' ? 'rehearse' : result.command
  const again = withSame(command)
  const otherSeed = `--seed ${(header?.scenario.seed ?? 42) + 1}`
  if (result.command === 'watch' || header?.command === 'watch') {
    const { env = 'embedded', attach = [] } = header?.options ?? {}
    const file = env === 'embedded' ? [] : ['--env', env]
    return {
      says: 'Change one thing, and watch the same load again',
      command: ['watch', ...[...file, ...attach].map(shellWord), '-- <the same load>'].join(' '),
    }
  }
  if (!story.believable) return { says: 'Mend what the reasons name, then measure again', command: again }
  if (result.partial) return { says: 'Let it run to its end', command: again }
  if (result.quick) return { says: 'Run it at full length before deciding anything', command: again }
  if (story.tone === 'unsure' && result.command === 'rehearse') {
    return {
      says: 'Give it more time: more steps narrow the intervals',
      command: withSame('rehearse', ['--budget 10m']),
    }
  }
  const today = whatif?.baseline.topology ?? null
  if (winner?.survives && today) {
    const settings = changedSettings(today, applyFixes(today, winner.fixes), header?.machine.speed ?? 1)
    return {
      says: "Make the fix today's topology and rehearse it on another crowd",
      command: withSame('rehearse', [...settings, otherSeed]),
    }
  }
  if (result.command === 'rehearse') {
    return {
      says: 'See whether another crowd of the same size says the same',
      command: withSame('rehearse', [otherSeed]),
    }
  }
  return { says: 'Rehearse the whole surge, with fixes', command: withSame('rehearse') }
}

/** A command on the scenario, app and settings of a recorded run, and with `more` options, which win over them. */
export function commandLine(command: string, header: HeaderLine | null, more: readonly string[]): string {
  if (!header) return [command, '<scenario>', ...more].join(' ')
  const { env = 'embedded', set } = header.options
  const app = env === 'embedded' ? [] : [`--env ${shellWord(env)}`]
  const attach = (header.options.attach ?? []).map(shellWord)
  const pathOf = (setting: string) => setting.split('=', 1)[0]
  const changed = new Set(more.map((option) => pathOf(option.replace('--set ', ''))))
  const kept = set.filter((setting) => !changed.has(pathOf(setting)))
  const settings = kept.map((setting) => `--set ${shellWord(setting)}`)
  const fixes = command === 'whatif' ? (header.options.fixes ?? []).map((id) => `--fix ${id}`) : []
  return [
    command,
    shellWord(scenarioReference(header.scenario)),
    ...app,
    ...attach,
    ...settings,
    ...fixes,
    ...more,
  ].join(' ')
}

/** What a command calls a scenario: its name when it comes with Doorbuster, else the path of its module. */
function scenarioReference({ path }: { readonly path: string }): string {
  const own = /(?:^|[\\/])scenarios[\\/]((?:known[\\/])?[\w-]+)\.ts$/.exec(path)?.[1]?.replace('\\', '/')
  return own ?? path
}

/**
 * `--set` options that turn one topology into the other. They take reference cores, and a record's topology is in
 * cores of the machine it ran on, `speed` times as fast.
 */
function changedSettings(today: Topology, fixed: Topology, speed: number): readonly string[] {
  const settings: string[] = []
  for (const part of ['balancer', 'app', 'pooler', 'database', 'cache'] as const) {
    const before: Readonly<Record<string, unknown>> = today[part]
    for (const [name, value] of leavesOf(fixed[part])) {
      if (value === new Map(leavesOf(before)).get(name)) continue
      const inReference = name === 'cpu' && typeof value === 'number' ? value * speed : value
      settings.push(`--set topology.${part}.${name}=${figure(inReference)}`)
    }
  }
  return settings
}

/** What `--set` can give a value of its own: lists as a whole, maps entry by entry. */
function leavesOf(part: Readonly<Record<string, unknown>>): readonly (readonly [string, number | string])[] {
  return Object.entries(part).flatMap(([name, value]): (readonly [string, number | string])[] => {
    if (typeof value === 'number' || typeof value === 'string') return [[name, value]]
    if (typeof value === 'boolean') return [[name, String(value)]]
    if (Array.isArray(value)) return [[name, value.join(',')]]
    if (typeof value !== 'object' || value === null) return []
    return leavesOf(value as Readonly<Record<string, unknown>>).map(
      ([key, entry]) => [`${name}.${key}`, entry] as const,
    )
  })
}

/** 0.2 × 3 is 0.6, not 0.6000000000000001. */
function figure(value: number | string): string {
  return typeof value === 'number'
    ? String(Number.isInteger(value) ? value : Number(value.toPrecision(3)))
    : shellWord(value)
}

/** As one word of a command line. */
function shellWord(word: string): string {
  return /^[\w./@:=,-]*$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`
}
