/** @jsxRuntime automatic */
/** @jsxImportSource preact */
import type { RunData } from '../../core/run-data.ts'
import { type MeasurementQuality, measurementQuality } from '../facts/measurement-quality.ts'
import {
  formatCores,
  formatCount,
  formatElapsed,
  formatMs,
  formatPercent,
  formatValue,
  formatWhen,
} from '../format.ts'
import { balancerWords } from '../story/balancer-words.ts'
import { cacheWords, databaseWords, poolerWords } from '../story/beside-words.ts'
import { dataWords } from '../story/data-words.ts'
import { GLOSSARY } from '../story/glossary.ts'
import { noSignOffBecause, SIGN_OFF_FIELDS } from '../story/sign-off.ts'
import type { Story } from '../story/story.ts'
import { isolationWords, passedOverWords } from '../story/trust.ts'
import { StepsTable } from './evidence-charts.tsx'
import { Folded, Section, TableBox } from './section.tsx'

type Props = { readonly story: Story; readonly run: RunData }

/** What only some readers need: folded, in one place. */
export function Appendix({ story, run }: Props) {
  return (
    <Section id="details" title="The details">
      {story.searches.length > 0 ? (
        <Folded id="steps" title="Every step" lead="the capacity searches as figures">
          <StepsTable story={story} run={run} />
        </Folded>
      ) : null}
      <ChecksFold story={story} />
      <QualityFold story={story} run={run} />
      <Folded id="glossary" title="Glossary" lead="what the words mean">
        <dl class="glossary">
          {GLOSSARY.map(({ term, means }) => (
            <div key={term}>
              <dt>{term}</dt>
              <dd>{means}</dd>
            </div>
          ))}
        </dl>
      </Folded>
    </Section>
  )
}

function ChecksFold({ story }: { readonly story: Story }) {
  const { checks, reasons } = story.result.validity
  const failed = checks.filter(({ held }) => !held)
  const lead = `${formatCount(checks.length - failed.length)} of ${formatCount(checks.length)} held`
  const sorted = [...failed, ...checks.filter(({ held }) => held)]
  return (
    <Folded id="checks" title="Validity checks" lead={lead}>
      {reasons.length > 0 ? (
        <ul>
          {reasons.map((reason) => (
            <li key={reason}>{reason}</li>
          ))}
        </ul>
      ) : null}
      <p class="note">
        A step whose check fails is thrown away and repeated; the run is void only when that fails too.
      </p>
      <TableBox label="Validity checks">
        <table>
          <caption>Each check, those that failed first</caption>
          <thead>
            <tr>
              <th scope="col">check</th>
              <th scope="col">segment</th>
              <th scope="col">held</th>
              <th scope="col" class="number">
                measured
              </th>
              <th scope="col" class="number">
                threshold
              </th>
              <th scope="col">in words</th>
            </tr>
          </thead>
          <tbody>
            {sorted.slice(0, 300).map(({ name, segment, held, value, threshold, says }, i) => (
              <tr key={`${name} ${segment} ${i}`}>
                <th scope="row">{name}</th>
                <td>{segment === null ? 'whole run' : `${segment}`}</td>
                <td class="nowrap">{held ? '✓ held' : '✗ failed'}</td>
                <td class="number">{formatValue(value)}</td>
                <td class="number">{formatValue(threshold)}</td>
                <td>{says}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </TableBox>
    </Folded>
  )
}

function QualityFold({ story, run }: Props) {
  const quality = measurementQuality(run)
  return (
    <Folded
      id="quality"
      title="Measurement quality"
      lead="how CPU was budgeted, how well the load was sent, on what machine"
    >
      <dl class="pairs">
        {[...budgetPairs(story), ...loadPairs(quality), ...machinePairs(story, run)].map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
      {quality.voided.length > 0 ? (
        <>
          <h3>Thrown away and repeated</h3>
          <ul>
            {quality.voided.map((detail, i) => (
              <li key={`${i} ${detail}`}>{detail}</li>
            ))}
          </ul>
        </>
      ) : null}
    </Folded>
  )
}

type Pair = readonly [name: string, value: string]

function budgetPairs({ result }: Story): readonly Pair[] {
  const { isolation } = result
  const binds = isolation.bindsWithin
  const over = passedOverWords(isolation)
  return [
    ['CPU budgeted by', isolationWords(result)],
    [
      'budgets bind within',
      binds === null ? 'they do not bind' : `± ${formatPercent(binds)}, seen by a one-second probe`,
    ],
    ...(over === null ? [] : [['means passed over before it', over] as const]),
  ]
}

function loadPairs(quality: MeasurementQuality): readonly Pair[] {
  const { clicksIntended, clicksDone, sendLagP50Ms, sendLagP99Ms, generatorCores, segments } = quality
  const lag = (ms: number | null) => (ms === null ? 'not measured' : formatMs(ms, null))
  return [
    ['segments recorded', formatCount(segments)],
    ['clicks intended, done', `${formatCount(clicksIntended)}, ${formatCount(clicksDone)}`],
    ['send lag p50, p99', `${lag(sendLagP50Ms)}, ${lag(sendLagP99Ms)}`],
    ['generator CPU, most', generatorCores === null ? 'not measured' : formatCores(generatorCores)],
  ]
}

function machinePairs({ result }: Story, { header }: RunData): readonly Pair[] {
  const { cores, memoryMb, node, platform, speed } = header.machine
  const { name, path, hash, seed } = header.scenario
  const balancer = balancerWords(result.balancers)
  const pooler = poolerWords(result.poolers)
  const cache = cacheWords(result.caches)
  const database = databaseWords(result.databases)
  return [
    ...(balancer === null ? [] : [['load balancer', balancer] as const]),
    ...(pooler === null ? [] : [['pooler', pooler] as const]),
    ...(cache === null ? [] : [['cache', cache] as const]),
    ...(database === null ? [] : [['database', database] as const]),
    ...(result.data ? [['data', dataWords(result.data)] as const] : []),
    ['machine', `${cores} cores, ${formatCount(memoryMb)} MB, ${platform}, Node.js ${node}`],
    ['speed of a core', `${speed.toFixed(2)} of the reference core the budgets are written for`],
    ['scenario', `${name} (${path}, ${hash.slice(0, 12)}), seed ${seed}`],
    ['options', header.options.set.length === 0 ? 'none' : header.options.set.join(' ')],
    [
      'run',
      `${result.run}, started ${formatWhen(header.startedAt)}, took ${formatElapsed(result.elapsedSec)}`,
    ],
    ['Doorbuster', header.version],
  ]
}

/** Where a person puts their name under the decision. */
export function SignOffSection({ story }: { readonly story: Story }) {
  const refused = noSignOffBecause(story)
  return (
    <Section id="sign-off" title="Sign-off" lead={refused === null ? null : `Not for sign-off: ${refused}.`}>
      <dl class="sign-off">
        {SIGN_OFF_FIELDS.map((field) => (
          <div key={field}>
            <dt>{field}</dt>
            <dd />
          </div>
        ))}
      </dl>
    </Section>
  )
}
