import { setTimeout as delay } from 'node:timers/promises'
import type { Lever } from '../../core/attached.ts'
import { HarnessError } from '../../core/errors.ts'
import { armLabel, type FixStep } from '../../core/fixes/index.ts'
import { type CommandEnd, commandText, runCommand } from './run-command.ts'

/** The user's own commands as fixes. */
export type Levers = {
  can(fixes: readonly FixStep[]): true | string
  /** Undoes what is pulled and not wanted, newest first, then pulls what is missing and waits until it is ready. */
  moveTo(fixes: readonly FixStep[]): Promise<void>
  /** Undoes everything, whatever has failed before; rejects when something could not be undone. */
  undoAll(): Promise<void>
}

const READY_POLL_MS = 500
const READY_ANSWER_MS = 5000
/** An apply command that is cut off leaves more behind than one that ends: after Ctrl-C it has this long. */
const INTERRUPTED_APPLY_MS = 30_000

export type LeverTalk = {
  /**
   * Told at once and on the screen only: what could not be undone, and the last output of commands. That is another
   * program's, and may hold what no file of ours should.
   */
  readonly warn: (text: string) => void
  /** Takes out of an output what is known to be secret. */
  readonly clean: (text: string) => string
  /** Aborted by Ctrl-C: nothing more is pulled or waited for, and what was begun is undone. */
  readonly interrupt: AbortSignal
}

/** Errors say how a command ended, and never what it printed: they are kept in files. */
export function leversOf(levers: readonly Lever[], talk: LeverTalk): Levers {
  const warn = (text: string) => talk.warn(talk.clean(text))
  /** Also those whose `apply` failed: it may have done half of it. */
  const pulled: Lever[] = []
  const leaving = new AbortController()
  const stopped = AbortSignal.any([leaving.signal, talk.interrupt])
  let undoing: Lever | null = null
  const find = ({ id, step }: FixStep): Lever | undefined =>
    levers.find((lever) => lever.id === id && lever.step === step)

  // A process that leaves at once (a second Ctrl-C) can still say what it leaves behind.
  process.on('exit', tellWhatIsLeft)
  function tellWhatIsLeft(): void {
    for (const lever of pulled.toReversed()) {
      const left =
        lever === undoing ? 'was being undone, and nobody saw whether that was done' : 'was NOT undone'
      warn(`${armLabel([lever])} ${left}. By hand: ${commandText(lever.undo)}`)
    }
  }

  /** Runs a command to its end, and says at once what an interrupt has to wait for. */
  async function run(lever: Lever, what: 'apply' | 'undo'): Promise<CommandEnd> {
    const enough = new AbortController()
    let timer: NodeJS.Timeout | undefined
    const onInterrupt = () => {
      const mostMs = what === 'apply' ? Math.min(INTERRUPTED_APPLY_MS, lever.timeoutMs) : lever.timeoutMs
      warn(
        `interrupted: waiting for the ${what} command of ${armLabel([lever])} (at most ${mostMs / 1000} s)${what === 'apply' ? ', then undoing' : ''}`,
      )
      if (what === 'apply') timer = setTimeout(() => enough.abort(), mostMs)
    }
    if (talk.interrupt.aborted) warn(`undoing ${armLabel([lever])} (at most ${lever.timeoutMs / 1000} s)`)
    else talk.interrupt.addEventListener('abort', onInterrupt, { once: true })
    const end = await runCommand(
      lever[what],
      lever.timeoutMs,
      what === 'apply' ? AbortSignal.any([leaving.signal, enough.signal]) : undefined,
    )
    clearTimeout(timer)
    talk.interrupt.removeEventListener('abort', onInterrupt)
    return end
  }

  async function pull(lever: Lever): Promise<void> {
    if (stopped.aborted) throw interruptedPull()
    pulled.push(lever)
    const applied = await run(lever, 'apply')
    if (talk.interrupt.aborted) throw interruptedPull()
    if (!applied.ok) {
      warn(outputOf(`the apply command of ${armLabel([lever])} ${applied.why}`, applied.lastLines))
      throw failed(lever, 'apply', lever.apply, applied)
    }
    if (lever.ready !== null) await untilReady(lever, lever.ready, stopped, warn)
  }

  async function undo(lever: Lever): Promise<boolean> {
    undoing = lever
    const undone = await run(lever, 'undo')
    undoing = null
    if (undone.ok) {
      pulled.splice(pulled.lastIndexOf(lever), 1)
      return true
    }
    warn(
      `${armLabel([lever])} could NOT be undone (${undone.why}). By hand: ${commandText(lever.undo)}${undone.lastLines === '' ? '' : `\n${undone.lastLines}`}`,
    )
    return false
  }

  return {
    can(fixes) {
      const unknown = fixes.find((fix) => !find(fix))
      return unknown ? `there is no lever for ${armLabel([unknown])}` : true
    },
    async moveTo(fixes) {
      const wanted = fixes.flatMap((fix) => find(fix) ?? [])
      for (const lever of pulled.toReversed())
        if (!wanted.includes(lever) && !(await undo(lever)))
          throw new HarnessError({
            code: 'environment',
            message: `${armLabel([lever])} could not be undone: what comes after it would not be measured on today's system`,
            where: commandText(lever.undo),
            hint: 'Mend the undo command of that lever, and undo it by hand.',
          })
      for (const lever of wanted) if (!pulled.includes(lever)) await pull(lever)
    },
    async undoAll() {
      leaving.abort()
      const left: Lever[] = []
      for (const lever of pulled.toReversed()) if (!(await undo(lever))) left.push(lever)
      // Said already.
      process.off('exit', tellWhatIsLeft)
      if (left.length === 0) return
      throw new HarnessError({
        code: 'environment',
        message: `${left.map((lever) => armLabel([lever])).join(', ')} could not be undone: your system is not as it was`,
        where: left.map(({ undo }) => commandText(undo)).join(' && '),
        hint: 'Run that by hand now.',
      })
    },
  }
}

/** Polls until the URL answers 200, or the command ends with 0. */
async function untilReady(
  lever: Lever,
  ready: string | readonly string[],
  signal: AbortSignal,
  warn: (text: string) => void,
): Promise<void> {
  const until = performance.now() + lever.timeoutMs
  let last = 'nothing was asked'
  let lastLines = ''
  while (performance.now() < until && !signal.aborted) {
    if (typeof ready === 'string') {
      const answer = await fetch(ready, {
        signal: AbortSignal.any([signal, AbortSignal.timeout(READY_ANSWER_MS)]),
      }).catch((error: Error) => error)
      if (!(answer instanceof Error)) await answer.body?.cancel()
      if (!(answer instanceof Error) && answer.status === 200) return
      last = answer instanceof Error ? answer.message : `answers ${answer.status}`
    } else {
      const end = await runCommand(ready, READY_ANSWER_MS, signal)
      if (end.ok) return
      last = end.why
      lastLines = end.lastLines
    }
    await delay(READY_POLL_MS, undefined, { signal }).catch(() => {})
  }
  if (signal.aborted) throw interruptedPull()
  warn(outputOf(`${armLabel([lever])} is not ready: ${last}`, lastLines))
  throw new HarnessError({
    code: 'environment',
    message: `${armLabel([lever])} is not ready after ${lever.timeoutMs / 1000} s: ${last}`,
    where: typeof ready === 'string' ? ready : commandText(ready),
    hint: 'Give the lever a longer timeout, or mend what tells that it is ready.',
  })
}

function interruptedPull(): HarnessError {
  return new HarnessError({ code: 'interrupted', message: 'interrupted while a lever was pulled' })
}

function outputOf(what: string, lastLines: string): string {
  return lastLines === '' ? what : `${what}; the end of its output:\n${lastLines}`
}

function failed(
  lever: Lever,
  what: string,
  command: readonly string[],
  { why }: { readonly why: string },
): HarnessError {
  return new HarnessError({
    code: 'environment',
    message: `the ${what} command of ${armLabel([lever])} ${why}`,
    where: commandText(command),
    hint: 'The end of its output is on the screen, and kept nowhere. Run it by hand to see why; it was run without a shell.',
  })
}
