/** Whatever stands on the command line: a sentence and an exit code come back, no stack trace, and it ends. */

import { execFileSync } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { Readable } from 'node:stream'
import type { Command } from 'commander'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { commandLine } from '../../src/cli/cli.ts'
import { patchwarden } from '../support/command-line.ts'
import { createTestDatabase, type TestDatabase } from '../support/database.ts'

let database: TestDatabase
let folder: string

beforeAll(async () => {
  database = await createTestDatabase()
  folder = await mkdtemp(path.join(tmpdir(), 'patchwarden hostile '))
  vi.stubEnv('DATABASE_URL', database.url)
  vi.stubEnv('PATCHWARDEN_DATA', folder)
  vi.stubEnv('PATCHWARDEN_CONFIG', '')
  vi.stubEnv('LOG_LEVEL', 'silent')
  await writeFile(path.join(folder, 'empty'), '')
  await writeFile(path.join(folder, 'bytes'), Buffer.from([0, 255, 254, 31, 139, 8, 0, 1, 2, 3]))
  await writeFile(path.join(folder, 'deep'), '['.repeat(10_000) + ']'.repeat(10_000))
  await writeFile(path.join(folder, 'gzip'), Buffer.from([0x1f, 0x8b, 8, 0, 0]))
  execFileSync('mkfifo', [path.join(folder, 'pipe')])
  await patchwarden('sync')
}, 60_000)
afterAll(async () => {
  vi.unstubAllEnvs()
  await database.drop()
  await rm(folder, { recursive: true, force: true })
})

/** Commands that go on until they are stopped, or ask outside. */
const goesOn = ['start', 'init', 'check', 'sync', 'help', 'audit']

const texts = ['', 'a\0b', '\ud800', '__proto__', 'x'.repeat(100_000), '\u001b[2J']
const times = [
  '99999-01-01',
  '+275760-09-13',
  '-271821-04-20',
  'Infinity',
  '1e300',
  '2026-13-45',
  '2026-11-24T25:00:00Z',
]
const numbers = ['1e9', '-1', '0', 'NaN', 'Infinity', '0x10', '1.5', '99999999999999999999', '']

function files(): readonly string[] {
  return ['empty', 'bytes', 'deep', 'gzip', 'pipe', '', 'nothing']
    .map((name) => path.join(folder, name))
    .concat('/dev/zero', '/dev/null')
}

/** What an option is tried with: those of its kind, and two of any. */
function valuesFor(flags: string, index: number): readonly string[] {
  const any = [texts[index % texts.length] ?? '', texts[(index + 3) % texts.length] ?? '']
  if (/count|wait/.test(flags)) return numbers
  if (/until|from/.test(flags)) return [...times, ...any]
  if (/<file>|<folder>|table|picture|inventory/.test(flags)) return [...files(), ...any]
  return any
}

const good: Readonly<Record<string, string>> = {
  proposal: 'PW-1',
  choice: 'approve',
  name: 'openssl',
  person: 'mara',
  what: 'load.csv',
  table: 'ssvc-deployer',
  scheme: 'dpkg',
}

function commands(): readonly Command[] {
  return commandLine(() => undefined).commands.filter((command) => !goesOn.includes(command.name()))
}

async function expectSentence(argv: readonly string[]): Promise<void> {
  const shown = JSON.stringify(argv.map((word) => word.slice(0, 60)))
  vi.spyOn(process, 'stdin', 'get').mockReturnValue(
    Object.assign(Readable.from(['1 2\n']), { fd: 0 as const }) as never,
  )
  const ended = await patchwarden(...argv).catch((error: unknown) => ({
    code: -1,
    out: '',
    err: String(error instanceof Error ? error.stack : error),
  }))
  expect([0, 1, 2], `${shown}: ${ended.err.slice(0, 2_000)}`).toContain(ended.code)
  expect(ended.err, shown).not.toMatch(/\n\s+at |TypeError|RangeError|Failed query/)
  if (ended.code !== 2) return
  expect(ended.err.trim().split('\n').length, `${shown}: ${ended.err.slice(0, 500)}`).toBe(1)
  expect(ended.err.length, shown).toBeLessThan(1_500)
}

test.each(commands().map((command, turn) => [command.name(), command, turn] as const))(
  '%s',
  { timeout: 300_000 },
  async (name, command, turn) => {
    // Commands share their code: half of the texts for each, the other half for the next.
    const some = texts.filter((_, index) => index % 2 === turn % 2)
    const words = command.registeredArguments.map((argument) => good[argument.name()] ?? 'x')
    const as = command.options.some(({ long }) => long === '--as') ? ['--as', 'mara'] : []
    for (const [place, argument] of command.registeredArguments.entries()) {
      const tried = /what|table|file/.test(argument.name()) ? [...texts, ...files()] : some
      for (const word of tried) await expectSentence([name, ...as, '--', ...words.with(place, word)])
    }
    for (const [index, option] of command.options.entries()) {
      if (!option.required || option.long === '--as') continue
      for (const value of valuesFor(option.flags, index))
        await expectSentence([name, ...as, `${option.long}=${value}`, ...words])
    }
    if (as.length > 0) for (const value of texts.slice(0, 2)) await expectSentence([name, `--as=${value}`, ...words])
  },
)
