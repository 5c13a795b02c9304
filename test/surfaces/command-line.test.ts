/** What `may` says somebody may do is what the command for it does. */

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { patchwarden } from '../support/command-line.ts'
import { createTestDatabase, type TestDatabase } from '../support/database.ts'

let database: TestDatabase
let folder: string

beforeAll(async () => {
  database = await createTestDatabase()
  folder = await mkdtemp(path.join(tmpdir(), 'patchwarden may '))
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

const until = new Date(Date.now() + 7 * 86_400_000).toISOString().slice(0, 10)

test('the labelled example, in words that are typed', { timeout: 240_000 }, async () => {
  expect((await patchwarden('sync')).code).toBe(0)
  const said: (readonly [string, number, number])[] = []
  for (const [act, person, command] of [
    ['abstain', 'jonas', ['vote', 'PW-1', 'abstain']],
    ['freeze', 'jonas', ['freeze', 'PW-1', '--until', until, '--because', 'the sale']],
    ['approve', 'tom', ['vote', 'PW-1', 'approve']],
  ] as const) {
    const may = await patchwarden('may', act, 'PW-1', '--as', person)
    const done = await patchwarden(...command, '--as', person)
    said.push([`${act} by ${person}`, may.code, done.code])
  }
  expect(said).toEqual([
    ['abstain by jonas', 1, 1],
    ['freeze by jonas', 0, 0],
    ['approve by tom', 0, 0],
  ])
})
