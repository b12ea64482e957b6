import { affinity } from './affinity.ts'
import { cgroupV1 } from './cgroup-v1.ts'
import { cgroupV2 } from './cgroup-v2.ts'
import type { MeansCandidate } from './choose.ts'
import { dutyCycle } from './duty-cycle.ts'
import { systemdScope } from './systemd-scope.ts'

/** The means to try, in order of how closely they imitate a smaller server. `forced`: this one and no other. */
export function candidateMeans(
  run: string,
  harnessPid: number,
  forced: string | undefined,
): readonly MeansCandidate[] {
  const all: readonly MeansCandidate[] = [
    { name: 'cgroup-v2', make: () => cgroupV2(run, harnessPid) },
    { name: 'cgroup-v1', make: () => cgroupV1(run) },
    { name: 'systemd-scope', make: () => systemdScope(run) },
    { name: 'duty-cycle', make: dutyCycle },
    { name: 'affinity', make: affinity },
  ]
  return all.filter(({ name }) => forced === undefined || forced === name)
}
