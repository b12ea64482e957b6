/** What is wrong in a scenario of `known/`: a rehearsal of it is to find that out by itself. */
export type Truth = {
  /** Id of the bottleneck class. */
  readonly class: string
  /** Id of a fix that Doorbuster can try (`whatif --help` lists them), and that works. */
  readonly fix: string
  /** What to do, in words. */
  readonly how: string
  /** What is seen, and why. */
  readonly says: string
}
