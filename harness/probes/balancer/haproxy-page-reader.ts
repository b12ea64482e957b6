import { openTextSource } from '../http-text.ts'
import type { BalancerCounts, BalancerReader, ServerCounts } from './balancer-counts.ts'

const TIMEOUT_MS = 900

/** An HAProxy that is not ours, by its statistics page: queues, sessions and errors. Its times are means of 1024 requests,
 * not of a second, and are left out. */
export function haproxyPageReader(pageUrl: string): BalancerReader {
  const source = openTextSource(TIMEOUT_MS)
  const url = tableUrl(pageUrl)
  return {
    async read() {
      const text = await source.get(url)
      return text === null ? null : pageCounts(text)
    },
    close: () => source.close(),
  }
}

/** "/stats" and "/stats;csv" are the page as people and as programs read it. */
function tableUrl(pageUrl: string): string {
  const url = new URL(pageUrl)
  if (!/;csv(;|$)/.test(url.pathname)) url.pathname = `${url.pathname.replace(/\/$/, '')};csv`
  return url.href
}

type Row = { readonly text: (name: string) => string; readonly number: (name: string) => number }

/**
 * Of the proxies on the page the backend that has had most sessions, with its servers; requests are those of its frontends
 * of the same table, which may serve other backends as well. `null`: no such table. Columns are found by name.
 */
function pageCounts(csv: string): BalancerCounts | null {
  const [head = '', ...lines] = csv.trim().split('\n')
  if (!head.startsWith('# ')) return null
  const names = head.slice(2).split(',')
  const rows = lines.map((line): Row => {
    const fields = line.split(',')
    const text = (name: string): string => fields[names.indexOf(name)] ?? ''
    return { text, number: (name) => Number(text(name)) || 0 }
  })
  const serversOf = (proxy: string) =>
    rows.filter(
      (row) => row.text('pxname') === proxy && !['FRONTEND', 'BACKEND'].includes(row.text('svname')),
    )
  const [back] = rows
    .filter((row) => row.text('svname') === 'BACKEND' && serversOf(row.text('pxname')).length > 0)
    .sort((a, b) => b.number('stot') - a.number('stot'))
  if (!back) return null
  const servers = serversOf(back.text('pxname')).map(
    (row): ServerCounts => ({
      name: row.text('svname'),
      inFlight: row.number('scur'),
      queued: row.number('qcur'),
      requests: row.number('stot'),
      responses: 0,
      errors: row.number('hrsp_5xx') + row.number('eresp') + row.number('econ'),
      responseMsSum: 0,
      responseTimes: [],
    }),
  )
  return {
    inFlight: servers.reduce((sum, { inFlight }) => sum + inFlight, 0),
    queued: back.number('qcur') + servers.reduce((sum, { queued }) => sum + queued, 0),
    requests: back.number('req_tot') || back.number('stot'),
    responses: 0,
    errors: back.number('hrsp_5xx'),
    serviceMsSum: 0,
    upstreamMsSum: 0,
    servers,
  }
}
