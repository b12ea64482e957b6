import { describe, expect, it } from 'vitest'
import type { BottleneckClass } from '../bottleneck.ts'
import { type Shape, surgeAtLimit } from '../testing/surge-at-limit.ts'
import { diagnose } from './diagnose.ts'
import { diagnosisWindows } from './windows.ts'

const found = (shape: Shape, refuted: readonly BottleneckClass[] = []) => {
  const run = surgeAtLimit(shape)
  return diagnose(run, diagnosisWindows(run, { firstSignSec: 5, onsetSec: 10 }, []), new Set(refuted))
    .bottleneck
}

describe('no bottleneck', () => {
  it('is not said to be at no limit where a CPU is', () => {
    const { class: name, says, evidence } = found({ database: 0.94 }, ['database-cpu'])
    expect(name).toBe('none')
    expect(evidence.map((one) => one.says)).toContainEqual(expect.stringContaining('at its limit'))
    expect(says).toMatch(/^database CPU was at its limit \(94 %\), and every objective held all the same/)
  })

  it('says how busy the busiest CPU was where none is', () => {
    expect(found({ database: 0.6 }).says).toMatch(/^nothing was at its limit: the busiest CPU was 60 % used/)
  })

  it('was not seen where objectives broke and nothing was busy', () => {
    expect(found({ database: 0.3, slow: true }).says).toMatch(/the cause was not seen/)
  })
})
