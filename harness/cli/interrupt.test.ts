import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'

const from = (path: string) => JSON.stringify(fileURLToPath(new URL(path, import.meta.url)))

/** Pulls one lever; once interrupted it undoes it for two seconds. */
const PULLING = `
import { interruptSignal } from ${from('./interrupt.ts')}
import { leversOf } from ${from('../environments/attach/levers.ts')}
const warn = (text) => process.stderr.write(text + '\\n')
const interrupt = interruptSignal()
const command = (text) => ['sh', '-c', text]
const lever = { id: 'app.scale-out', step: 2, apply: command('true'), ready: null, undo: command('sleep 2'), timeoutMs: 5000 }
const levers = leversOf([lever], { warn, clean: (text) => text, interrupt })
await levers.moveTo([lever])
interrupt.addEventListener('abort', () => void levers.undoAll())
process.stderr.write('pulled\\n')
setInterval(() => {}, 1000)
`

it('a second Ctrl-C says what is left behind, and nothing that is not so', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'doorbuster-interrupt-'))
  const file = join(folder, 'pulling.mts')
  writeFileSync(file, PULLING)
  const root = fileURLToPath(new URL('../..', import.meta.url))
  const child = spawn(process.execPath, ['--import', 'tsx', file], {
    cwd: root,
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  try {
    let said = ''
    child.stderr.on('data', (text: Buffer) => {
      said += text.toString('utf8')
    })
    const until = async (text: string) => {
      while (!said.includes(text)) {
        if (child.exitCode !== null) throw new Error(said)
        await new Promise((resolve) => setTimeout(resolve, 20))
      }
    }
    await until('pulled')
    child.kill('SIGINT')
    await until('undoing ')
    await new Promise((resolve) => setTimeout(resolve, 400))
    const ended = new Promise((resolve) => child.once('close', resolve))
    child.kill('SIGINT')
    expect(await ended).toBe(130)
    expect(said).toContain('what Doorbuster started is taken down')
    expect(said).not.toContain('everything')
    expect(said).toMatch(/was being undone, and nobody saw whether that was done. By hand: sh -c 'sleep 2'/)
  } finally {
    child.kill('SIGKILL')
    rmSync(folder, { recursive: true, force: true })
  }
}, 30_000)
