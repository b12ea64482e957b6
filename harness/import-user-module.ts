import { pathToFileURL } from 'node:url'
import { resolveOwnName } from './own-name.ts'

/** What is somebody's module, in words: "the environment file". */
export type UserModule = { readonly what: string; readonly path: string }

let loading: UserModule | null = null

/** The module that is being imported now: when the process ends meanwhile, it is what ended it. */
export function moduleBeingImported(): UserModule | null {
  return loading
}

/** Imports somebody's module, which may name "doorbuster". Rejects with what it threw. */
export async function importUserModule({ what, path }: UserModule): Promise<unknown> {
  loading = { what, path }
  resolveOwnName(path)
  try {
    return await import(pathToFileURL(path).href)
  } finally {
    loading = null
  }
}

/** Why such an import failed, and how to mend it: most often the file is taken for CommonJS. */
export function importFailure(
  what: string,
  cause: unknown,
): { readonly says: string; readonly hint: string } {
  const text = cause instanceof Error ? `${cause.name}: ${cause.message}` : String(cause)
  const missing = /Cannot find (?:package|module) '([^']+)'/.exec(text)?.[1]
  return {
    says: text.split('\n').slice(0, 6).join('\n'),
    hint:
      missing === 'doorbuster'
        ? `${what} is an ES module: name it .mts, or put {"type": "module"} into the package.json beside it.`
        : missing
          ? `"${missing}" was not found from there: check the import, or install it beside the file.`
          : 'Run it by itself to see where: node --import tsx <file>',
  }
}
