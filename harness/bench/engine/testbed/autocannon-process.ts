import autocannon from 'autocannon'

/** autocannon's closed loop in its own process: what one of its requests costs, and how many it makes. */
const [url = '', sec = '5', connections = '50'] = process.argv.slice(2)
const loop = autocannon({
  url,
  duration: Number(sec),
  connections: Number(connections),
  timeout: 60,
  bailout: 1000,
  sampleInt: 1000,
  requests: [{ method: 'GET', path: '/', headers: { accept: 'application/json' } }],
})
const before = process.cpuUsage()
const result = await loop
const { user, system } = process.cpuUsage(before)
process.send?.({
  requests: result['2xx'],
  perSec: result['2xx'] / result.duration,
  cpuUsPerRequest: (user + system) / Math.max(1, result['2xx']),
  p99Ms: result.latency.p99,
})
process.disconnect()
