import type { AttachSpec } from '../../../core/attached.ts'

/** An attached system of which its user named nothing. */
export const NOTHING_NAMED: AttachSpec = {
  target: null,
  postgres: null,
  replicas: [],
  postgresCores: null,
  haproxy: null,
  pgbouncer: null,
  redis: null,
  prometheus: [],
  levers: [],
  allowDdl: false,
}
