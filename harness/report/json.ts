import type { AnyResult, ErrorResult } from '../core/result.ts'

/** The one document of `--json` and `result.json`; its shape is `result.schema.json`. Ends with a line break. */
export function toJson(result: AnyResult | ErrorResult): string {
  return `${JSON.stringify(result, finiteNumber, 2)}\n`
}

/** JSON knows no infinity and no NaN and would write `null`: that would read as "did not happen". */
function finiteNumber(key: string, value: unknown): unknown {
  if (typeof value === 'number' && !Number.isFinite(value)) {
    throw new TypeError(`result has ${value} at "${key}": figures in a result are finite or null`)
  }
  return value
}
