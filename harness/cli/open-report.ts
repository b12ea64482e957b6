import { spawn } from 'node:child_process'

/** Opens a file with the desktop's own program; where there is none, nothing happens. */
export function openReport(path: string): void {
  const [program, ...args] =
    process.platform === 'darwin'
      ? ['open', path]
      : process.platform === 'win32'
        ? ['cmd', '/c', 'start', '', path]
        : ['xdg-open', path]
  const child = spawn(program!, args, { stdio: 'ignore', detached: true })
  child.on('error', () => {})
  child.unref()
}
