/** One thing wrong with what a person wrote: where, what was expected there, what stands there. */
export type Problem = { readonly path: string; readonly expected: string; readonly got: string }

/** All problems as lines of text, one each: "  traffic.lasts: expected a duration such as "45s", got 45". */
export function problemLines(problems: readonly Problem[]): string {
  return problems.map(({ path, expected, got }) => `  ${path}: expected ${expected}, got ${got}`).join('\n')
}
