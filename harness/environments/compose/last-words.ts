import { type DockerEngine, EngineRefusal } from './docker/engine.ts'

const TAIL_LINES = 20

/** Exit code and last lines of a container. */
export async function lastWords(engine: DockerEngine, id: string): Promise<string> {
  try {
    const { State } = await engine.ask<{ State: { ExitCode: number; OOMKilled: boolean } }>(
      'GET',
      `/containers/${id}/json`,
    )
    const how = State.OOMKilled ? 'it took more memory than it may' : `exit code ${State.ExitCode}`
    const text = await engine.text('GET', `/containers/${id}/logs?stdout=true&stderr=true&tail=${TAIL_LINES}`)
    const lines = plainLog(text)
    return lines === '' ? `${how}, without output` : `${how}; its last output:\n${lines}`
  } catch (error) {
    if (error instanceof EngineRefusal) return 'its container is gone'
    throw error
  }
}

/** Logs come in frames, each with a header of eight bytes, the first of which is 0, 1 or 2. */
function plainLog(text: string): string {
  return (
    text
      .split('\n')
      // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
      .map((line) => line.replace(/^[\u0000-\u0002]\u0000\u0000\u0000[\s\S]{1,4}/, '').trimEnd())
      .filter((line) => line !== '')
      .join('\n')
  )
}
