import { describe, expect, it } from 'vitest'
import { makeRehearsal } from '../testing/make-rehearsal.ts'
import { fixRows } from './fix-rows.ts'
import { incidentMoments, incidentSentence } from './moments.ts'
import { nextStepOf } from './next-step.ts'
import { actionSentence, capacitySentence, causeSentence } from './sentences.ts'
import { noSignOffBecause, signOffCommand } from './sign-off.ts'
import { toStory } from './story.ts'
import { trustOf } from './trust.ts'

const tell = (kind: Parameters<typeof makeRehearsal>[0]) => {
  const { result } = makeRehearsal(kind)
  return toStory(result, result.header)
}

describe('a story', () => {
  it('holds nothing of a measurement that is not to be believed', () => {
    expect(tell('invalid')).toMatchObject({
      tone: 'void',
      capacity: null,
      covers: null,
      incident: null,
      impact: null,
      bottleneck: null,
      whatif: null,
      winner: null,
      searches: [],
    })
  })

  it('tells an interrupted run as far as it went', () => {
    const story = tell('partial')
    expect(story.believable).toBe(true)
    expect(story.bottleneck?.class).toBe('database-cpu')
    expect(trustOf(story).sound).toBe(false)
    expect(noSignOffBecause(story)).toMatch(/PARTIAL/)
  })

  it('does not claim headroom when the interval straddles the peak', () => {
    expect(capacitySentence(tell('inconclusive'))).toBe(
      'capacity 60 shoppers/s (52–71) may or may not reach the peak of 60',
    )
  })

  it('says the name of the cause once', () => {
    expect(causeSentence(tell('does-not-hold').bottleneck!)).toBe(
      'database CPU, confirmed: 98 % of 0.20 cores, 61 % of it "best sellers"',
    )
    expect(causeSentence({ ...tell('does-not-hold').bottleneck!, says: 'database CPU' })).toBe(
      'database CPU, confirmed',
    )
  })

  it('knows the winner by its fixes, and calls the pair of lone fixes "both"', () => {
    const rows = fixRows(tell('does-not-hold'))
    expect(rows.map(({ wins }) => wins)).toEqual([false, false, true])
    expect(rows[2]!.shortName).toBe('both')
  })

  it('recommends nothing that did not survive its replay', () => {
    const { result } = makeRehearsal('does-not-hold')
    const winner = { ...result.winner!, survives: false }
    expect(actionSentence(toStory({ ...result, winner }, result.header))).toMatch(
      /did not survive the replay/,
    )
    expect(nextStepOf(toStory({ ...result, winner }, result.header)).command).not.toContain('--set')
  })

  it('gives the fix as settings in reference cores, whatever machine measured it', () => {
    const { result } = makeRehearsal('does-not-hold')
    const header = { ...result.header, machine: { ...result.header.machine, speed: 2 } }
    const { command } = nextStepOf(toStory(result, header))
    expect(command).toContain('--set topology.database.cpu=1.2')
    expect(command).toContain('--set topology.app.instances=2')
  })

  it('asks for more replays before somebody signs, with the settings of this run', () => {
    const { result } = makeRehearsal('does-not-hold')
    const of = (replays: number, set: readonly string[] = []) => {
      const winner = { ...result.winner!, survives: true, replays: { held: replays, of: replays } }
      const header = { ...result.header, options: { ...result.header.options, set } }
      return signOffCommand(toStory({ ...result, winner }, header))
    }
    expect(of(1)).toBe('rehearse black-friday --repeat 3')
    expect(of(1, ['topology.app.cpu=0.2', 'traffic.peak=$(x)'])).toBe(
      "rehearse black-friday --set topology.app.cpu=0.2 --set 'traffic.peak=$(x)' --repeat 3",
    )
    expect(of(3)).toBeNull()
    expect(signOffCommand(tell('holds'))).toBeNull()
    expect(signOffCommand(tell('invalid'))).toBeNull()
  })

  it('names what was rehearsed: a module by its path, the app, the settings that no fix replaces', () => {
    const { result } = makeRehearsal('does-not-hold')
    const header = {
      ...result.header,
      scenario: { ...result.header.scenario, path: '/home/me/my sale.mts' },
      options: {
        ...result.header.options,
        env: './shop.ts',
        set: ['topology.app.cpu=0.2', 'topology.app.instances=1'],
      },
    }
    const { command } = nextStepOf(toStory(result, header))
    expect(command).toContain("rehearse '/home/me/my sale.mts' --env ./shop.ts --set topology.app.cpu=0.2")
    expect(command.match(/app\.instances=\d/g)).toEqual(['app.instances=2'])
  })

  it('quotes a scenario whose name a shell would read', () => {
    const { result } = makeRehearsal('holds')
    const header = { ...result.header, scenario: { ...result.header.scenario, path: "a'b; rm -rf ." } }
    expect(nextStepOf(toStory(result, header)).command).toContain("rehearse 'a'\\''b; rm -rf .'")
  })

  it('tells four moments, with words for those that did not happen', () => {
    const { incident } = makeRehearsal('no-fix-holds').result
    expect(incidentMoments(incident).map(({ when }) => when)).toEqual([
      '+0:06',
      '+0:08',
      '+0:13 to the end',
      null,
    ])
    expect(incidentSentence(incident)).toMatch(
      /complete outage \+0:13 to the end · not restored while we watched$/,
    )
  })
})
