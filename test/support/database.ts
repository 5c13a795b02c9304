import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import postgres from 'postgres'
import { afterEach, beforeEach, inject } from 'vitest'
import type { Db } from '../../src/store/connection.ts'
import { connect } from '../../src/store/database.ts'
import { databaseUrl, templateName } from './global-setup.ts'

/** A migrated database of a test's own. */
export interface TestDatabase {
  readonly url: string
  readonly sql: postgres.Sql
  readonly db: Db
  /** Ends the connections and deletes the database. End your own pools first. */
  readonly drop: () => Promise<void>
}

/** Clones the migrated template, in about 40 ms. The caller drops it. */
export async function createTestDatabase(): Promise<TestDatabase> {
  const base = inject('pgUrl')
  const name = `test_${randomUUID().replaceAll('-', '')}`
  await asAdmin(base, (admin) => clone(admin, name))
  const url = databaseUrl(base, name)
  const clients = connect(url, 4)
  return {
    url,
    sql: clients.sql,
    db: clients.db,
    drop: async () => {
      await clients.end()
      await asAdmin(base, (admin) => admin`drop database if exists ${admin(name)} with (force)`)
    },
  }
}

/** A fresh database for each test of the file; read it inside the test with the returned function. */
export function useDatabase(): () => TestDatabase {
  let current: TestDatabase | null = null
  beforeEach(async () => {
    current = await createTestDatabase()
  })
  afterEach(async () => {
    await current?.drop()
    current = null
  })
  return () => {
    if (current === null) throw new Error('The test database exists only while a test runs.')
    return current
  }
}

async function clone(admin: postgres.Sql, name: string): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      await admin`create database ${admin(name)} template ${admin(templateName)}`
      return
    } catch (error) {
      // Two tests copy the template at once, or its last connection is still closing.
      const busy = error instanceof postgres.PostgresError && error.code === '55006'
      if (!busy || attempt === 100) throw error
      await sleep(20)
    }
  }
}

async function asAdmin(url: string, work: (admin: postgres.Sql) => Promise<unknown>): Promise<void> {
  const admin = postgres(url, { max: 1, onnotice: () => {} })
  try {
    await work(admin)
  } finally {
    await admin.end()
  }
}
