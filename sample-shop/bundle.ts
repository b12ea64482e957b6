import { join } from 'node:path'
import { build } from 'esbuild'

// Each program of the shop becomes one plain file that needs nothing but Node.js: containers mount the folder and
// install nothing.
await build({
  entryPoints: ['server.ts', 'seed.ts'].map((file) => join(import.meta.dirname, file)),
  outdir: join(import.meta.dirname, 'dist'),
  outExtension: { '.js': '.cjs' },
  bundle: true,
  platform: 'node',
  format: 'cjs',
  target: 'node20',
  // An optional binding of `pg` that is loaded only where it is installed and asked for.
  external: ['pg-native'],
  logLevel: 'warning',
})
process.stdout.write('the shop is in sample-shop/dist\n')
