import type { Feeder } from '../../core/feeder.ts'
import { samplesNeeded } from '../../core/samples-needed.ts'
import { HARNESS_CPU, type Topology, topologyCpu } from '../../core/topology.ts'
import { expectedArrivals } from '../../core/traffic/curve.ts'
import { prepare } from '../../stage.ts'
import { noFaultsIn, readRehearsed } from '../attaching.ts'
import type { Context, Ending } from '../context.ts'

/** `validate <scenario>`: reads it, starts nothing, and says what it would do. Rejects with every problem at once. */
export async function validateCommand(context: Context, ref: string): Promise<Ending> {
  const rehearsed = await readRehearsed(context.options)
  const { scenario, topology, file } = await prepare({
    scenario: ref,
    set: context.options.set,
    seed: context.options.seed,
    noFaultsIn: noFaultsIn(rehearsed, context.options.env),
  })
  const { traffic } = scenario
  const lastsSec = traffic.curve.at(-1)?.atSec ?? 0
  const shoppers = expectedArrivals(traffic.curve, 0, lastsSec)
  const objectives = Object.entries(scenario.slo).flatMap(([route, objective]) =>
    samplesNeeded(objective).map(({ bound, clicks }) => ({
      route,
      bound,
      clicks,
      // A shopper clicks at least once, so for `all` this is the most it can take; how often a route is clicked the
      // journeys decide as they go.
      secAtPeak: route === 'all' ? clicks / traffic.peakPerSec : null,
      secAtNormal: route === 'all' ? clicks / traffic.normalPerSec : null,
    })),
  )
  if (context.options.json) {
    context.stdout(
      `${JSON.stringify(
        {
          schema: 1,
          command: 'validate',
          scenario: scenario.name,
          path: file.path,
          peakPerSec: traffic.peakPerSec,
          lastsSec,
          shoppers: Math.round(shoppers),
          topology,
          data: Object.entries(scenario.data).map(([name, { count }]) => ({
            name,
            // null: it never runs out.
            entries: Number.isFinite(count) ? count : null,
          })),
          objectives,
          exit: { code: 0, meaning: 'the scenario is valid' },
        },
        null,
        2,
      )}\n`,
    )
    return { code: 0, meaning: 'the scenario is valid' }
  }
  const cpu = topologyCpu(topology) + HARNESS_CPU.generator + HARNESS_CPU.supervisor
  const lines = [
    `${scenario.name} · ${scenario.question}`,
    `  traffic   ${traffic.label} · ${short(traffic.normalPerSec)} → ${short(traffic.peakPerSec)} shoppers/s · ${lastsSec} s · about ${Math.round(shoppers)} shoppers`,
    `  journeys  ${scenario.shoppers.map(({ name, weight }) => `${name} ${weight}`).join(' · ')}`,
    `  data      ${Object.entries(scenario.data).map(dataLine).join(' · ') || 'none'}`,
    `  patience  ${scenario.patience.timeoutMs / 1000} s, ${scenario.patience.reloads} reload(s)`,
    `  topology  database ${topology.database.cpu} cores${replicas(topology)} · app ${topology.app.instances} × ${topology.app.cpu} · ${cpu.toFixed(2)} reference cores with the harness`,
    '  objectives, and the clicks each needs before it can be judged',
    ...objectives.map(({ route, bound, clicks, secAtPeak, secAtNormal }) => {
      const seconds =
        secAtPeak === null || secAtNormal === null
          ? ''
          : ` · at most ${Math.ceil(secAtPeak)} s at the peak, ${Math.ceil(secAtNormal)} s at normal load`
      return `    ${route.padEnd(24)} ${bound.padEnd(8)} ${clicks} clicks${seconds}`
    }),
  ]
  context.stdout(`${lines.join('\n')}\n`)
  return { code: 0, meaning: 'the scenario is valid' }
}

/** A replay's rates are counted, and seldom round. */
function short(perSec: number): number {
  return Number(perSec.toPrecision(4))
}

function dataLine([name, { count }]: [string, Feeder]): string {
  return `${name} ${Number.isFinite(count) ? count : 'without end'}`
}

function replicas({ database }: Topology): string {
  return database.replicas === 0 ? '' : ` · replicas ${database.replicas} × ${database.cpu}`
}
