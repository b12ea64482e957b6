import type { Topology } from '../topology.ts'

/** The topology with these planted flaws taken out of its shop. */
export function withoutFlaws(topology: Topology, flaws: readonly string[]): Topology {
  return {
    ...topology,
    app: { ...topology.app, flaws: topology.app.flaws.filter((flaw) => !flaws.includes(flaw)) },
  }
}

/** `true` where one of these flaws is planted; else why a change of code cannot be tried. */
export function planted({ app }: Topology, flaws: readonly string[]): true | string {
  return (
    app.flaws.some((flaw) => flaws.includes(flaw)) ||
    `a change of code is tried by taking a planted flaw out of the sample shop, and ${flaws.join(' or ')} is not planted`
  )
}
