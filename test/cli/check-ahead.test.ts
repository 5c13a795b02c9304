/** `patchwarden check` of a new version, before anything is upgraded. */

import { randomUUID } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import path from 'node:path'
import postgres from 'postgres'
import { afterEach, beforeEach, expect, inject, test, vi } from 'vitest'
import { migrateDatabase } from '../../src/store/migrate.ts'
import { small } from '../config/small.ts'
import { patchwarden } from '../support/command-line.ts'
import { migrationNames, migrationsWithout } from '../support/earlier-migrations.ts'
import { databaseUrl } from '../support/global-setup.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

const name = `check_${randomUUID().replaceAll('-', '')}`
/** What the next start applies: among them one that there is no way back from. */
const ahead = migrationNames().slice(migrationNames().indexOf('0019_next-look'))
const url = () => databaseUrl(inject('pgUrl'), name)

beforeEach(async () => {
  await asked(inject('pgUrl'), `create database ${name}`)
  const folder = temporaryFolder('check-ahead')
  await migrateDatabase(url(), migrationsWithout(path.join(folder, 'migrations'), ahead.length))
  vi.stubEnv('DATABASE_URL', url())
  vi.stubEnv('PATCHWARDEN_DATA', path.join(folder, 'data'))
  const config = path.join(folder, 'patchwarden.yaml')
  const catalog = path.resolve('examples/catalog.json')
  writeFileSync(
    config,
    `${small.slice(0, small.indexOf('sources:'))}feeds: { local: { kind: file-catalog, path: ${catalog} } }\n`,
  )
  vi.stubEnv('PATCHWARDEN_CONFIG', config)
  vi.stubEnv('LOG_LEVEL', 'silent')
})
afterEach(async () => {
  vi.unstubAllEnvs()
  await asked(inject('pgUrl'), `drop database ${name} with (force)`)
})

async function asked(at: string, text: string): Promise<readonly postgres.Row[]> {
  const sql = postgres(at, { max: 1, onnotice: () => {} })
  try {
    return await sql.unsafe(text)
  } finally {
    await sql.end()
  }
}

/** Whatever is in it: tables with their rows, as text. */
async function content(): Promise<string> {
  const tables = await asked(
    url(),
    `select format('%I.%I', schemaname, tablename) as name from pg_tables
      where schemaname not in ('pg_catalog', 'information_schema') order by 1`,
  )
  const rows = tables.map(async ({ name: table }) => [table, await asked(url(), `select * from ${table}`)])
  return JSON.stringify(await Promise.all(rows))
}

test('it says what the next start does to the database, asks others but chat, and leaves the database as it is', async () => {
  const before = await content()
  vi.stubEnv('SLACK_BOT_TOKEN', 'xoxb-1')
  vi.stubEnv('SLACK_APP_TOKEN', 'xapp-1')
  const { code, out, err } = await patchwarden('check')
  expect({ code, err }).toEqual({ code: 0, err: '' })
  expect(await content()).toBe(before)
  const what = `the next start applies ${ahead.length} migrations to it: ${ahead.join(', ')}`
  expect(out).toMatch(new RegExp(`^ok {3}database 127\\.0\\.0\\.1:\\d+/check_\\w+: ${what}$`, 'm'))
  expect(out).toContain('The only way back to an earlier version is a copy of the database')
  expect(out).toMatch(/^ok {3}feed local: /m)
  expect(out).toContain('Chat platforms were not asked: ')
})
