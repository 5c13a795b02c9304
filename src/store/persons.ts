/**
 * The register of persons: who is behind each pseudonym in the record. The stream `persons` says when somebody was
 * added. Names and ids stand beside its entries, and in the table `persons`.
 */

import { randomBytes, randomUUID } from 'node:crypto'
import { and, eq, inArray, sql } from 'drizzle-orm'
import type { AuditProblem } from '../core/audit.ts'
import { errorText } from '../core/error-text.ts'
import { COMMAND_LINE } from '../core/hands.ts'
import type { PersonEntry, PersonRow } from '../core/person-record.ts'
import type { Actor } from '../core/proposal/proposal.ts'
import { readBeside, readEntry } from '../core/record/entry.ts'
import { type Person, type Register, registerOf } from '../core/record/register.ts'
import { slices } from './bulk.ts'
import type { Db, Queryable, Tx } from './connection.ts'
import { appendToStream, type NewEntry } from './entries.ts'
import { entries, persons, personsVersion } from './schema.ts'
import { inTransaction } from './transaction.ts'

/** A register as it was at one moment. */
export interface VersionedRegister extends Register {
  readonly version: string
}

export const PERSONS = 'persons'

/** The version of the register, as part of another statement. */
export const registerVersion = sql<string>`(select version from ${personsVersion})`

/**
 * Registers by version; no two databases have the same version. Only a few are kept, because nobody asks for old ones
 * any more.
 */
const registers = new Map<string, VersionedRegister>()
const REGISTERS_KEPT = 20

export async function readRegister(db: Queryable): Promise<VersionedRegister> {
  const [row] = await db.select({ version: personsVersion.version }).from(personsVersion)
  return registerAt(db, row?.version ?? '')
}

/** The register of a version. If that version is not in memory any more, the current register. */
export async function registerAt(db: Queryable, version: string): Promise<VersionedRegister> {
  const known = registers.get(version)
  if (known !== undefined) return known
  const rows = await db
    .select({ ...columns, version: registerVersion })
    .from(personsVersion)
    .leftJoin(persons, sql`true`)
  const people = rows.flatMap(({ pseudonym, person, name }): Person[] =>
    pseudonym === null ? [] : [{ pseudonym, id: person ?? pseudonym, name: name ?? person ?? pseudonym }],
  )
  const read = { ...registerOf(people), version: rows[0]?.version ?? '' }
  if (read.version !== '') {
    registers.set(read.version, read)
    for (const old of registers.keys()) if (registers.size > REGISTERS_KEPT) registers.delete(old)
  }
  return read
}

const columns = { pseudonym: persons.pseudonym, person: persons.person, name: persons.name }

export interface KnownPerson {
  readonly id: string
  /** `null`: not known, for example of a person who has left the configuration. */
  readonly name: string | null
}

/** Adds people to the register who are not in it, and updates names. */
export async function knowPersons(db: Db, people: readonly KnownPerson[], now: string): Promise<void> {
  if (knowsAll(await readRegister(db), people)) return
  await inTransaction(db, learn, { people, now })
}

/** The same, inside a transaction that needs these people. Usually they are known already. */
export async function knowPersonsIn(tx: Tx, people: readonly KnownPerson[], now: string): Promise<VersionedRegister> {
  const known = await readRegister(tx)
  if (knowsAll(known, people)) return known
  await learn(tx, { people, now })
  return readRegister(tx)
}

function knowsAll(register: Register, people: readonly KnownPerson[]): boolean {
  return people.every(({ id, name }) => {
    if (!register.has(id)) return false
    return name === null || register.personOf(register.pseudonymOf(id)).name === name
  })
}

/**
 * Lets one transaction at a time change the register, because it has one version. A transaction that appends to
 * `persons`, and may have to add people, takes this lock first.
 */
export async function lockRegister(tx: Tx): Promise<void> {
  await tx.execute(sql`select pg_advisory_xact_lock(hashtextextended('patchwarden:persons', 0))`)
}

/** Everybody whom the facts of an act name: the person who acts, and the people who made that person's sign-in link. */
export function personsOf(actor: Actor): readonly KnownPerson[] {
  if (actor.kind !== 'person') return []
  const { id, through } = actor
  const hands = through?.kind === 'sign-in link' ? through.madeBy.filter((hand) => hand !== COMMAND_LINE) : []
  return [id, ...hands].map((one) => ({ id: one, name: null }))
}

async function learn(
  tx: Tx,
  { people, now }: { readonly people: readonly KnownPerson[]; readonly now: string },
): Promise<void> {
  await lockRegister(tx)
  const wanted = new Map(people.map((one) => [one.id, one]))
  let changed = false
  for (const some of slices([...wanted.values()])) changed = (await learnSome(tx, some, now)) || changed
  // Another process has added them meanwhile.
  if (!changed) return
  await tx
    .insert(personsVersion)
    .values({ version: randomUUID() })
    .onConflictDoUpdate({ target: personsVersion.one, set: { version: randomUUID() } })
}

/** Adds people and changes names. False: there was nothing to do. */
async function learnSome(tx: Tx, people: readonly KnownPerson[], now: string): Promise<boolean> {
  const ids = people.map(({ id }) => id)
  const rows = await tx.select(columns).from(persons).where(inArray(persons.person, ids))
  const known = new Map(rows.map((row) => [row.person, row]))
  const added: (typeof persons.$inferInsert)[] = []
  const told: NewEntry[] = []
  for (const { id, name } of people) {
    const row = known.get(id)
    if (row === undefined) {
      const pseudonym = `p_${randomBytes(6).toString('hex')}`
      added.push({ pseudonym, person: id, name })
      told.push(telling('person-known', pseudonym, { id, name }, now))
    } else if (name !== null && row.name !== name) {
      await tx.update(persons).set({ name }).where(eq(persons.pseudonym, row.pseudonym))
      told.push(telling('person-renamed', row.pseudonym, { name }, now))
    }
  }
  if (added.length > 0) await tx.insert(persons).values(added)
  if (told.length > 0) await appendToStream(tx, PERSONS, told)
  return told.length > 0
}

function telling(
  event: 'person-known' | 'person-renamed',
  person: string,
  beside: { readonly id?: string; readonly name: string | null },
  at: string,
): NewEntry {
  return { at, by: 'operator', event, facts: { person }, beside }
}

export async function allPersons(db: Queryable): Promise<readonly PersonRow[]> {
  return db.select(columns).from(persons).orderBy(persons.pseudonym)
}

const ENTRIES_AT_ONCE = 1_000

/**
 * What the record says about persons, in order, and which entries cannot be read. An entry that somebody changed in the
 * database may have any form.
 */
export async function* personEntries(db: Queryable): AsyncGenerator<PersonEntry | AuditProblem> {
  const isOfPerson = and(eq(entries.stream, PERSONS), sql`${entries.entry} like '%"event":"person-%'`)
  for (let after = sql`true`; ; ) {
    const rows = await db
      .select({ seq: entries.seq, entry: entries.entry, beside: entries.beside })
      .from(entries)
      .where(and(isOfPerson, after))
      .orderBy(entries.seq)
      .limit(ENTRIES_AT_ONCE)
    const last = rows.at(-1)
    if (last === undefined) return
    for (const row of rows) yield* personEntry(row)
    after = sql`${entries.seq} > ${last.seq}`
  }
}

interface EntryRow {
  readonly seq: number
  readonly entry: string
  readonly beside: string | null
}

function personEntry({ seq, entry, beside }: EntryRow): readonly (PersonEntry | AuditProblem)[] {
  try {
    const { event, facts } = readEntry(entry)
    if (event !== 'person-known' && event !== 'person-renamed') return []
    return [{ event, pseudonym: String(facts.person), beside: readBeside(beside) }]
  } catch (error) {
    // The message of a JSON error would repeat some of the text.
    const problem = error instanceof SyntaxError ? 'has something beside it that is not JSON' : errorText(error)
    return [{ record: `${PERSONS} event ${seq}`, problem: problem.slice(0, 200) }]
  }
}
