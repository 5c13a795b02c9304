import { cpSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { migrationsFolder } from '../../src/store/migrate.ts'

/** Writes the migrations to a folder without the last `count` of them, and with `more` after them, by name. Returns it. */
export function migrationsWithout(to: string, count: number, more: Readonly<Record<string, string>> = {}): string {
  cpSync(migrationsFolder, to, { recursive: true })
  const file = path.join(to, 'meta', '_journal.json')
  const journal = JSON.parse(readFileSync(file, 'utf8'))
  const entries = journal.entries.slice(0, journal.entries.length - count)
  for (const [tag, content] of Object.entries(more)) {
    writeFileSync(path.join(to, `${tag}.sql`), content)
    entries.push({ ...entries.at(-1), tag, when: Date.parse('2100-01-01T00:00:00Z') + entries.length })
  }
  writeFileSync(file, JSON.stringify({ ...journal, entries }))
  return to
}

/** Names of all migrations, oldest first. */
export function migrationNames(): readonly string[] {
  const journal = JSON.parse(readFileSync(path.join(migrationsFolder, 'meta', '_journal.json'), 'utf8'))
  return journal.entries.map(({ tag }: { readonly tag: string }) => tag)
}
