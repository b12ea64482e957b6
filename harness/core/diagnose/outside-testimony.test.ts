import { describe, expect, it } from 'vitest'
import type { AttachedLine } from '../record.ts'
import type { RunData } from '../run-data.ts'
import { surgeAtLimit } from '../testing/surge-at-limit.ts'
import { diagnose } from './diagnose.ts'

const ATTACHED: AttachedLine = {
  kind: 'attached',
  atUs: 0,
  target: 'http://staging',
  onThisMachine: false,
  databaseCores: 2,
  missing: [],
  levers: [],
  ddl: false,
}

/** Of a system that is not ours: its database's sessions, and the load generator. */
function seenFromOutside(run: RunData, attached: Partial<AttachedLine> = {}): RunData {
  return {
    ...run,
    attached: { ...ATTACHED, ...attached },
    series: run.series.filter(
      ({ probe }) => probe === 'database' || probe === 'generator' || probe === 'host',
    ),
  }
}

describe('a database of a system that is not ours', () => {
  it('is named when shoppers suffer while more sessions want its CPU than it has cores', () => {
    const { bottleneck } = diagnose(seenFromOutside(surgeAtLimit({ onCpu: 4, slow: true })))
    expect(bottleneck).toMatchObject({ class: 'database-cpu', confidence: 'likely' })
    const layers = bottleneck.evidence.filter(({ supports }) => supports).map(({ layer }) => layer)
    expect(new Set(layers)).toEqual(new Set(['database', 'shopper']))
  })

  it('is not named when shoppers get what they were promised', () => {
    expect(diagnose(seenFromOutside(surgeAtLimit({ onCpu: 4, slow: false }))).bottleneck.class).toBe('none')
  })

  it('is not named when it has cores to spare', () => {
    const spacious = seenFromOutside(surgeAtLimit({ onCpu: 4, slow: true }), { databaseCores: 16 })
    expect(diagnose(spacious).bottleneck.class).toBe('none')
  })

  it('is not ruled out where nobody says how they are served: that is not judged', () => {
    const seen = seenFromOutside(surgeAtLimit({ onCpu: 4, slow: true }))
    const unheard = { ...seen, segments: seen.segments.map((segment) => ({ ...segment, slots: [] })) }
    const { bottleneck, ruledOut } = diagnose(unheard)
    expect(bottleneck.class).toBe('none')
    expect(ruledOut.find((one) => one.class === 'database-cpu')).toMatchObject({ judged: false })
  })

  it('says the same whatever the target and the levers are called', () => {
    const run = surgeAtLimit({ onCpu: 4, slow: true })
    const told = seenFromOutside(run, {
      target: 'http://missing-index.example',
      levers: [{ id: 'app.scale-out', step: 9, label: 'app-cpu' }],
    })
    expect(diagnose(told)).toEqual(diagnose(seenFromOutside(run)))
  })
})
