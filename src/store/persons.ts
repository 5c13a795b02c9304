/**
 * The register of persons: whose pseudonyms those in the record are. Its own stream tells when somebody came into it; names
 * and ids stand beside the entries, and here.
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

/** The version of the register, as part of a statement that reads something else. */
export const registerVersion = sql<string>`(select version from ${personsVersion})`

/**
 * By version, which is different in every database. Only a few are kept, because old ones are not asked for any more.
 */
const registers = new Map<string, VersionedRegister>()
const REGISTERS_KEPT = 20

export async function readRegister(db: Queryable): Promise<VersionedRegister> {
  const [row] = await db.select({ version: personsVersion.version }).from(personsVersion)
  return registerAt(db, row?.version ?? '')
}

/** The register of a version, or the one that has taken its place. */
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
  /** `null`: not known, as of somebody who is in the record and left the configuration. */
  readonly name: string | null
}

/** Takes people into the register who are not in it, and their names as they are now. */
export async function knowPersons(db: Db, people: readonly KnownPerson[], now: string): Promise<void> {
  if (knowsAll(await readRegister(db), people)) return
  await inTransaction(db, learn, { people, now })
}

/** The same, inside a transaction that needs the people; mostly they are known already. */
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
 * One at a time, because there is one version for all. Whoever appends to `persons` and may need people who are not
 * known yet takes this lock first.
 */
export async function lockRegister(tx: Tx): Promise<void> {
  await tx.execute(sql`select pg_advisory_xact_lock(hashtextextended('patchwarden:persons', 0))`)
}

/** Everybody whom the facts of an act name: the person who acts, and the hands behind. */
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
  // Somebody else was faster.
  if (!changed) return
  await tx
    .insert(personsVersion)
    .values({ version: randomUUID() })
    .onConflictDoUpdate({ target: personsVersion.one, set: { version: randomUUID() } })
}

/** False where there was nothing to learn. */
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
 * What the record says about them, in order, and which entries cannot be read: what somebody changed in the store may
 * have any shape.
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
    // An error of JSON repeats some of the text.
    const problem = error instanceof SyntaxError ? 'has something beside it that is not JSON' : errorText(error)
    return [{ record: `${PERSONS} event ${seq}`, problem: problem.slice(0, 200) }]
  }
}
