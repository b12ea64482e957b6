import { type Conductor, conductor } from '../conduct.ts'
import type { RecordLine } from '../core/record.ts'
import type { Engine, Running } from '../ports.ts'
import type { RunFolder } from '../store.ts'

/** A conductor of a system, or of as much of one as a test needs, that writes to `lines` and never drives. */
export function conductorOn(running: Partial<Running>, lines: RecordLine[]): Conductor {
  return conductor({
    running: running as Running,
    engine: {} as Engine,
    folder: { lines, write: (line: RecordLine) => lines.push(line) } as unknown as RunFolder,
    clock: { t0Ns: 0n, nowUs: () => 9 },
    abortWhen: [],
    invariants: [],
    interrupt: new AbortController().signal,
    onLive: () => {},
  })
}
