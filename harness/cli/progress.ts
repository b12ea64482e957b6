import { createLogUpdate } from 'log-update'
import pc from 'picocolors'

/**
 * What people see while a command runs, on standard error: finished phases as lines that stay, the running one with
 * live figures below. On a terminal the live part is redrawn; elsewhere each phase is one line.
 */
export type Progress = {
  /** Begins a phase; `aboutSec` feeds the estimate of the time left (`null`: unknown). */
  phase(text: string, aboutSec: number | null): void
  /** Live figures of the running phase. */
  live(text: string): void
  /** A line that stays. */
  say(text: string): void
  /** Seconds the whole command is expected to take from now on. */
  expect(leftSec: number): void
  /** Takes the live part off the screen; the running phase ends as done, or as failed. */
  stop(failed?: boolean): void
}

export type ProgressOptions = {
  readonly stream: NodeJS.WriteStream
  readonly quiet: boolean
  readonly startedAtMs: number
  readonly title: string
}

export function createProgress({ stream, quiet, startedAtMs, title }: ProgressOptions): Progress {
  if (quiet) return { phase() {}, live() {}, say() {}, expect() {}, stop() {} }
  return stream.isTTY ? redrawn(stream, startedAtMs, title) : lineByLine(stream, startedAtMs)
}

function lineByLine(stream: NodeJS.WriteStream, startedAtMs: number): Progress {
  const write = (text: string) => stream.write(`${clockText(Date.now() - startedAtMs)}  ${text}\n`)
  return {
    phase: (text, aboutSec) => write(aboutSec === null ? text : `${text} (about ${Math.round(aboutSec)} s)`),
    live() {},
    say: write,
    expect() {},
    stop() {},
  }
}

const FRAMES = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏']
const REDRAW_MS = 250

function redrawn(stream: NodeJS.WriteStream, startedAtMs: number, title: string): Progress {
  const log = createLogUpdate(stream, { showCursor: false })
  let phase: { readonly text: string; readonly begunMs: number; readonly aboutSec: number | null } | null =
    null
  let figures = ''
  let endMs: number | null = null
  let frame = 0

  const draw = () => {
    frame += 1
    const now = Date.now()
    const left = endMs === null ? '' : pc.dim(` · about ${clockText(Math.max(0, endMs - now))} left`)
    const lines = [`${pc.bold(title)}  ${clockText(now - startedAtMs)}${left}`]
    if (phase) {
      const within =
        phase.aboutSec === null
          ? ''
          : pc.dim(`  ${Math.round((now - phase.begunMs) / 1000)} of about ${Math.round(phase.aboutSec)} s`)
      lines.push(`${pc.cyan(FRAMES[frame % FRAMES.length]!)} ${phase.text}${within}`)
      if (figures) lines.push(...figures.split('\n').map((line) => `  ${pc.dim(line)}`))
    }
    log(lines.join('\n'))
  }
  const timer = setInterval(draw, REDRAW_MS)
  timer.unref()

  const keep = (text: string) => {
    log.clear()
    stream.write(`${text}\n`)
    draw()
  }
  const close = (failed = false) => {
    if (!phase) return
    const tookSec = (Date.now() - phase.begunMs) / 1000
    const text = `${failed ? pc.red('✗') : pc.green('✓')} ${phase.text} ${pc.dim(`${tookSec.toFixed(tookSec < 10 ? 1 : 0)} s`)}`
    phase = null
    figures = ''
    keep(text)
  }
  return {
    phase(text, aboutSec) {
      close()
      phase = { text, begunMs: Date.now(), aboutSec }
      draw()
    },
    live(text) {
      figures = text
    },
    say: keep,
    expect(leftSec) {
      endMs = Date.now() + leftSec * 1000
    },
    stop(failed) {
      clearInterval(timer)
      close(failed)
      log.clear()
      log.done()
    },
  }
}

/** 1:07, 0:03. */
function clockText(ms: number): string {
  const seconds = Math.floor(ms / 1000)
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`
}
