import { fileURLToPath } from 'node:url'
import type { AppSpec } from './ports.ts'

const root = fileURLToPath(new URL('../', import.meta.url))

/** The sample shop as an app like any other: the harness meets it over HTTP, SQL and /metrics only. */
export const SAMPLE_SHOP: AppSpec = {
  name: 'sample shop',
  entry: `${root}sample-shop/server.ts`,
  command: ['node', '{bundle}'],
  env: {},
  cwd: root,
  readyPath: '/readyz',
  metricsPath: '/metrics',
  seed: { entry: `${root}sample-shop/seed.ts`, command: ['node', '{bundle}'] },
}
