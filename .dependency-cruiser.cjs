/**
 * The arrows of the architecture, enforced:
 *   cli → rehearse, experiment, conduct, store, report → core
 *   engines, environments, probes, balancer → ports → core
 *   only cli/main.ts names adapters · core → nothing · the sample shop and the harness never meet in code
 * `harness/architecture.test.ts` plants one violation of each rule and must see it found.
 */

/** Tests, and what only tests use, may reach further: they put real parts together. */
const TESTS = '(\\.test\\.tsx?$)|(/testing/)'

/** The adapters behind the ports. `probes/sampling.ts` is the loop over the Probe port, not an adapter. */
const ADAPTERS = '^harness/(engines|environments|balancer|probes/(?!sampling\\.ts$))'

/** Libraries that compute and do nothing else: no clock, no I/O. */
const PURE_LIBRARIES = '(^|/)node_modules/(zod|simple-statistics|pure-rand|hdr-histogram-js)/'

/** An adapter may know the ports and the core, and nothing of its neighbours. */
const adapterKnowsOnlyPorts = (name, alsoAllowed = '') => ({
  name: `${name}-know-only-ports-and-core`,
  comment: `harness/${name} may import harness/ports.ts, the clock and harness/core, and no other adapter`,
  severity: 'error',
  from: { path: `^harness/${name}/`, pathNot: TESTS },
  to: {
    path: '^harness/',
    // The clock is the one every local process shares, the calibration the core they share: they stand beside the ports.
    pathNot: `^harness/(${name}/|core/|ports\\.ts$|clock\\.ts$|calibrate\\.ts$${alsoAllowed})`,
  },
})

/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: [
    {
      name: 'core-imports-only-core',
      comment: 'harness/core is pure: it may import itself and a few libraries that only compute',
      severity: 'error',
      from: { path: '^harness/core/', pathNot: '\\.test\\.tsx?$' },
      to: { pathNot: `^harness/core/|${PURE_LIBRARIES}` },
    },
    {
      name: 'core-is-tested-without-the-world',
      comment: 'tests of the core need no other part of Doorbuster',
      severity: 'error',
      from: { path: '^harness/core/.*\\.test\\.tsx?$' },
      to: { path: '^(harness|sample-shop|scenarios)/', pathNot: '^harness/core/' },
    },
    // The engine's process imports the scenario module itself.
    adapterKnowsOnlyPorts('engines', '|scenario-file\\.ts$'),
    // They start HAProxy, whose configuration is written beside the embedded balancer.
    adapterKnowsOnlyPorts('environments', '|balancer/haproxy/'),
    adapterKnowsOnlyPorts('probes'),
    adapterKnowsOnlyPorts('balancer'),
    {
      name: 'adapters-do-not-know-each-other',
      comment: 'what two engines share stands beside their folders, not in one of them',
      severity: 'error',
      from: { path: '^harness/(engines|environments)/([^/]+)/', pathNot: TESTS },
      to: { path: '^harness/$1/', pathNot: '^harness/$1/($2/|[^/]+$)' },
    },
    {
      name: 'only-main-names-adapters',
      comment: 'everything else gets adapters handed in, behind the ports',
      severity: 'error',
      from: {
        path: '^harness/',
        // The bench measures adapters one by one: nothing of Doorbuster runs on it.
        pathNot: `^harness/cli/main\\.ts$|^harness/(engines|environments|probes|balancer|bench)/|${TESTS}`,
      },
      to: { path: ADAPTERS },
    },
    {
      name: 'ports-know-only-core',
      severity: 'error',
      from: { path: '^harness/ports\\.ts$' },
      to: { path: '^(harness|sample-shop|scenarios)/', pathNot: '^harness/core/' },
    },
    {
      name: 'reports-know-only-core',
      comment: 'every report is derived from results and the record by pure functions',
      severity: 'error',
      from: { path: '^harness/report/', pathNot: TESTS },
      to: { path: '^(harness|sample-shop|scenarios)/', pathNot: '^harness/(report|core)/' },
    },
    {
      name: 'nothing-knows-the-bench',
      severity: 'error',
      from: { pathNot: '^harness/bench/' },
      to: { path: '^harness/bench/' },
    },
    {
      name: 'nothing-knows-the-cli',
      severity: 'error',
      from: { pathNot: '^harness/cli/' },
      to: { path: '^harness/cli/' },
    },
    {
      name: 'harness-does-not-know-the-shop',
      comment: 'they meet over HTTP, SQL and /metrics',
      severity: 'error',
      from: { path: '^harness/' },
      to: { path: '^(sample-shop|scenarios)/' },
    },
    {
      name: 'shop-does-not-know-the-harness',
      comment: 'they meet over HTTP, SQL and /metrics',
      severity: 'error',
      from: { path: '^sample-shop/' },
      to: { path: '^(harness|scenarios)/' },
    },
    {
      name: 'scenarios-know-only-the-public-api',
      severity: 'error',
      from: { path: '^scenarios/', pathNot: TESTS },
      to: { pathNot: '^(scenarios/|harness/index\\.ts$)' },
    },
    {
      name: 'no-testing-in-production',
      severity: 'error',
      from: { pathNot: TESTS },
      to: { path: TESTS },
    },
    {
      name: 'no-development-packages-in-production',
      severity: 'error',
      from: { path: '^(harness|sample-shop|scenarios)/', pathNot: TESTS },
      to: { dependencyTypes: ['npm-dev', 'npm-no-pkg', 'npm-unknown'], dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'no-cycles',
      comment: 'types may refer to each other; code may not',
      severity: 'error',
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    {
      name: 'no-orphans',
      comment: 'a module that imports nothing and that nobody imports is forgotten',
      severity: 'error',
      // Helper processes of the bench are started by path, and may need nothing.
      from: { orphan: true, pathNot: '\\.d\\.ts$|/testbed/[^/]+-process\\.ts$' },
      to: {},
    },
    {
      name: 'everything-resolves',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    // What `npm run bundle:shop` writes is nobody's source.
    exclude: { path: '^sample-shop/dist/' },
    // Imports of types are dependencies too: without this the contract types would look like orphans.
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default', 'types'],
      extensions: ['.ts', '.tsx', '.mts', '.js', '.mjs', '.cjs', '.json'],
    },
  },
}
