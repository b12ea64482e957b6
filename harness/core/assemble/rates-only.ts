import { NO_INCIDENT, type SurgeResult } from '../result.ts'
import type { RunData } from '../run-data.ts'

/**
 * A surge as reports may tell it: a compressed replay brings its rates, but an hour's sessions do not fit into its minute,
 * so that how long anything lasts, and what it costs, is not the hour's (DESIGN §7).
 */
export function ratesOnly({ header }: RunData, surge: SurgeResult): SurgeResult {
  return header.scenario.speed === undefined ? surge : { ...surge, incident: NO_INCIDENT, impact: null }
}
