import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import postgres from 'postgres'
import { afterEach, beforeEach, expect, inject, test } from 'vitest'
import { migrateDatabase, migrationsFolder } from '../../src/store/migrate.ts'
import { agendaMigration, agendaMigrationFile } from '../support/agenda-migration.ts'
import { createTestDatabase, type TestDatabase } from '../support/database.ts'

let folder: string
let database: TestDatabase

beforeEach(async () => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'patchwarden migrations '))
  cpSync(migrationsFolder, folder, { recursive: true })
  database = await createTestDatabase()
})

afterEach(async () => {
  await database.drop()
  rmSync(folder, { recursive: true, force: true })
})

interface JournalEntry {
  tag: string
  when: number
}

function changeJournal(change: (entries: JournalEntry[]) => void): void {
  const file = path.join(folder, 'meta', '_journal.json')
  const journal = JSON.parse(readFileSync(file, 'utf8'))
  change(journal.entries)
  writeFileSync(file, JSON.stringify(journal))
}

function addMigration(tag: string, when: number, content: string): void {
  writeFileSync(path.join(folder, `${tag}.sql`), content)
  changeJournal((entries) => entries.push({ ...entries[0], tag, when }))
}

const later = Date.parse('2100-01-01T00:00:00Z')

test('a new migration is applied once, however many processes start at once', async () => {
  addMigration('9000_new', later, 'create table added (id int); insert into added values (1)')
  await Promise.all(Array.from({ length: 8 }, () => migrateDatabase(database.url, folder)))
  expect(await database.sql`select id from added`).toEqual([{ id: 1 }])
})

test('a first migration by eight processes at once succeeds in each', async () => {
  const admin = postgres(inject('pgUrl'), { max: 1 })
  const name = `empty_${process.pid}`
  await admin`create database ${admin(name)}`
  const url = new URL(inject('pgUrl'))
  url.pathname = `/${name}`
  await Promise.all(Array.from({ length: 8 }, () => migrateDatabase(url.href, folder)))
  await admin`drop database ${admin(name)} with (force)`
  await admin.end()
})

test('an applied migration that was edited is refused', async () => {
  writeFileSync(path.join(folder, '0000_agenda.sql'), `${agendaMigration()}-- a late thought\n`)
  await expect(migrateDatabase(database.url, folder)).rejects.toThrow(
    'Migration 0000_agenda was changed after this database applied it.',
  )
})

test('a migration older than the last applied one is refused, not skipped', async () => {
  addMigration('9000_branch_a', later, 'create table from_a (id int)')
  await migrateDatabase(database.url, folder)
  changeJournal((entries) => entries.splice(-1))
  addMigration('9000_branch_b', later - 1, 'create table from_b (id int)')
  addMigration('9001_branch_a', later, 'create table from_a (id int)')
  await expect(migrateDatabase(database.url, folder)).rejects.toThrow(
    'Migration 9000_branch_b is older than the last one this database applied, so it would be skipped.',
  )
})

test('a journal whose times do not rise is refused before anything is applied', async () => {
  addMigration('9000_later', later, 'create table one (id int)')
  addMigration('9001_earlier', later - 1, 'create table two (id int)')
  await expect(migrateDatabase(database.url, folder)).rejects.toThrow(
    /9001_earlier .* is not newer than the one before/,
  )
  expect(await database.sql`select to_regclass('one') as one`).toEqual([{ one: null }])
})

test('a database of a newer program is refused', async () => {
  addMigration('9000_newer', later, 'create table newer (id int)')
  await migrateDatabase(database.url, folder)
  await expect(migrateDatabase(database.url)).rejects.toThrow('migrated by a newer Patchwarden')
})

test('a migration that fails leaves nothing of itself', async () => {
  addMigration('9000_fails', later, 'create table half (id int);\n--> statement-breakpoint\nselect 1 / 0')
  await expect(migrateDatabase(database.url, folder)).rejects.toThrow()
  expect(await database.sql`select to_regclass('half') as half`).toEqual([{ half: null }])
})

test("the queue's tables are those of the installed package", () => {
  expect(readFileSync(agendaMigrationFile, 'utf8')).toBe(agendaMigration())
})
