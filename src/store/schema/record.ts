/** The audit record, which only grows, and who is who in it. */

import { sql } from 'drizzle-orm'
import { bigserial, boolean, index, integer, pgSchema, pgTable, smallint, text, uniqueIndex } from 'drizzle-orm/pg-core'
import { bytes, instant } from './column-types.ts'

export const audit = pgSchema('audit')

/**
 * True for an entry that says what people decided and did. Entries about what was known of feeds, assets and flaws are
 * left out: they are far more numerous. The server uses the index only for a query that contains exactly this text.
 */
export const isDecided = sql`stream !~ '^(assets:|feeds$|findings:)'`

/** The entries of the record. core/record/entry.ts describes their form. */
export const entries = audit.table(
  'entries',
  {
    id: bigserial('id', { mode: 'number' }).primaryKey(),
    stream: text('stream').notNull(),
    seq: integer('seq').notNull(),
    /** The text that is hashed, byte for byte; it never changes. */
    entry: text('entry').notNull(),
    hash: text('hash').notNull(),
    /** What stands beside the entry, and can be erased together with its salt: names, words, accounts, addresses. */
    salt: text('salt'),
    beside: text('beside'),
  },
  (table) => [
    uniqueIndex('entries_stream_seq').on(table.stream, table.seq),
    index('entries_decided').on(table.id).where(isDecided),
  ],
)

/** The person behind each pseudonym in entries. */
export const persons = pgTable('persons', {
  pseudonym: text('pseudonym').primaryKey(),
  /** Id in the configuration; `null`: erased. */
  person: text('person').unique(),
  name: text('name'),
})

/** One row. `version` gets a new text whenever `persons` changes; no other database has the same text. */
export const personsVersion = pgTable('persons_version', {
  one: boolean('one').primaryKey().default(true),
  version: text('version').notNull(),
})

/** Events that earlier versions wrote; no more are added. Times and bodies are text, byte for byte what was hashed. */
export const events = audit.table(
  'events',
  {
    position: bigserial('position', { mode: 'number' }).primaryKey(),
    stream: text('stream').notNull(),
    seq: integer('seq').notNull(),
    at: text('at').notNull(),
    actor: text('actor').notNull(),
    event: text('event').notNull(),
    prev: text('prev').notNull(),
    hash: text('hash').notNull(),
  },
  (table) => [uniqueIndex('events_stream_seq').on(table.stream, table.seq)],
)

/** Content that events name by its hash, as core/content.ts describes it. It never changes. */
export const content = audit.table(
  'content',
  {
    hash: bytes('hash').primaryKey(),
    kind: smallint('kind').notNull(),
    format: smallint('format').notNull(),
    /** Canonical JSON, byte for byte what was hashed. */
    text: text('text').notNull(),
    madeAt: instant('made_at').notNull(),
    /** `null`: it does not expire. It is kept for ever once an event names it. */
    expiresAt: instant('expires_at'),
    /** 0, 1 or 2, as store/content.ts describes it. */
    kept: smallint('kept').notNull().default(0),
  },
  (table) => [
    index('content_expires').on(table.expiresAt).where(sql`expires_at is not null`),
    index('content_unkept').on(table.kept, table.madeAt).where(sql`kept < 2 and expires_at is null`),
  ],
)

export const checkpoints = audit.table('checkpoints', {
  number: integer('number').primaryKey(),
  at: text('at').notNull(),
  heads: text('heads').notNull(),
  prev: text('prev').notNull(),
  hash: text('hash').notNull(),
})
