import type { Isolation } from '../../../core/record.ts'
import { candidateMeans } from './candidates.ts'
import { chooseBinding, MeansChoice } from './choose.ts'
import { forcedMeans } from './forced-means.ts'

/** The means that a run would use here, probed as a run does it, for budgets of any size; nothing stays behind. */
export async function findIsolation(): Promise<Isolation> {
  const choice = new MeansChoice(candidateMeans(`doctor-${process.pid}`, process.pid, forcedMeans()))
  try {
    return await chooseBinding(choice, { budgets: new Map(), adopt: () => {}, replaced: () => {} })
  } finally {
    choice.current.close()
  }
}
