/** Tables of what shoppers were told, which are filled when the load is over. */
const LEDGER = /\b(from|join)\s+(ledger|unknown)\b/i

/** Whether a statement asks the tables `ledger` or `unknown`. */
export function asksLedger(sql: string): boolean {
  return LEDGER.test(sql)
}
