/**
 * Absences that people declared, and returns. They are read from the record itself, where they are few, so that nothing
 * beside it can say something else.
 */

import { and, eq, or, sql } from 'drizzle-orm'
import type { Absence, Return } from '../core/deputies.ts'
import { actorFacts } from '../core/proposal/entry.ts'
import type { Actor } from '../core/proposal/proposal.ts'
import { readEntry } from '../core/record/entry.ts'
import type { Register } from '../core/record/register.ts'
import type { Queryable, Tx } from './connection.ts'
import { appendToStream, RIGHTS } from './entries.ts'
import { readRegister } from './persons.ts'
import { entries } from './schema.ts'

const DECLARED = 'absence-declared'
const ENDED = 'absence-ended'

interface By {
  readonly actor: Actor
  /** It knows everybody whom the entry names. */
  readonly register: Register
}

export async function recordAbsence(tx: Tx, absence: Absence, { actor, register }: By): Promise<void> {
  const { by, facts, beside } = actorFacts(actor, register)
  const { pseudonymOf } = register
  const told = {
    person: pseudonymOf(absence.person),
    deputy: absence.deputy === null ? null : pseudonymOf(absence.deputy),
    until: absence.until,
    ...(absence.teams === undefined ? {} : { teams: absence.teams }),
    ...(absence.anybody === undefined ? {} : { anybody: absence.anybody }),
  }
  await appendToStream(tx, RIGHTS, [{ at: absence.from, by, event: DECLARED, facts: { ...facts, ...told }, beside }])
}

export async function recordReturn(tx: Tx, { person, at }: Return, { actor, register }: By): Promise<void> {
  const { by, facts, beside } = actorFacts(actor, register)
  const told = { ...facts, person: register.pseudonymOf(person) }
  await appendToStream(tx, RIGHTS, [{ at, by, event: ENDED, facts: told, beside }])
}

export interface DeclaredAbsences {
  /** In the order in which they were declared. */
  readonly absences: readonly Absence[]
  readonly returns: readonly Return[]
}

export async function readAbsences(db: Queryable): Promise<DeclaredAbsences> {
  const isEvent = (event: string) => sql`${entries.entry} like ${`%"event":"${event}"%`}`
  const rows = await db
    .select({ entry: entries.entry })
    .from(entries)
    .where(and(eq(entries.stream, RIGHTS), or(isEvent(DECLARED), isEvent(ENDED))))
    .orderBy(entries.seq)
  if (rows.length === 0) return { absences: [], returns: [] }
  const { personOf } = await readRegister(db)
  const read = rows.map(({ entry }) => readEntry(entry))
  const idOf = (pseudonym: unknown) => personOf(String(pseudonym)).id
  return {
    absences: read
      .filter(({ event }) => event === DECLARED)
      .map(({ at, facts: { person, deputy, until, teams, anybody } }) => ({
        person: idOf(person),
        deputy: deputy === null || deputy === undefined ? null : idOf(deputy),
        from: at,
        until: String(until),
        ...(Array.isArray(teams) ? { teams: teams.map(String) } : {}),
        ...(anybody === true ? { anybody } : {}),
      })),
    returns: read.filter(({ event }) => event === ENDED).map(({ at, facts }) => ({ person: idOf(facts.person), at })),
  }
}
