import { readFileSync, renameSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { z } from 'zod'
import type { ProcessRef } from '../../process-tree.ts'
import type { MovedAside } from '../budgets/means.ts'

/** What has to go when the run is over, kept as a file in its folder so that anyone who finds it can tidy up. */
export type CleanUpList = {
  readonly harness: ProcessRef
  readonly supervisor: ProcessRef | null
  /** Roots of process trees, each with the signal that ends it quickest without harm. */
  readonly processes: readonly (ProcessRef & {
    readonly name: string
    readonly endWith: 'SIGTERM' | 'SIGQUIT'
  })[]
  /** Control group folders, inner ones first. */
  readonly cgroups: readonly string[]
  /** Processes of ours that go back from one control group to the one it lies in; absent: none. */
  readonly movedAside?: MovedAside | undefined
  /** Files outside the run's folder (shared memory of a Postgres that could not remove it itself). */
  readonly files: readonly string[]
}

const processSchema = z.object({
  pid: z.number().int().gt(1),
  startTicks: z.number().nullable(),
})

// Read back from a folder that anyone can create: only paths of the kinds this program makes are accepted.
const listSchema = z.object({
  harness: processSchema,
  supervisor: processSchema.nullable(),
  processes: z.array(processSchema.extend({ name: z.string(), endWith: z.enum(['SIGTERM', 'SIGQUIT']) })),
  cgroups: z.array(z.string().regex(/^\/(?!.*\.\.).*\/doorbuster-[\w-]+(\/[\w-]+)?$/)),
  movedAside: z
    .object({ from: z.string(), to: z.string().regex(/^\/(?!.*\.\.).*\/doorbuster-[\w-]+-own$/) })
    .refine(({ from, to }) => dirname(to) === from)
    .optional(),
  files: z.array(z.string().regex(/^\/dev\/shm\/PostgreSQL\.\d+$/)),
})

const FILE_NAME = 'clean-up.json'

/** Writes the list in one step, so that a reader never sees half of it. */
export function writeCleanUpList(folder: string, list: CleanUpList): void {
  const path = join(folder, FILE_NAME)
  writeFileSync(`${path}.new`, JSON.stringify(list))
  renameSync(`${path}.new`, path)
}

/** Reads the list of a run's folder; `null` when there is none or it is not one of ours. */
export function readCleanUpList(folder: string): CleanUpList | null {
  try {
    return listSchema.parse(JSON.parse(readFileSync(join(folder, FILE_NAME), 'utf8')))
  } catch {
    return null
  }
}
