import { writeFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { getCreateIndexesSQL, getCreateTableSQL, getUpdateTimestampTriggerSQL } from '@agendajs/postgres-backend'
import { migrationsFolder } from '../../src/store/migrate.ts'

export const agendaMigrationFile = path.join(migrationsFolder, '0000_agenda.sql')

/**
 * The job queue's tables, from the package's own SQL. Its `ensureSchema` would create them at start, but replicas that
 * start together then collide. `starts` is ours: it counts runs that ended with their process.
 * Written by `npx tsx test/support/agenda-migration.ts`; once released, a change becomes a new migration.
 */
export function agendaMigration(): string {
  const table = 'agenda_jobs'
  const statements = [
    'CREATE SCHEMA IF NOT EXISTS agenda',
    'SET LOCAL search_path TO agenda',
    getCreateTableSQL(table),
    ...getCreateIndexesSQL(table),
    getUpdateTimestampTriggerSQL(table),
    `ALTER TABLE "${table}" ADD COLUMN starts INTEGER NOT NULL DEFAULT 0`,
    'SET LOCAL search_path TO DEFAULT',
  ]
  return `${statements.map(tidy).join('\n--> statement-breakpoint\n')}\n`
}

function tidy(statement: string): string {
  return `${statement.replace(/^\t\t/gm, '').trim().replace(/;$/, '')};`
}

if (process.argv[1] === fileURLToPath(import.meta.url)) writeFileSync(agendaMigrationFile, agendaMigration())
