import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { consoleUrl } from '../../src/config/console-url.ts'
import { findSession, redeemSignInLink } from '../../src/store/sessions.ts'
import { hashed } from '../../src/web/backend/tokens.ts'
import { patchwarden } from '../support/command-line.ts'
import { createTestDatabase, type TestDatabase } from '../support/database.ts'

let database: TestDatabase
let folder: string

beforeAll(async () => {
  database = await createTestDatabase()
  folder = await mkdtemp(path.join(tmpdir(), 'patchwarden cli '))
  vi.stubEnv('DATABASE_URL', database.url)
  vi.stubEnv('PATCHWARDEN_DATA', folder)
  vi.stubEnv('LOG_LEVEL', 'silent')
  // It comes before what the configuration says.
  vi.stubEnv('PORT', undefined)
})
afterAll(async () => {
  vi.unstubAllEnvs()
  await database.drop()
  await rm(folder, { recursive: true, force: true })
})

async function configured(settings: string): Promise<readonly [string, string]> {
  const file = path.join(folder, 'patchwarden.yaml')
  await writeFile(file, `console: ${settings}\npeople: { mara: { name: Mara }, tom: { name: Tom } }\n`)
  return ['--config', file]
}

test.each([
  ['{ publicUrl: "https://patchwarden.example.net/" }', 'https://patchwarden.example.net'],
  ['{ host: 0.0.0.0, port: 7900 }', 'http://127.0.0.1:7900'],
  ['{ host: "::1" }', 'http://[::1]:7878'],
])('with the console at %s a sign-in link begins with %s', async (settings, base) => {
  const { code, out } = await patchwarden(...(await configured(settings)), 'sign-in', 'tom')
  expect(code).toBe(0)
  expect(out.slice(0, out.indexOf('/sign-in'))).toBe(base)
  expect(out).toMatch(/\/sign-in\?token=[\w-]{32}\n$/)
})

test('the address that people use comes before the one where it listens', () => {
  const console = { host: '127.0.0.1', port: 0, publicUrl: 'https://patchwarden.example.net' }
  expect(consoleUrl({ console }, 'http://127.0.0.1:4711')).toBe('https://patchwarden.example.net')
  expect(consoleUrl({ console: { ...console, publicUrl: null } }, 'http://127.0.0.1:4711')).toBe(
    'http://127.0.0.1:4711',
  )
})

test('sign-out ends the sessions of a person, and the links they have not used', async () => {
  const config = await configured('{}')
  const { db } = database
  const now = new Date().toISOString()
  const begun = { tokenHash: 'session', createdAt: now, expiresAt: '2999-01-01T00:00:00.000Z' }
  const token = async () => (await patchwarden(...config, 'sign-in', 'mara')).out.trim().split('=')[1] ?? ''
  expect(await redeemSignInLink(db, hashed(await token()), begun, false)).toBe(true)
  const unused = hashed(await token())
  const other = await patchwarden(...config, 'sign-out', 'tom')
  expect(other.out).toBe('tom is signed out.\n')
  expect(await findSession(db, 'session', { now, example: false })).not.toBeNull()
  expect(await patchwarden(...config, 'sign-out', 'mara')).toMatchObject({ code: 0, out: 'mara is signed out.\n' })
  expect(await findSession(db, 'session', { now, example: false })).toBeNull()
  expect(await redeemSignInLink(db, unused, begun, false)).toBe(false)
  const nobody = await patchwarden(...config, 'sign-out', 'maria')
  expect(nobody).toMatchObject({ code: 2, err: expect.stringContaining('There is no person "maria"') })
})

test('a fault of ours is told with the place where it came about, and without what was to be stored', async () => {
  const config = await configured('{}')
  await database.db.execute("alter table sign_in_links add constraint broken check (person = '')")
  const { code, err } = await patchwarden(...config, 'sign-in', 'mara')
  expect(code).toBe(70)
  expect(err).toContain('violates check constraint')
  expect(err).toMatch(/\n {4}at /)
  expect(err).not.toMatch(/[0-9a-f]{64}|command line/)
})
