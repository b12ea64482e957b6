import { createServer, type IncomingMessage } from 'node:http'
import { text } from 'node:stream/consumers'
import { type ProxyState, TcpProxy } from './tcp-proxy.ts'

/**
 * The fault proxy as a process of its own, configured by FAULT_PROXY. Told what to do at its admin port: `PUT /state`,
 * `POST /break`. Ends on SIGTERM.
 */
type Config = { readonly port: number; readonly adminPort: number; readonly targetPort: number }

const { port, adminPort, targetPort } = JSON.parse(process.env['FAULT_PROXY'] ?? '{}') as Config
const proxy = new TcpProxy(targetPort)

async function answer(request: IncomingMessage): Promise<number> {
  const body = await text(request)
  switch (`${request.method} ${request.url}`) {
    case 'GET /healthz':
      return 200
    case 'PUT /state':
      proxy.set(JSON.parse(body) as ProxyState)
      return 204
    case 'POST /break':
      proxy.breakOpen((JSON.parse(body) as { readonly share: number }).share)
      return 204
    default:
      return 404
  }
}

const admin = createServer((request, response) => {
  answer(request).then(
    (status) => response.writeHead(status).end(),
    (error: unknown) => response.writeHead(500).end(String(error)),
  )
})
process.on('SIGTERM', () => process.exit(0))
await proxy.listen(port)
admin.listen(adminPort, '127.0.0.1')
