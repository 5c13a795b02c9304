/** Freezes that people declare: entries of the stream `rights`, and rows by which they are found. */

import { and, eq, gt, isNull, sql } from 'drizzle-orm'
import type { AuditProblem } from '../core/audit.ts'
import { errorText } from '../core/error-text.ts'
import type { FreezeEntry, FreezeRow } from '../core/freeze-record.ts'
import { type CountedAct, throughOf } from '../core/hands.ts'
import { actorFacts, actorOf } from '../core/proposal/entry.ts'
import type { Actor } from '../core/proposal/proposal.ts'
import { wordsIn } from '../core/proposal/said.ts'
import { readBeside, readEntry } from '../core/record/entry.ts'
import { ERASED, type Register } from '../core/record/register.ts'
import type { Freeze } from '../core/window.ts'
import type { Queryable, Tx } from './connection.ts'
import { appendToStream, lockStream, RIGHTS } from './entries.ts'
import { readBesides } from './events.ts'
import { readRegister } from './persons.ts'
import { entries, freezes } from './schema.ts'

export interface NewFreeze {
  readonly team: string
  readonly reason: string
  /** ISO 8601 UTC: now. */
  readonly fromAt: string
  readonly untilAt: string
}

/** Who acts. `register` knows this person, and the hands behind them. */
interface By {
  readonly actor: Actor
  readonly register: Register
}

export async function addFreeze(tx: Tx, freeze: NewFreeze, { actor, register }: By): Promise<void> {
  const { team, reason, fromAt, untilAt } = freeze
  const { by, facts, beside } = actorFacts(actor, register)
  const [row] = await tx.insert(freezes).values({ team, person: by, fromAt, untilAt }).returning({ id: freezes.id })
  if (row === undefined) throw new Error('A freeze was not kept.')
  const { seq } = await appendToStream(tx, RIGHTS, [
    {
      at: fromAt,
      by,
      event: 'freeze-declared',
      facts: { ...facts, freeze: row.id, team, from: fromAt, until: untilAt },
      beside: { ...beside, words: reason },
    },
  ])
  await tx.update(freezes).set({ entry: seq }).where(eq(freezes.id, row.id))
}

/** Keeps others from declaring or lifting a freeze, or agreeing to that, until the transaction is over. */
export async function lockFreezes(tx: Tx): Promise<void> {
  await lockStream(tx, RIGHTS)
}

/** Lifts the freezes of a team that hold now. Returns how many. */
export async function liftFreezes(
  tx: Tx,
  { team, now }: { readonly team: string; readonly now: string },
  { actor, register }: By,
): Promise<number> {
  await lockFreezes(tx)
  const { by, facts, beside } = actorFacts(actor, register)
  const rows = await tx
    .update(freezes)
    .set({ liftedAt: now, liftedBy: by })
    .where(holding(team, now))
    .returning({ id: freezes.id })
  if (rows.length === 0) return 0
  const event = 'freeze-lifted'
  await appendToStream(tx, RIGHTS, [{ at: now, by, event, facts: { ...facts, freezes: inOrder(rows), team }, beside }])
  return rows.length
}

/** Records that a person agrees to lift the declared freezes of a team. Others have to agree, too. */
export async function agreeToLift(
  tx: Tx,
  { team, now }: { readonly team: string; readonly now: string },
  { actor, register }: By,
): Promise<void> {
  const { by, facts, beside } = actorFacts(actor, register)
  const rows = await tx.select({ id: freezes.id }).from(freezes).where(holding(team, now))
  const event = LIFT_AGREED
  await appendToStream(tx, RIGHTS, [{ at: now, by, event, facts: { ...facts, freezes: inOrder(rows), team }, beside }])
}

const LIFT_AGREED = 'freeze-lift-agreed'

function inOrder(rows: readonly { readonly id: number }[]): readonly number[] {
  return rows.map(({ id }) => id).sort((a, b) => a - b)
}

function holding(team: string, now: string) {
  return and(eq(freezes.team, team), isNull(freezes.liftedAt), gt(freezes.untilAt, now))
}

/** Freezes of a team that people declared and that still hold. The reason is the name of each. */
export async function declaredFreezes(db: Queryable, team: string, now: string): Promise<readonly Freeze[]> {
  const rows = await db.select().from(freezes).where(holding(team, now)).orderBy(freezes.id)
  // Usually there are none.
  if (rows.length === 0) return []
  const wanted = rows.flatMap(({ entry }) => (entry === null ? [] : [{ stream: RIGHTS, seq: entry }]))
  const besides = (await readBesides(db, wanted)).get(RIGHTS)
  const agreed = await liftAgreements(db, team, Math.min(...wanted.map(({ seq }) => seq)))
  return rows.map(({ id, entry, reason, fromAt, untilAt }) => ({
    name: entry === null ? (reason ?? ERASED) : wordsIn(readBeside(besides?.get(entry) ?? null)),
    from: fromAt,
    to: untilAt,
    teams: [team],
    liftAgreed: agreed.flatMap((one) => (one.freezes.includes(id) ? [one.act] : [])),
  }))
}

interface LiftAgreement {
  readonly act: CountedAct
  /** Numbers of the freezes that are to be lifted. */
  readonly freezes: readonly number[]
}

/** The last agreement of each person to lift freezes of the team, among the entries after `since`. */
async function liftAgreements(db: Queryable, team: string, since: number): Promise<readonly LiftAgreement[]> {
  const rows = await db
    .select({ entry: entries.entry })
    .from(entries)
    .where(
      and(
        eq(entries.stream, RIGHTS),
        Number.isFinite(since) ? gt(entries.seq, since) : undefined,
        sql`${entries.entry} like ${`%"event":"${LIFT_AGREED}"%`}`,
      ),
    )
    .orderBy(entries.seq)
  if (rows.length === 0) return []
  const register = await readRegister(db)
  const all = rows.flatMap(({ entry }) => {
    const { by, facts } = readEntry(entry)
    const actor = actorOf({ by, facts }, null, register)
    if (facts.team !== team || actor.kind !== 'person' || !Array.isArray(facts.freezes)) return []
    return [[actor.id, { act: { person: actor.id, ...throughOf(actor) }, freezes: facts.freezes.map(Number) }] as const]
  })
  return [...new Map(all).values()]
}

export async function allFreezes(db: Queryable): Promise<readonly FreezeRow[]> {
  return db.select().from(freezes).orderBy(freezes.id)
}

/**
 * What the record says about freezes, and which entries cannot be read. An entry that somebody changed in the database
 * may have any form.
 */
export async function freezeEntries(
  db: Queryable,
): Promise<{ readonly told: readonly FreezeEntry[]; readonly problems: readonly AuditProblem[] }> {
  const rows = await db
    .select({ seq: entries.seq, entry: entries.entry })
    .from(entries)
    .where(and(eq(entries.stream, RIGHTS), sql`${entries.entry} like '%"event":"freeze-%'`))
    .orderBy(entries.seq)
  const told: FreezeEntry[] = []
  const problems: AuditProblem[] = []
  for (const { seq, entry } of rows) {
    try {
      told.push(...freezeEntry(seq, entry))
    } catch (error) {
      problems.push({ record: `${RIGHTS} event ${seq}`, problem: errorText(error).slice(0, 200) })
    }
  }
  return { told, problems }
}

function freezeEntry(seq: number, text: string): readonly FreezeEntry[] {
  const { at, by, event, facts } = readEntry(text)
  const team = String(facts.team)
  if (event === 'freeze-declared') {
    const { freeze, from, until } = facts
    return [{ seq, at: String(from), by, team, declared: { freeze: Number(freeze), until: String(until) } }]
  }
  if (event !== 'freeze-lifted' || !Array.isArray(facts.freezes)) return []
  return [{ seq, at, by, team, lifted: facts.freezes.map(Number) }]
}
