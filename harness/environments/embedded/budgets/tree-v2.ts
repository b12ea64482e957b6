import { readFileSync } from 'node:fs'

/** Where the tree of control groups of version 2 is mounted, and which group of it this process is in ("/" = the top). */
export type TreeV2 = { readonly mount: string; readonly own: string }

/** As this process sees it; a string says why there is none. */
export function treeV2(): TreeV2 | string {
  const mount = mountsOf('cgroup2')[0]
  if (mount === undefined) return 'no control groups of version 2 are mounted'
  const own = /^0::(.*)$/m.exec(textOf('/proc/self/cgroup'))?.[1]
  if (own === undefined) return 'this process is in no control group of version 2'
  // A namespace that was entered from outside shows the group relative to its own top.
  return own.startsWith('/..')
    ? `its own control group (${own}) lies outside of what is mounted`
    : { mount, own }
}

function mountsOf(type: string): readonly string[] {
  return textOf('/proc/mounts')
    .split('\n')
    .map((line) => line.split(' '))
    .filter((fields) => fields[2] === type)
    .map((fields) => fields[1]!)
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'latin1')
  } catch {
    // No /proc: not Linux.
    return ''
  }
}
