import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { drizzle } from 'drizzle-orm/postgres-js'
import { migrate } from 'drizzle-orm/postgres-js/migrator'
import postgres from 'postgres'
import { z } from 'zod'
import { patience } from './connection.ts'

const journalShape = z.object({ entries: z.array(z.object({ tag: z.string(), when: z.number() })) })

/** Migrations that change how things are stored. The only way back from them is a copy of the database. */
export const noWayBack: readonly string[] = [
  '0017_light-decisions',
  '0018_starts',
  '0020_entries',
  '0024_inventory-by-difference',
  '0026_feed-changes',
  '0039_judged-flaws',
]

/** How long we wait for another process that migrates. It may take its time, but it may also hang. */
const lockMs = '600000'

/** The folder of the migrations. It is found in the same way from the sources and from the build. */
export const migrationsFolder = fileURLToPath(new URL('../../migrations', import.meta.url))

/** Which migrations there are; tests have their own. */
export interface Migrations {
  readonly folder: string
  readonly noWayBack: readonly string[]
}

const ours: Migrations = { folder: migrationsFolder, noWayBack }

/** What a start would do to a database. */
export interface Ahead {
  /** No migration was ever applied to the database, so it has nothing to lose. */
  readonly fresh: boolean
  /** Names of the migrations that are still to be applied, in order. */
  readonly pending: readonly string[]
  /** The first of these without a way back; `null`: none, or the database is fresh. */
  readonly noWayBack: string | null
}

interface Migration {
  readonly tag: string
  /** Milliseconds since 1970; drizzle applies only migrations that are newer than the last one applied. */
  readonly when: number
  readonly hash: string
}

interface Applied {
  readonly hash: string
  readonly when: number
}

/**
 * Brings the database up to date. Any number of processes may call it at once: a session lock lets one work, and the
 * others find nothing to do. Throws a sentence for what drizzle would silently pass over: a migration that was edited
 * after it was applied, one that is older than the last one applied, and a database newer than this program.
 * `onNoWayBack` is called just before a migration without a way back is applied.
 */
export async function migrateDatabase(
  url: string,
  folder: string = migrationsFolder,
  given: { readonly noWayBack?: readonly string[]; readonly onNoWayBack?: (migration: string) => void } = {},
): Promise<void> {
  const migrations = readMigrations(folder)
  // One connection, so that the lock and the migrations share a session; ending it frees the lock.
  const sql = postgres(url, {
    max: 1,
    ...patience,
    fetch_types: false,
    onnotice: () => {},
    connection: { application_name: 'patchwarden migrate' },
  })
  try {
    await setLockTimeout(sql)
    await sql`select pg_advisory_lock(hashtextextended('patchwarden:migrate', 0))`
    const before = await appliedMigrations(sql)
    checkHistory(migrations, before)
    const { noWayBack: passed } = ahead(migrations, before, given.noWayBack ?? noWayBack)
    if (passed !== null) given.onNoWayBack?.(passed)
    await migrate(drizzle(sql), { migrationsFolder: folder })
    const applied = await appliedMigrations(sql)
    const missing = migrations.filter(({ hash }) => !applied.some((row) => row.hash === hash))
    if (missing.length > 0) throw new Error(`Migrations were not applied: ${missing.map(({ tag }) => tag).join(', ')}.`)
  } finally {
    await sql.end({ timeout: 5 })
  }
}

/** Set by a statement, because a pooler refuses it as an option of the connection. */
async function setLockTimeout(sql: postgres.Sql): Promise<void> {
  await sql`select set_config('lock_timeout', ${lockMs}, false)`
}

/**
 * Finds out what is still to be applied, and changes nothing. If another process is applying migrations at this moment,
 * it waits for that. Throws the same errors as `migrateDatabase`.
 */
export async function migrationsAhead(url: string, given: Migrations = ours): Promise<Ahead> {
  const migrations = readMigrations(given.folder)
  const sql = postgres(url, { max: 1, ...patience, fetch_types: false, onnotice: () => {} })
  try {
    await setLockTimeout(sql)
    await sql`select pg_advisory_lock_shared(hashtextextended('patchwarden:migrate', 0))`
    const applied = await appliedMigrations(sql)
    checkHistory(migrations, applied)
    return ahead(migrations, applied, given.noWayBack)
  } finally {
    await sql.end({ timeout: 5 })
  }
}

function ahead(migrations: readonly Migration[], applied: readonly Applied[], listed: readonly string[]): Ahead {
  const missing = migrations.filter(({ hash }) => !applied.some((row) => row.hash === hash))
  const pending = missing.map(({ tag }) => tag)
  const fresh = applied.length === 0
  return { fresh, pending, noWayBack: (fresh ? undefined : pending.find((tag) => listed.includes(tag))) ?? null }
}

function readMigrations(folder: string): readonly Migration[] {
  const journal = path.join(folder, 'meta', '_journal.json')
  const { entries } = journalShape.parse(JSON.parse(readFileSync(journal, 'utf8')))
  let last = 0
  return entries.map(({ tag, when }) => {
    if (when <= last) {
      throw new Error(
        `Migration ${tag} in ${journal} is not newer than the one before it, so databases that have that one would never get it. Generate it again.`,
      )
    }
    last = when
    const content = readFileSync(path.join(folder, `${tag}.sql`), 'utf8')
    return { tag, when, hash: createHash('sha256').update(content).digest('hex') }
  })
}

async function appliedMigrations(sql: postgres.Sql): Promise<readonly Applied[]> {
  const [table] = await sql<{ exists: boolean }[]>`
    select to_regclass('drizzle.__drizzle_migrations') is not null as exists`
  if (table?.exists !== true) return []
  const rows = await sql<{ hash: string; created_at: string }[]>`
    select hash, created_at from drizzle.__drizzle_migrations order by created_at`
  return rows.map((row) => ({ hash: row.hash, when: Number(row.created_at) }))
}

function checkHistory(migrations: readonly Migration[], applied: readonly Applied[]): void {
  const newestApplied = applied.at(-1)?.when ?? 0
  for (const { tag, when, hash } of migrations) {
    if (when > newestApplied || applied.some((row) => row.hash === hash)) continue
    if (applied.some((row) => row.when === when)) {
      throw new Error(
        `Migration ${tag} was changed after this database applied it. Restore the file and put the change into a new migration.`,
      )
    }
    throw new Error(
      `Migration ${tag} is older than the last one this database applied, so it would be skipped. Generate it again, so that it comes last.`,
    )
  }
  const newestKnown = migrations.at(-1)?.when ?? 0
  if (newestApplied > newestKnown) {
    throw new Error(
      'This database was migrated by a newer Patchwarden. Update this one, or restore a backup made before the update.',
    )
  }
}
