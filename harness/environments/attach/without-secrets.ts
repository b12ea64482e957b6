import type { AttachSpec } from '../../core/attached.ts'
import { connectionWords } from '../../core/connection-words.ts'
import { maskPasswords } from '../../core/mask-passwords.ts'

const LONGEST = 300

/** A text without any connection string of the spec, and without a password, also where the string holds it otherwise. */
export function withoutSecrets(text: string, spec: AttachSpec): string {
  const named = [spec.postgres, spec.pgbouncer, spec.redis, ...spec.replicas].flatMap((one) =>
    one === null ? [] : [one.url],
  )
  const pages = [spec.haproxy, ...spec.prometheus.map(({ url }) => url)].filter(
    (url) => url !== null && new URL(url).password !== '',
  )
  const held = [...named, ...(pages as readonly string[])]
  const secrets = held.flatMap((url) => {
    const { password } = new URL(url)
    return [url, password, decoded(password)]
  })
  const clean = secrets
    .filter((secret) => secret !== '')
    .sort((a, b) => b.length - a.length)
    .reduce((rest, secret) => rest.replaceAll(secret, '***'), text)
  return maskPasswords(clean)
}

/** Why something could not be read, in one short line that holds neither a secret nor the statement that was asked. */
export function reasonOf(error: unknown, spec: AttachSpec): string {
  const text = connectionWords(error)
  // It takes none of our statements, and may repeat the whole of them.
  if (/SHOW HELP|admin console/i.test(text)) return "what answers is PgBouncer's console, not Postgres"
  const [line = ''] = withoutSecrets(text, spec).trim().split('\n')
  return line.length > LONGEST ? `${line.slice(0, LONGEST)}…` : line
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
