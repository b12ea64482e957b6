import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

export type Certificate = { readonly key: Buffer; readonly cert: Buffer }

/** An authority of a test's own, known to nobody. */
export type Authority = {
  readonly cert: Buffer
  readonly path: string
  /** A certificate for these names, "DNS:localhost" or "IP:127.0.0.1"; `expired`: of 2020. */
  issue(names: readonly string[], expired?: boolean): Certificate
  /** One that vouches for itself. */
  selfSigned(names: readonly string[]): Certificate
}

const CONFIG = `
[req]
distinguished_name = name
[name]
[ca]
default_ca = authority
[authority]
database = index.txt
new_certs_dir = .
serial = serial
default_md = sha256
policy = any
copy_extensions = copy
unique_subject = no
[any]
commonName = supplied
`

const NEW_KEY = [
  '-newkey',
  'ec',
  '-pkeyopt',
  'ec_paramgen_curve:prime256v1',
  '-nodes',
  '-config',
  'openssl.cnf',
]

/** Makes an authority in a folder, by the openssl program. */
export function newAuthority(openssl: string, folder: string): Authority {
  const run = (...args: readonly string[]) =>
    execFileSync(openssl, [...args], { cwd: folder, stdio: 'pipe', timeout: 20_000 })
  writeFileSync(join(folder, 'openssl.cnf'), CONFIG)
  writeFileSync(join(folder, 'index.txt'), '')
  writeFileSync(join(folder, 'serial'), '1000')
  const selfSign = (name: string, subject: string, extension: string) =>
    run(
      'req',
      '-x509',
      ...NEW_KEY,
      '-keyout',
      `${name}.key`,
      '-out',
      `${name}.crt`,
      '-days',
      '2',
      '-subj',
      subject,
      '-addext',
      extension,
    )
  const read = (name: string): Certificate => ({
    key: readFileSync(join(folder, `${name}.key`)),
    cert: readFileSync(join(folder, `${name}.crt`)),
  })
  selfSign('ca', '/CN=an authority for tests', 'basicConstraints=critical,CA:TRUE')
  let made = 0
  return {
    cert: read('ca').cert,
    path: join(folder, 'ca.crt'),
    selfSigned(names) {
      const name = `self-${++made}`
      selfSign(name, '/CN=itself', `subjectAltName=${names.join(',')}`)
      return read(name)
    },
    issue(names, expired = false) {
      const name = `leaf-${++made}`
      const dates = expired
        ? ['-startdate', '20200101000000Z', '-enddate', '20200201000000Z']
        : ['-days', '2']
      run(
        'req',
        ...NEW_KEY,
        '-keyout',
        `${name}.key`,
        '-out',
        `${name}.csr`,
        '-subj',
        `/CN=${name}`,
        '-addext',
        `subjectAltName=${names.join(',')}`,
      )
      run(
        'ca',
        '-batch',
        '-notext',
        '-config',
        'openssl.cnf',
        '-cert',
        'ca.crt',
        '-keyfile',
        'ca.key',
        '-in',
        `${name}.csr`,
        '-out',
        `${name}.crt`,
        ...dates,
      )
      return read(name)
    },
  }
}
