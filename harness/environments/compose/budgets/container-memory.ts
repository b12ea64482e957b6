import { join } from 'node:path'
import { type MemoryReading, memoryOfV1, memoryOfV2 } from '../../memory-reading.ts'
import { groupsOf } from './groups-of.ts'

/** How to read the memory of a container that may have so much; `null`: its engine does not run on this very kernel. */
export function containerMemory(id: string, pid: number, limitBytes: number): (() => MemoryReading) | null {
  try {
    const pathOf = groupsOf(id, pid)
    const memory = pathOf('memory')
    return memory === undefined
      ? () => memoryOfV2(join('/sys/fs/cgroup', pathOf('')!), limitBytes)
      : () => memoryOfV1(join('/sys/fs/cgroup/memory', memory), limitBytes)
  } catch {
    return null
  }
}
