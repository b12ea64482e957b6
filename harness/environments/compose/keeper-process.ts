import { coreSpeedReader } from '../../calibrate.ts'
import { Pace } from '../pace.ts'
import { readProject } from './project.ts'
import { takeDown } from './take-down.ts'

/**
 * The keeper of a project: a process of its own session that takes everything down when told to, or when its line to the
 * harness closes, however the harness died. Beside, it follows how fast this machine's cores are.
 * Argument: the run's folder.
 */
export type ToKeeper = { readonly kind: 'down' } | { readonly kind: 'follow'; readonly coreSpeed: number }
export type FromKeeper =
  | { readonly kind: 'speed'; readonly speed: number }
  | { readonly kind: 'gone' }
  | { readonly kind: 'failed'; readonly message: string }

/** How often the speed of a core is read (a reading costs about 0.2 ms), and told. */
const READ_EVERY_MS = 10
const TELL_EVERY_READINGS = 20
/** Longest time after which a request that a killed Compose left with the engine shows. */
const QUIET_AFTER_DEATH_MS = 3000
const QUIET_MS = 300

const project = process.argv[2] ? readProject(process.argv[2]) : null
if (!project || !process.send) {
  process.stderr.write('the keeper is started by the harness, with a run folder\n')
  process.exit(2)
}

const tell = (message: FromKeeper): void => {
  if (process.connected) process.send?.(message, undefined, undefined, () => {})
}

let ending = false
const end = (quietMs: number): void => {
  if (ending) return
  ending = true
  clearInterval(following)
  takeDown(project, quietMs).then(
    () => {
      tell({ kind: 'gone' })
      setTimeout(() => process.exit(0), 20)
    },
    (error: unknown) => {
      tell({ kind: 'failed', message: error instanceof Error ? error.message : String(error) })
      setTimeout(() => process.exit(1), 20)
    },
  )
}

let following: NodeJS.Timeout | undefined
const follow = (coreSpeed: number): void => {
  if (following || ending) return
  const pace = new Pace(coreSpeed, coreSpeedReader())
  let readings = 0
  following = setInterval(() => {
    pace.observe()
    if (++readings % TELL_EVERY_READINGS === 0) tell({ kind: 'speed', speed: pace.speed })
  }, READ_EVERY_MS)
}

process.on('message', (message: ToKeeper) => {
  if (message.kind === 'down') end(QUIET_MS)
  else follow(message.coreSpeed)
})
process.on('disconnect', () => end(QUIET_AFTER_DEATH_MS))
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
  process.on(signal, () => end(QUIET_AFTER_DEATH_MS))
// The harness may have died before this line was reached.
if (!process.connected) end(QUIET_AFTER_DEATH_MS)
