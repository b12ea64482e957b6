import { createHash } from 'node:crypto'
import { mkdirSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, describe, expect, test } from 'vitest'
import { readDataFile } from './read-data-file.ts'

const folder = mkdtempSync(join(tmpdir(), 'doorbuster-data-'))
afterAll(() => rmSync(folder, { recursive: true }))

function reading(kind: 'csv' | 'json', content: string | Uint8Array) {
  const file = `data.${kind}`
  writeFileSync(join(folder, file), content)
  return readDataFile(folder, { kind, file }, createHash('sha256'))
}

function entriesOf(kind: 'csv' | 'json', content: string | Uint8Array) {
  const read = reading(kind, content)
  return read.ok ? read.entries : read.problems
}

function problemsOf(kind: 'csv' | 'json', content: string | Uint8Array) {
  const read = reading(kind, content)
  return read.ok ? [] : read.problems.map(({ expected, got }) => `${expected}: ${got}`)
}

describe('a CSV file', () => {
  test('is its rows by the names in its first line, every value a text', () => {
    expect(entriesOf('csv', 'id,name\n007,Ann\n8,\n')).toEqual([
      { id: '007', name: 'Ann' },
      { id: '8', name: '' },
    ])
  })

  test('may begin with a byte order mark, end its lines in any way, and hold empty lines', () => {
    const rows = [
      { id: '1', name: 'Ann' },
      { id: '2', name: 'Zoë' },
    ]
    for (const text of [
      '\uFEFFid,name\r\n1,Ann\r\n2,Zoë\r\n',
      'id,name\r\n1,Ann\n2,Zoë',
      'id,name\r1,Ann\r2,Zoë\r',
      '\nid,name\n\n1,Ann\n2,Zoë\n\n\n',
    ]) {
      expect(entriesOf('csv', text)).toEqual(rows)
    }
  })

  test('gives back whatever was quoted as RFC 4180 has it', () => {
    const field = fc.string({ unit: fc.constantFrom('"', ',', '\n', '\r\n', ' ', 'a', 'é', '🛒') })
    const name = fc.stringMatching(/^[a-z"',\n]{0,6}[a-z]$/)
    const quoted = (value: string) => `"${value.replaceAll('"', '""')}"`
    fc.assert(
      fc.property(
        fc.uniqueArray(name, { minLength: 1, maxLength: 4 }).chain((names) =>
          fc.tuple(
            fc.constant(names),
            fc.array(fc.array(field, { minLength: names.length, maxLength: names.length }), {
              minLength: 1,
              maxLength: 5,
            }),
          ),
        ),
        ([names, rows]) => {
          const text = [names, ...rows].map((line) => line.map(quoted).join(',')).join('\r\n')
          expect(entriesOf('csv', text)).toEqual(
            rows.map((row) => Object.fromEntries(row.map((value, i) => [names[i], value]))),
          )
        },
      ),
    )
  })

  test('with rows of another length says which lines, the first few of many', () => {
    expect(problemsOf('csv', 'a,b\n1,2\n"x\ny"\n3,4\n5,6,7\n')).toEqual([
      '2 columns in every row of data.csv, as in its header: 1 in line 4',
      '2 columns in every row of data.csv, as in its header: 3 in line 6',
    ])
    const semicolons = problemsOf('csv', `a,b\n${'1;2\n'.repeat(90)}`)
    expect(semicolons).toHaveLength(6)
    expect(semicolons.at(-1)).toContain('85 more such lines')
  })

  test('with a quote out of place says where, once', () => {
    expect(problemsOf('csv', 'a,b\n1,2\n"never closed,3\n4,5\n')).toEqual([
      expect.stringMatching(/a quote that is never closed in line 3$/),
    ])
    expect(problemsOf('csv', 'a,b\n"never closed,3\n4,5\n')).toEqual([expect.stringMatching(/in line 2$/)])
    expect(problemsOf('csv', 'a,b\n1,2\n"x"y,3\n4,5\n6\n')).toEqual([
      expect.stringMatching(/text behind a closing quote in line 3$/),
    ])
    expect(problemsOf('csv', 'a,b\n1 "x" y, "2"\n3,4\n')).toEqual([
      expect.stringMatching(/a quote in the middle of a field in line 2$/),
    ])
  })

  test('with columns of no name, or of one name, says which', () => {
    expect(problemsOf('csv', 'a,,b,a, \n1,2,3,4,5\n')).toEqual([
      expect.stringMatching(/none for column 2$/),
      expect.stringMatching(/"a" again$/),
      expect.stringMatching(/none for column 5$/),
    ])
  })

  test('with nothing in it is a problem', () => {
    expect(problemsOf('csv', '')).toEqual([expect.stringMatching(/at least one row.*: an empty file$/)])
    expect(problemsOf('csv', '\r\n\r\n')).toEqual([expect.stringMatching(/an empty file$/)])
    expect(problemsOf('csv', 'a,b\n')).toEqual([expect.stringMatching(/a header and nothing else$/)])
  })

  test('may have a column called __proto__, which is a name like any other', () => {
    const [row] = entriesOf('csv', '__proto__,b\n1,2\n')
    expect(Object.entries(row!)).toEqual([
      ['__proto__', '1'],
      ['b', '2'],
    ])
  })
})

describe('a JSON file', () => {
  test('is what its list holds, with or without a byte order mark', () => {
    expect(entriesOf('json', '\uFEFF[1, "two", {"three": [3]}, null]')).toEqual([
      1,
      'two',
      { three: [3] },
      null,
    ])
  })

  test.each([
    ['[1,\n2,\n,3]', 3],
    ['[{"a": 1},\n{"a": 2},]', 2],
    ['[\n// a comment\n1]', 2],
    ['[1,\n2', 2],
    ['[1]\n[2]', 2],
    ["[1,\n'a']", 2],
  ])('that is malformed says in which line: %j', (text, line) => {
    expect(problemsOf('json', text)).toEqual([
      expect.stringMatching(new RegExp(`^valid JSON in data\\.json: .+ in line ${line}$`)),
    ])
  })

  test('that holds no list, or nothing, is a problem', () => {
    expect(problemsOf('json', '{"users": []}')).toEqual([expect.stringMatching(/an object with users$/)])
    expect(problemsOf('json', '[]')).toEqual([expect.stringMatching(/an empty list$/)])
    expect(problemsOf('json', ' \n')).toEqual([expect.stringMatching(/an empty file$/)])
  })
})

describe('any file', () => {
  const problem = (file: string) => {
    const read = readDataFile(folder, { kind: 'csv', file }, createHash('sha256'))
    return read.ok ? '' : read.problems.map(({ expected, got }) => `${expected}: ${got}`).join()
  }

  test('that is not there, or is a folder, says where it was looked for', () => {
    mkdirSync(join(folder, 'sub'))
    expect(problem('nowhere.csv')).toBe(`a file at ${join(folder, 'nowhere.csv')}: none`)
    expect(problem('sub')).toContain('a folder')
    expect(problem('no\0where')).toContain('that can be read')
  })

  test('of more than 64 MB is not read', () => {
    writeFileSync(join(folder, 'huge.csv'), '')
    truncateSync(join(folder, 'huge.csv'), 64 * 2 ** 20 + 1)
    expect(problem('huge.csv')).toBe(`a file of at most 64 MB at ${join(folder, 'huge.csv')}: 65 MB`)
  })

  test('of more than 1,000,000 entries is too long', () => {
    expect(problemsOf('json', `[${'0,'.repeat(1_000_000)}0]`)).toEqual([
      'at most 1,000,000 entries in data.json: 1000001',
    ])
    expect(reading('json', `[${'0,'.repeat(999_999)}0]`).ok).toBe(true)
  })

  test('in another encoding is not taken for text', () => {
    expect(problemsOf('csv', Buffer.from('\uFEFFid,name\n1,Ann\n', 'utf16le'))).toEqual([
      'text in UTF-8 in data.csv: other bytes',
    ])
    expect(problemsOf('json', Buffer.from('["Zo\xeb"]', 'latin1'))).toHaveLength(1)
  })

  test('gives entries that no shopper can change for the others', () => {
    const frozen = (kind: 'csv' | 'json', content: string, change: (entry: never) => void) =>
      expect(() => change(entriesOf(kind, content)[0] as never)).toThrow(TypeError)
    frozen('csv', 'a\n1\n', (row: { a: string }) => {
      row.a = '2'
    })
    frozen('json', '[{"in":{"a":[1]}}]', (entry: { in: { a: number[] } }) => entry.in.a.push(2))
  })

  test('goes into the hash with every byte', () => {
    const hashOf = (content: string) => {
      writeFileSync(join(folder, 'hashed.csv'), content)
      const hash = createHash('sha256')
      readDataFile(folder, { kind: 'csv', file: 'hashed.csv' }, hash)
      return hash.digest('hex')
    }
    expect(hashOf('a\n1\n')).toBe(hashOf('a\n1\n'))
    expect(hashOf('a\n1\n')).not.toBe(hashOf('a\r\n1\n'))
  })
})
