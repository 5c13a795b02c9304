import { rmSync, statfsSync } from 'node:fs'
import path from 'node:path'
import postgres from 'postgres'
import type { TestProject } from 'vitest/node'
import { startEmbedded } from '../../src/store/embedded-postgres.ts'
import { migrateDatabase } from '../../src/store/migrate.ts'
import { makeRunFolder, systemFolder } from './run-folder.ts'

declare module 'vitest' {
  export interface ProvidedContext {
    /** The test cluster's maintenance database. Tests clone `template` through `test/support/database.ts`. */
    pgUrl: string
  }
}

export const templateName = 'template_patchwarden'

/** One embedded cluster for the whole run, without fsync, with one migrated database to clone. */
export async function setup({ provide }: TestProject): Promise<() => Promise<void>> {
  const folder = makeRunFolder(memory() ?? systemFolder(), 'patchwarden test ')
  const cluster = await startEmbedded({ dataDir: path.join(folder, 'postgres'), durable: false, log: () => {} })
  await makeTemplate(cluster.url)
  provide('pgUrl', cluster.url)
  return async () => {
    await cluster.stop()
    rmSync(cluster.dataDir, { recursive: true, force: true })
    rmSync(folder, { recursive: true, force: true })
  }
}

/** A file system in memory, where there is one with room: the tests copy a database hundreds of times. */
function memory(): string | null {
  const folder = '/dev/shm'
  try {
    const { bavail, bsize } = statfsSync(folder)
    return bavail * bsize > 4e9 ? folder : null
  } catch {
    return null
  }
}

async function makeTemplate(url: string): Promise<void> {
  const sql = postgres(url, { max: 1, onnotice: () => {} })
  await sql`create database ${sql(templateName)}`
  await sql.end()
  await migrateDatabase(databaseUrl(url, templateName))
}

export function databaseUrl(url: string, database: string): string {
  const address = new URL(url)
  address.pathname = `/${database}`
  return address.href
}
