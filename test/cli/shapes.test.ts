/** What `--json` prints has the shape that command-line.schema.json says, for every command. */

import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { Readable } from 'node:stream'
import { Ajv2020 } from 'ajv/dist/2020.js'
import type { Command } from 'commander'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { commandLine } from '../../src/cli/cli.ts'
import { type ShapeName, shapes, shapesSchema } from '../../src/cli/shapes.ts'
import { linkedAccounts } from '../../src/store/schema.ts'
import { patchwarden } from '../support/command-line.ts'
import { createTestDatabase, type TestDatabase } from '../support/database.ts'

let database: TestDatabase
let folder: string

beforeAll(async () => {
  database = await createTestDatabase()
  folder = await mkdtemp(path.join(tmpdir(), 'patchwarden shapes '))
  vi.stubEnv('DATABASE_URL', database.url)
  vi.stubEnv('PATCHWARDEN_DATA', folder)
  vi.stubEnv('PATCHWARDEN_CONFIG', '')
  vi.stubEnv('LOG_LEVEL', 'silent')
})
afterAll(async () => {
  vi.unstubAllEnvs()
  await database.drop()
  await rm(folder, { recursive: true, force: true })
})

const ajv = new Ajv2020({ strict: false, allErrors: true })
ajv.addSchema({ $id: 'https://patchwarden.example/', ...shapesSchema() })
const seen = new Set<ShapeName>()

/** Runs the command with `--json`. Every line must have the shape. Returns how many lines there were. */
async function hasShape(shape: ShapeName, ...argv: readonly string[]): Promise<number> {
  const check = ajv.compile({ $ref: `https://patchwarden.example/#/$defs/${encodeURIComponent(shape)}` })
  const { out, err } = await patchwarden(...argv, '--json')
  const lines = out.split('\n').filter((line) => line !== '')
  for (const line of lines) {
    const problems = check(JSON.parse(line)) ? [] : check.errors?.map((one) => `${one.instancePath} ${one.message}`)
    expect({ argv, line: problems?.length === 0 ? '' : line.slice(0, 300), problems, err }).toEqual({
      argv,
      line: '',
      problems: [],
      err,
    })
  }
  if (lines.length > 0) seen.add(shape)
  return lines.length
}

async function typing(text: string, shape: ShapeName, ...argv: readonly string[]): Promise<number> {
  const stdin = Object.assign(Readable.from([Buffer.from(text)]), { fd: 0 as const })
  const spy = vi.spyOn(process, 'stdin', 'get').mockReturnValue(stdin as never)
  return hasShape(shape, ...argv).finally(() => spy.mockRestore())
}

test('every command prints what its shape says', { timeout: 240_000 }, async () => {
  const until = new Date(Date.now() + 7 * 86_400_000).toISOString().slice(0, 10)
  expect(await hasShape('sync', 'sync')).toBe(1)
  expect(await hasShape('proposals', 'proposals')).toBe(2)
  expect(await hasShape('plan', 'plan', 'PW-1')).toBe(1)
  await hasShape('report', 'report', 'PW-1')
  await hasShape('explain of a proposal', 'explain', 'PW-1')
  await hasShape('explain', 'explain', 'openssl')
  await hasShape('explain', 'explain', 'CVE-1999-0001')
  await hasShape('act', 'vote', 'PW-1', 'approve', '--as', 'jonas')
  await hasShape('act', 'vote', 'PW-1', 'reject', '--as', 'tom')
  await hasShape('act', 'vote', 'PW-1', 'approve', '--as', 'mara')
  await hasShape('act', 'ask', 'PW-1', '--person', 'tom', '--as', 'mara')
  await hasShape('act', 'freeze', '--team', 'web-platform', '--until', until, '--because', 'a sale', '--as', 'jonas')
  await hasShape('act', 'unfreeze', 'PW-1', '--as', 'mara')
  await hasShape('propose', 'propose', '--team', 'web-platform', '--as', 'priya')
  await hasShape('propose', 'propose', '--team', 'web-platform', '--as', 'mara')
  await hasShape('mine', 'mine', '--as', 'tom')
  await hasShape('running', 'running')
  await hasShape('assets', 'assets', 'PW-1')
  await hasShape('may', 'may', 'approve', 'PW-1', '--as', 'tom')
  await hasShape('windows', 'windows', '--team', 'web-platform')
  await hasShape('assess', 'assess')
  await hasShape('assess --summary', 'assess', '--summary')
  await hasShape('unmanaged', 'unmanaged')
  const linkedAt = '2026-11-28T14:05:00.000Z'
  await database.db.insert(linkedAccounts).values({ platform: 'slack', account: 'U0TOM', person: 'tom', linkedAt })
  await hasShape('accounts', 'accounts')
  await hasShape('accounts revoke', 'accounts', 'revoke', 'slack', 'U0NOBODY')
  await hasShape('audit verify', 'audit', 'verify', '--rebuild')
  await hasShape('check', 'check', '--no-click')
  await hasShape('sign-in', 'sign-in', 'mara')
  await hasShape('sign-out', 'sign-out', 'mara')
  await hasShape('commands', 'commands')
  await hasShape('act', 'withdraw', 'PW-1', '--because', 'a test', '--as', 'mara')
  await hasShape('watch', 'watch', 'PW-1')
  expect(await typing('1.0 1.1\nnonsense\n', 'versions', 'versions', 'dpkg')).toBe(2)
  expect(await typing('{}\n', 'decide', 'decide', 'ssvc-deployer')).toBe(1)
  const load = path.join(folder, 'load.csv')
  await writeFile(load, 'time,value\n2026-01-01T00:00:00Z,1\n')
  await hasShape('load', 'load', load)
  const broken = path.join(folder, 'export.jsonl')
  await writeFile(broken, '{}\n')
  await hasShape('audit verify', 'audit', 'verify', broken)
  const unseen = Object.keys(shapes).filter((name) => !(seen as ReadonlySet<string>).has(name))
  expect(unseen).toEqual([])
})

test('every command that prints takes --json', () => {
  const without = everyCommand(commandLine(() => {}))
    .filter((command) => !command.options.some(({ long }) => long === '--json'))
    .map((command) => command.name())
  // A service, a dialog, JSON Lines already, and scripts for shells.
  expect(without.sort()).toEqual(['complete', 'completion', 'export', 'init', 'start'])
})

function everyCommand(command: Command): readonly Command[] {
  return command.commands.flatMap((one) =>
    one.commands.length === 0 || one.name() === 'accounts' ? [one, ...everyCommand(one)] : everyCommand(one),
  )
}
