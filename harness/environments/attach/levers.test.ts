import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, beforeEach, describe, expect, it } from 'vitest'
import type { Lever } from '../../core/attached.ts'
import type { HarnessError } from '../../core/errors.ts'
import { leversOf } from './levers.ts'

const folder = mkdtempSync(join(tmpdir(), 'doorbuster-levers-'))
const warnings: string[] = []
let interrupt = new AbortController()
beforeEach(() => {
  interrupt = new AbortController()
  rmSync(join(folder, 'done'), { force: true })
  warnings.length = 0
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const writes = (word: string) => ['sh', '-c', `echo ${word} >> ${join(folder, 'done')}`]
const done = () => readFileSync(join(folder, 'done'), 'utf8').trim().split('\n')
const lever = (id: Lever['id'], over: Partial<Lever> = {}): Lever => ({
  id,
  step: 2,
  apply: writes(`apply-${id}`),
  ready: null,
  undo: writes(`undo-${id}`),
  timeoutMs: 5000,
  ...over,
})
const up = lever('database.scale-up')
const out = lever('app.scale-out')
const opened = (...levers: Lever[]) =>
  leversOf(levers, {
    warn: (text) => void warnings.push(text),
    clean: (text) => text.replaceAll('geheim', '***'),
    interrupt: interrupt.signal,
  })

describe("the user's levers", () => {
  it('are pulled and undone one after the other, and whatever is left at the end', async () => {
    const levers = opened(up, out)
    await levers.moveTo([up])
    await levers.moveTo([out])
    await levers.undoAll()
    expect(done()).toEqual([
      'apply-database.scale-up',
      'undo-database.scale-up',
      'apply-app.scale-out',
      'undo-app.scale-out',
    ])
    expect(warnings).toEqual([])
  })

  it('wait until they are ready', async () => {
    const flag = join(folder, 'flag')
    const ready = lever('app.scale-out', {
      apply: ['sh', '-c', `(sleep 0.7; touch ${flag}) > /dev/null 2>&1 &`],
      ready: ['test', '-e', flag],
    })
    const levers = opened(ready)
    await levers.moveTo([ready])
    expect(() => readFileSync(flag)).not.toThrow()
    await levers.undoAll()
  })

  it('that fail show the end of their output on the screen only, and are undone: half of it may be done', async () => {
    const script = 'echo no such cluster; echo token geheim >&2; exit 3'
    const broken = lever('app.scale-out', { apply: ['sh', '-c', script] })
    const levers = opened(broken)
    await expect(levers.moveTo([broken])).rejects.toMatchObject({
      code: 'environment',
      message: expect.stringMatching(/ended with 3$/),
    })
    expect(warnings.join()).toMatch(/ended with 3; [\s\S]*no such cluster\ntoken \*\*\*$/)
    await levers.undoAll()
    expect(done()).toEqual(['undo-app.scale-out'])
  })

  it('that do not get ready keep what was printed out of the error as well', async () => {
    const ready = ['sh', '-c', 'echo waiting for postgres://shop:hunter2@db/x; exit 1']
    const slow = lever('app.scale-out', { ready, timeoutMs: 300 })
    const failure = opened(slow).moveTo([slow])
    await expect(failure).rejects.toThrow(/is not ready after 0.3 s: ended with 1$/)
    await failure.catch((error: HarnessError) =>
      expect(`${error.message} ${error.where} ${error.hint}`).not.toContain('hunter2'),
    )
    expect(warnings.join()).toContain('waiting for postgres')
  })

  it('that cannot be undone are told at once with the command to run by hand, and fail the run', async () => {
    const stuck = lever('app.scale-out', { undo: ['sh', '-c', 'exit 7'] })
    const levers = opened(up, stuck)
    await levers.moveTo([up, stuck])
    await expect(levers.undoAll()).rejects.toMatchObject({
      code: 'environment',
      where: expect.stringContaining('exit 7'),
    })
    expect(warnings[0]).toMatch(/could NOT be undone[\s\S]*By hand: sh -c 'exit 7'/)
    // The other one is undone all the same.
    expect(done()).toContain('undo-database.scale-up')
  })

  it('of an interrupted run say at once what is waited for, end applying, and are undone', async () => {
    const slow = lever('app.scale-out', {
      apply: ['sh', '-c', `sleep 0.5; echo applied >> ${join(folder, 'done')}`],
      ready: ['sleep', '60'],
    })
    const levers = opened(slow)
    const pulling = levers.moveTo([slow])
    interrupt.abort()
    expect(warnings).toEqual([
      expect.stringMatching(
        /^interrupted: waiting for the apply command of .* \(at most 5 s\), then undoing$/,
      ),
    ])
    await expect(pulling).rejects.toMatchObject({ code: 'interrupted' })
    await levers.undoAll()
    expect(done()).toEqual(['applied', 'undo-app.scale-out'])
    expect(warnings[1]).toMatch(/^undoing /)
  })

  it('of an interrupted run are not waited for until they are ready', async () => {
    const slow = lever('app.scale-out', { ready: ['sleep', '60'], timeoutMs: 60_000 })
    const levers = opened(slow)
    const pulling = levers.moveTo([slow])
    while (!existsSync(join(folder, 'done'))) await delay(20)
    await delay(100)
    const startMs = performance.now()
    interrupt.abort()
    await expect(pulling).rejects.toMatchObject({ code: 'interrupted' })
    expect(performance.now() - startMs).toBeLessThan(4000)
    await levers.undoAll()
    await expect(levers.moveTo([slow])).rejects.toMatchObject({ code: 'interrupted' })
  })

  it('end when they take longer than they may', async () => {
    const slow = lever('app.scale-out', { apply: ['sleep', '20'], timeoutMs: 300 })
    await expect(opened(slow).moveTo([slow])).rejects.toThrow(/not done after 0.3 s/)
  })
})
