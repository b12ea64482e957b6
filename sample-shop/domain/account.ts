/** Somebody who can sign in. */
export type Account = { readonly id: number; readonly email: string; readonly name: string }

export const SHORTEST_PASSWORD = 8
export const LONGEST_PASSWORD = 200
