import type { DatabaseTopology } from '../core/topology.ts'

/** Connections kept for the harness itself, beside those the topology grants the app. */
const RESERVED_CONNECTIONS = 8

/**
 * Defaults of the demo's database server; `topology.database.settings` goes over them. Background work that would
 * come and go between two arms (autovacuum, timed checkpoints, parallel workers, JIT) is off, so that arms compare.
 */
const DEMO_SETTINGS: Readonly<Record<string, string>> = {
  shared_buffers: '128MB',
  autovacuum: 'off',
  checkpoint_timeout: '1h',
  max_wal_size: '1GB',
  jit: 'off',
  max_parallel_workers_per_gather: '0',
}

/** What the probes rely on: not to be overridden. */
const FIXED_SETTINGS: Readonly<Record<string, string>> = {
  shared_preload_libraries: 'pg_stat_statements',
  compute_query_id: 'on',
  track_io_timing: 'on',
  'pg_stat_statements.save': 'off',
  logging_collector: 'off',
  log_checkpoints: 'off',
  superuser_reserved_connections: String(RESERVED_CONNECTIONS),
}

/** Settings of a rehearsed server, wherever it runs. The app's users get `maxConnections`; the harness's reserve comes on top. */
export function postgresSettings(database: DatabaseTopology): Readonly<Record<string, string>> {
  return {
    ...DEMO_SETTINGS,
    ...database.settings,
    ...FIXED_SETTINGS,
    max_connections: String(database.maxConnections + RESERVED_CONNECTIONS),
  }
}
