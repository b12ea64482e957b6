import { createServer } from 'node:http'
import { Pool } from 'undici'

/**
 * The least that node:http and undici can do as a proxy: one server, headers as they are, no counting, no errors looked at.
 * What an embedded balancer costs above this is what it does.
 */
const [serverUrl = '', port = '0'] = process.argv.slice(2)
const pool = new Pool(serverUrl, { pipelining: 1 })
createServer((request, response) => {
  const { method = 'GET', url = '/', rawHeaders } = request
  pool.dispatch(
    { path: url, method: method as 'GET', headers: rawHeaders, body: null },
    {
      onRequestStart() {},
      onResponseStart(controller, status) {
        const raw = controller.rawHeaders
        response.writeHead(status, Array.isArray(raw) ? raw.map((part) => `${part}`) : [])
      },
      onResponseData(_controller, chunk) {
        response.write(chunk)
      },
      onResponseEnd() {
        response.end()
      },
      onResponseError() {
        response.destroy()
      },
    },
  )
}).listen(Number(port), '127.0.0.1')
