/** Makes a database what an earlier version left: whole states, and events that have in themselves what they ask for. */

import type postgres from 'postgres'
import type { ProposalEvent } from '../../src/core/proposal/event.ts'
import { replay } from '../../src/core/proposal/evolve.ts'
import type { ProposalState, Subject } from '../../src/core/proposal/proposal.ts'
import { storable } from '../../src/core/storable.ts'
import type { Db } from '../../src/store/connection.ts'
import { readStream } from '../../src/store/events.ts'
import { writeEarlier } from './earlier-events.ts'

/** The hash under which the earlier version asked for it. */
export const hashOfBefore = (id: string, revision: number) => `hash of ${id} as revision ${revision}`

/** Of these proposals; returns their states as that version kept them. `edit`: what else it had asked for. */
export async function asBefore(
  database: { readonly db: Db; readonly sql: postgres.Sql },
  ids: readonly string[],
  edit: (subject: Subject) => Subject = (subject) => subject,
  title?: string,
): Promise<ReadonlyMap<string, ProposalState>> {
  const states = new Map<string, ProposalState>()
  for (const id of ids) states.set(id, await oneAsBefore(database, id, edit, title))
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

/** What may differ: under which hash it is asked for, in which order assets are listed, and how many events there are. */
export function held({ subject, contentHash: _, seq: __, ...rest }: ProposalState) {
  const assets =
    subject.kind === 'patches' ? [...subject.assets].sort((a, b) => (a.asset.id < b.asset.id ? -1 : 1)) : []
  return { ...rest, subject: { ...subject, assets } }
}
