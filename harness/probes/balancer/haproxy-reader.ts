import { connect } from 'node:net'
import { toPairs } from '../../core/measure/histogram.ts'
import type { BalancerCounts, BalancerReader, ServerCounts } from './balancer-counts.ts'
import { HaproxyRequests } from './haproxy-requests.ts'

const TIMEOUT_MS = 900

/** HAProxy's counters (`show stat`) and the requests it tells one by one, both at its socket. */
export function haproxyReader(statsSocket: string, requestsRing: string): BalancerReader {
  const requests = new HaproxyRequests(statsSocket, requestsRing)
  return {
    async read() {
      requests.listen()
      const text = await ask(statsSocket, 'show stat').catch(() => null)
      return text === null ? null : countsOf(text, requests)
    },
    close: async () => requests.close(),
  }
}

/** The table `show stat` prints, boiled down; `null` when it is none. Columns are found by name: versions add some. */
function countsOf(text: string, requests: Pick<HaproxyRequests, 'all' | 'of'>): BalancerCounts | null {
  const [head = '', ...lines] = text.trim().split('\n')
  if (!head.startsWith('# ')) return null
  const names = head.slice(2).split(',')
  const rows = lines.map((line) => {
    const fields = line.split(',')
    const field = (name: string): string => fields[names.indexOf(name)] ?? ''
    return { text: field, number: (name: string): number => Number(field(name)) || 0 }
  })
  const front = rows.find((row) => row.text('svname') === 'FRONTEND')
  const back = rows.find((row) => row.text('svname') === 'BACKEND')
  if (!front || !back) return null
  const servers = rows
    .filter((row) => row.text('svname') !== 'FRONTEND' && row.text('svname') !== 'BACKEND')
    // A place that is kept for a server that may come is none; one that leaves counts until it has finished.
    .filter((row) => !row.text('status').startsWith('MAINT') || row.number('scur') > 0)
    .map((row): ServerCounts => {
      const name = row.text('svname')
      const told = requests.of(name)
      return {
        name,
        inFlight: row.number('scur'),
        queued: row.number('qcur'),
        requests: row.number('stot'),
        responses: told?.responses ?? 0,
        // Its own 5xx, answers it broke off, connections it did not take.
        errors: row.number('hrsp_5xx') + row.number('eresp') + row.number('econ'),
        responseMsSum: told?.responseMsSum ?? 0,
        responseTimes: told ? toPairs(told.times) : [],
      }
    })
  return {
    inFlight: servers.reduce((sum, { inFlight }) => sum + inFlight, 0),
    queued: back.number('qcur') + servers.reduce((sum, { queued }) => sum + queued, 0),
    requests: front.number('req_tot'),
    errors: front.number('hrsp_5xx'),
    ...requests.all,
    servers,
  }
}

/** HAProxy answers one line of commands and closes the connection. */
function ask(path: string, command: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = ''
    const socket = connect(path)
    socket.setTimeout(TIMEOUT_MS, () => socket.destroy(new Error('too slow')))
    socket.setEncoding('latin1')
    socket.on('data', (chunk: string) => {
      text += chunk
    })
    socket.on('end', () => resolve(text))
    socket.on('error', reject)
    socket.write(`${command}\n`)
  })
}
