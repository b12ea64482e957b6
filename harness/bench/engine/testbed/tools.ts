import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

/** A figure that another tool prints; NaN when it is not installed or failed, and `why`. */
export async function toolFigure(
  tool: string,
  args: readonly string[],
  figure: RegExp,
): Promise<{ readonly figure: number; readonly why: readonly string[] }> {
  const none = (why: string) => ({ figure: Number.NaN, why: [`${tool}: ${why}`] })
  try {
    const { stdout } = await promisify(execFile)(tool, [...args], { timeout: 30_000 })
    const found = figure.exec(stdout)?.[1]
    return found === undefined ? none('printed no figure') : { figure: Number(found), why: [] }
  } catch (error) {
    return none((error as NodeJS.ErrnoException).code === 'ENOENT' ? 'not installed' : 'failed')
  }
}
