import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

/** A figure that another tool prints; `why` there is none: it is not installed, or it failed. */
export async function toolFigure(
  tool: string,
  args: readonly string[],
  figure: RegExp,
): Promise<
  { readonly found: number; readonly why?: undefined } | { readonly found: null; readonly why: string }
> {
  try {
    const { stdout } = await promisify(execFile)(tool, [...args], { timeout: 30_000 })
    const found = figure.exec(stdout)?.[1]
    return found === undefined ? { found: null, why: 'no figure' } : { found: Number(found) }
  } catch (error) {
    const missing = (error as NodeJS.ErrnoException).code === 'ENOENT'
    return { found: null, why: missing ? 'not installed' : 'failed' }
  }
}
