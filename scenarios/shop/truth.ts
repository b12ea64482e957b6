/** What is wrong in a scenario of `known/`: a rehearsal of it is to find that out by itself. */
export type Truth = {
  /** Id of the bottleneck class. */
  readonly class: string
  /** Id of the fix, or what to do in words. */
  readonly fix: string
  /** What is seen, and why. */
  readonly says: string
}
