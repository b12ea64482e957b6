import { assembleWatch } from '../../core/assemble/watched.ts'
import { EXIT_CODES, HarnessError } from '../../core/errors.ts'
import { toJson } from '../../report/json.ts'
import { renderAnswer } from '../../report/terminal.ts'
import { watch } from '../../watch.ts'
import { readRehearsed } from '../attaching.ts'
import type { Context, Ending } from '../context.ts'
import { openReport } from '../open-report.ts'
import { saveReports } from '../save-reports.ts'

/** `watch -- <generator>`: its load and its numbers, our probes and diagnosis. */
export async function watchCommand(context: Context, command: readonly string[]): Promise<Ending> {
  const { adapters, options } = context
  const rehearsed = await readRehearsed(options)
  const watched = rehearsed.kind === 'attached' ? { ...rehearsed.spec, target: null } : null
  if (rehearsed.kind !== 'attached' || !watched || (!watched.postgres && watched.prometheus.length === 0))
    throw new HarnessError({
      code: 'usage',
      message: 'there is nothing to watch',
      where: 'watch',
      hint: 'Name the database, or the metrics of the app: watch --postgres env:DATABASE_URL -- k6 run peak.js',
    })
  const request = {
    environment: adapters.attach(watched, context.stderr, []),
    probes: adapters.probes,
    command,
    attach: rehearsed.shown,
    env: options.env,
    reports: context.reports,
    out: options.out,
    interrupt: context.interrupt,
    say: options.quiet ? () => {} : context.stderr,
  }
  return watch(request, (folder, record, clock) => {
    const exit = context.interrupt.aborted ? INTERRUPTED : assembled(record).exit
    const end = { kind: 'end', atUs: clock.nowUs(), exitCode: exit.code, reason: exit.meaning } as const
    folder.write(end)
    const run = { ...record, end }
    const result = { ...assembled(run), exit }
    saveReports(folder.save, result, run)
    const html = `${folder.path}/report.html`
    const named = { ...result, report: html }
    const shown = { colour: context.colour, width: context.columns, header: run.header }
    context.stdout(options.json ? toJson(named) : `${renderAnswer(named, shown)}\n`)
    if (options.open) openReport(html)
    return exit
  })
}

const INTERRUPTED: Ending = {
  code: EXIT_CODES.interrupted,
  meaning: 'interrupted: the load was ended; what was watched until then is kept',
}

function assembled(run: Parameters<typeof assembleWatch>[0]) {
  const result = assembleWatch(run)
  if (!result) throw new HarnessError({ code: 'bug', message: 'the record does not say what was watched' })
  return result
}
