/** The part of autocannon 9 that closed-loop and the bench use; the package has no types of its own. */
declare module 'autocannon' {
  export type Options = {
    readonly url: string
    readonly connections: number
    /** Seconds. */
    readonly duration: number
    /** Seconds. */
    readonly timeout: number
    /** Errors after which it stops. */
    readonly bailout: number
    /** Milliseconds between two looks at whether it is over. */
    readonly sampleInt: number
    readonly requests: readonly {
      readonly method: 'GET'
      readonly path: string
      readonly headers: Readonly<Record<string, string>>
    }[]
  }
  export type Result = {
    readonly '2xx': number
    readonly '3xx': number
    /** Timeouts are among them. */
    readonly errors: number
    readonly non2xx: number
    readonly mismatches: number
    readonly requests: { readonly sent: number }
    /** Seconds. */
    readonly duration: number
    /** Milliseconds. */
    readonly latency: { readonly p99: number }
  }
  export type Instance = PromiseLike<Result> & { stop(): void }
  export default function autocannon(options: Options): Instance
}
