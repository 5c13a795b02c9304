/** Makes a database what earlier versions left. */

import type postgres from 'postgres'
import { contentOf } from '../../src/core/content.ts'
import type { ProposalEvent } from '../../src/core/proposal/event.ts'
import { replay } from '../../src/core/proposal/evolve.ts'
import { lightOf, type ResultRow, resultRows } from '../../src/core/proposal/light.ts'
import type { By, ProposalState, Subject } from '../../src/core/proposal/proposal.ts'
import { storable } from '../../src/core/storable.ts'
import type { Db } from '../../src/store/connection.ts'
import { readContents, storeContents } from '../../src/store/content.ts'
import { readStream } from '../../src/store/events.ts'
import { resultRow } from '../../src/store/proposals.ts'
import { writeEarlier } from './earlier-events.ts'

/** The hash under which the earlier version asked for it. */
export const hashOfBefore = (id: string, revision: number) => `hash of ${id} as revision ${revision}`

/**
 * Makes of these proposals what the version before last left: whole states, and events that have in themselves what they ask
 * for. Returns their states as that version kept them. `edit`: what else it had asked for.
 */
export async function asBefore(
  database: { readonly db: Db; readonly sql: postgres.Sql },
  ids: readonly string[],
  edit: (subject: Subject) => Subject = (subject) => subject,
  title?: string,
): Promise<ReadonlyMap<string, ProposalState>> {
  const states = new Map<string, ProposalState>()
  for (const id of ids) states.set(id, await oneAsBefore(database, id, edit, title))
  if (!(await forgetThisVersion(database.sql))) return states
  await database.sql`delete from audit.content where kind > 2`
  return states
}

async function oneAsBefore(
  { db, sql }: { readonly db: Db; readonly sql: postgres.Sql },
  id: string,
  edit: (subject: Subject) => Subject,
  title?: string,
): Promise<ProposalState> {
  let revision = 1
  const stream = (await readStream(db, id)).map((recorded) => {
    const { event } = recorded
    if (event.type === 'revised') revision = event.revision
    return { ...recorded, event: inline(event, hashOfBefore(id, revision), edit, title) }
  })
  const head = await writeEarlier(sql, stream)
  const state = replay(await readStream(db, id))
  if (state === null) throw new Error(`${id} is gone.`)
  await sql.begin(async (tx) => {
    await tx`set local session_replication_role = replica`
    await tx`update proposals set state = ${tx.json(stateOfBefore(state))}, head_hash = ${head}, format = 1
      where id = ${id}`
  })
  await sql`delete from results where proposal = ${id}`
  await sql`update votes set reason = null where proposal = ${id}`
  await sql`update live_contents set content_hash = ${state.contentHash} where proposal = ${id}`
  return state
}

/** That version wrote what was not begun only where there was some. */
function stateOfBefore(state: ProposalState) {
  const written = JSON.parse(JSON.stringify(storable(state)))
  for (const run of [written.test, written.rollout])
    if (run !== null && Object.keys(run.notBegun).length === 0) delete run.notBegun
  return written
}

function inline(
  event: ProposalEvent,
  contentHash: string,
  edit: (subject: Subject) => Subject,
  title?: string,
): ProposalEvent {
  if (event.type !== 'opened' && event.type !== 'revised') return event
  const { evidence: _, ...rest } = event
  return { ...rest, title: title ?? event.title, subject: edit(event.subject), contentHash }
}

// ---------------------------------------------------------------- the version before: small states, with names and words

/**
 * Makes of these proposals what the version before left: events that name content, a small state, rows with ids, names and
 * words. Where nothing of this version is left then, neither is its register of persons. Returns the states as their events
 * say them.
 */
export async function asVersionBefore(
  { db, sql }: { readonly db: Db; readonly sql: postgres.Sql },
  ids: readonly string[],
): Promise<ReadonlyMap<string, ProposalState>> {
  const states = new Map<string, ProposalState>()
  for (const id of ids) {
    const stream = await Promise.all(
      (await readStream(db, id)).map(async (recorded) => ({
        ...recorded,
        event: await withReason(db, recorded.event, await reasonOfRollback(db, id)),
      })),
    )
    const head = await writeEarlier(sql, stream)
    const state = replay(await readStream(db, id))
    if (state === null) throw new Error(`${id} is gone.`)
    const names = new Map(stream.flatMap(({ actor }) => (actor.kind === 'person' ? [[actor.id, actor.name]] : [])))
    await writeSmall(sql, state, head, names)
    states.set(id, state)
  }
  await forgetThisVersion(sql)
  return states
}

/** As a fresh upgrade has it: nobody is known yet, and there is no entry. False where a proposal of this version is left. */
async function forgetThisVersion(sql: postgres.Sql): Promise<boolean> {
  const [left] = await sql`select 1 from audit.entries where stream like 'PW-%' limit 1`
  if (left !== undefined) return false
  await sql`delete from audit.entries`
  await sql`delete from persons`
  await sql`update persons_version set version = gen_random_uuid()::text`
  await sql`delete from audit.content where kind > ${LAST_KIND_OF_BEFORE}`
  return true
}

/** Policies and what has higher numbers came with entries. */
const LAST_KIND_OF_BEFORE = 12

async function reasonOfRollback(db: Db, id: string): Promise<string> {
  const approved = (await readStream(db, id)).find(({ event }) => event.type === 'approved')?.event
  return approved?.type === 'approved' && approved.by.how === 'roll back' ? approved.by.reason : ''
}

/** Why a rollout was undone stood in the evidence. */
async function withReason(db: Db, event: ProposalEvent, reason: string): Promise<ProposalEvent> {
  if (event.type !== 'opened' || event.evidence === undefined) return event
  if (event.subject.kind !== 'patches' || event.subject.rollsBack === undefined) return event
  const evidence = (await readContents(db, [event.evidence])).get(event.evidence)
  if (evidence === undefined) throw new Error('The evidence is gone.')
  const kept = contentOf('evidence', { ...JSON.parse(evidence.text), rollbackReason: reason })
  await storeContents(db, { contents: [kept], now: event.expiresAt })
  return { ...event, evidence: kept.hash }
}

/** Row, votes and results as that version wrote them. */
async function writeSmall(
  sql: postgres.Sql,
  state: ProposalState,
  head: string,
  names: ReadonlyMap<string, string>,
): Promise<void> {
  const { id } = state
  await sql.begin(async (tx) => {
    await tx`set local session_replication_role = replica`
    await tx`update proposals set state = ${tx.json(smallOfBefore(state, names))}, head_hash = ${head}, format = 2
      where id = ${id}`
    await tx`delete from votes where proposal = ${id}`
    for (const { person, choice, at, via, reason } of state.votes)
      await tx`insert into votes ${tx({ proposal: id, person, choice, at, via, reason })}`
    await tx`delete from results where proposal = ${id}`
    for (const row of resultRows(state)) {
      const { startedAt, doneAt, endState, ...rest } = resultRow(id, rowOfBefore(row))
      await tx`insert into results ${tx({ ...rest, started_at: startedAt, done_at: doneAt, end_state: endState })}`
    }
  })
}

/** Whoever stopped it, or let a ring begin, was a name alone; what people wrote with votes stood in their rows. */
function smallOfBefore(state: ProposalState, names: ReadonlyMap<string, string>) {
  const light = JSON.parse(JSON.stringify(storable(lightOf(state))))
  for (const vote of light.votes) delete vote.reason
  for (const stopped of [light.stopped, light.test?.stopped]) if (stopped) stopped.by = stopped.by.name
  for (const ring of [...(light.test?.rings ?? []), ...(light.rollout?.rings ?? [])])
    if (ring.go !== null) ring.go = names.get(ring.go)
  return light
}

function rowOfBefore(row: ResultRow): ResultRow {
  const { skipped } = row.facts
  if (skipped === undefined) return row
  return { ...row, facts: { ...row.facts, skipped: { ...skipped, by: skipped.by.name as unknown as By } } }
}

/** What may differ: under which hash it is asked for, in which order assets are listed, and how many events there are. */
export function held({ subject, contentHash: _, seq: __, ...rest }: ProposalState) {
  const assets =
    subject.kind === 'patches' ? [...subject.assets].sort((a, b) => (a.asset.id < b.asset.id ? -1 : 1)) : []
  return { ...rest, subject: { ...subject, assets } }
}
