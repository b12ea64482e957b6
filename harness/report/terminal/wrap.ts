const SEPARATOR = ' · '
const HARD_SPACE = '\u00a0'
/** The space in "98 %", "± 3", "--seed 43". */
const UNBROKEN = /(\d(?= %(?![\w%]))|±|--[\w-]+) (?! )/g

/**
 * One labelled line of the terminal answer, broken so that no line is longer than `width` columns; lines after the
 * first are indented under the text. It breaks at " · " before it breaks inside a part, never between a figure and its
 * percent sign, nor between an option and its value. A word longer than the line is left whole: it is an address or a path.
 */
export function wrap(label: string, text: string, width: number): string {
  const room = Math.max(20, width - label.length)
  const parts = text.split(SEPARATOR)
  const lines = parts.reduce<readonly string[]>((done, part, i) => {
    // Two columns are kept for the separator that follows.
    const space = i === parts.length - 1 ? room : room - 2
    const broken = breakWords(part, space)
    const previous = done.at(-1)
    if (previous === undefined) return broken
    const joined = `${previous}${SEPARATOR}${part}`
    if (joined.length <= space) return [...done.slice(0, -1), joined]
    return [...done.slice(0, -1), `${previous}${SEPARATOR.trimEnd()}`, ...broken]
  }, [])
  const indent = ' '.repeat(label.length)
  return lines.map((line, i) => ((i === 0 ? label : indent) + line).trimEnd()).join('\n')
}

function breakWords(text: string, room: number): readonly string[] {
  const lines: string[] = []
  let line = ''
  for (const word of text.replace(UNBROKEN, `$1${HARD_SPACE}`).split(/ +/)) {
    if (line !== '' && line.length + 1 + word.length > room) {
      lines.push(line)
      line = word
    } else {
      line = line === '' ? word : `${line} ${word}`
    }
  }
  return [...lines, line].map((one) => one.replaceAll(HARD_SPACE, ' '))
}
