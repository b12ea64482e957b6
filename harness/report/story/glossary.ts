/** The words of the reports, for those who meet them for the first time. */
export const GLOSSARY: readonly { readonly term: string; readonly means: string }[] = [
  {
    term: 'capacity',
    means: 'the highest offered load at which every objective holds, with its 95 % interval',
  },
  { term: 'checkout', means: 'the click that places an order' },
  {
    term: 'click',
    means:
      'one thing a shopper wants: from the moment it should have been sent, through reloads, to the right answer',
  },
  {
    term: 'complete outage',
    means: 'fewer than 10 % of clicks, or of checkouts, answered well for at least 3 seconds',
  },
  { term: 'fix', means: 'a named change of the topology; each is put in place and measured' },
  { term: 'headroom', means: 'capacity ÷ peak − 1: how much more than the peak could come' },
  { term: 'offered load', means: 'how many shoppers arrive per second, whatever the shop makes of it' },
  {
    term: 'p95',
    means:
      'the time within which 95 of 100 clicks were answered; a click that failed counts as slower than any bound',
  },
  {
    term: 'restored',
    means:
      'the start of the first 5 seconds after the break in which the objectives hold again and stay held',
  },
  { term: 'SLO, objective', means: 'what is promised to shoppers: how fast, and how few errors' },
  { term: 'topology', means: 'what stands between a shopper and the data: balancer, app servers, database' },
  { term: 'utilisation', means: 'CPU used ÷ CPU budget, or connections in use ÷ connections allowed' },
]
