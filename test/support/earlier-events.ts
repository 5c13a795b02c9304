/** Events as earlier versions wrote them, in a table of their own; nothing is added to it by this version. */

import type postgres from 'postgres'
import { eventHash, GENESIS, type SealedEvent } from '../../src/core/audit.ts'
import { canonicalJson } from '../../src/core/canonical-json.ts'
import type { ProposalEvent, RecordedEvent, WrittenEvent } from '../../src/core/proposal/event.ts'

export function sealEarlier({ stream, seq, at, actor, event }: RecordedEvent, prev: string): SealedEvent {
  const sealed = { stream, seq, at, actor, event: written(event), prev }
  return { ...sealed, hash: eventHash(sealed) }
}

/** Puts a stream as an earlier version would have written it in the place of its entries; returns the hash of its end. */
export async function writeEarlier(sql: postgres.Sql, stream: readonly RecordedEvent[]): Promise<string> {
  let prev = GENESIS
  const sealed = stream.map((recorded) => {
    const one = sealEarlier(recorded, prev)
    prev = one.hash
    return one
  })
  for (const name of new Set(stream.map((recorded) => recorded.stream))) {
    await sql`delete from audit.entries where stream = ${name}`
    await sql`delete from audit.events where stream = ${name}`
  }
  await insertEarlier(sql, sealed)
  return prev
}

export async function insertEarlier(sql: postgres.Sql, sealed: readonly SealedEvent[]): Promise<void> {
  await sql.begin(async (tx) => {
    await tx`set local session_replication_role = replica`
    for (const { stream, seq, at, actor, event, prev, hash } of sealed)
      await tx`insert into audit.events (stream, seq, at, actor, event, prev, hash)
        values (${stream}, ${seq}, ${at}, ${canonicalJson(actor)}, ${canonicalJson(event)}, ${prev}, ${hash})`
  })
}

/** An event as those versions recorded it: without what the content that it names says. */
function written(event: ProposalEvent): WrittenEvent {
  switch (event.type) {
    case 'opened':
    case 'revised': {
      const { subject, evidence, ...rest } = event
      return evidence === undefined ? { ...rest, subject } : { ...rest, evidence }
    }
    case 'content-kept': {
      const { subject: _, ...rest } = event
      return rest
    }
    case 'outcomes-recorded': {
      const { outcomes, page, counts, ...rest } = event
      return page === undefined ? { ...rest, outcomes } : { ...rest, page, counts: counts ?? {} }
    }
    case 'verifications-recorded': {
      const { verifications, page, counts, ...rest } = event
      return page === undefined ? { ...rest, verifications } : { ...rest, page, counts: counts ?? {} }
    }
    default:
      return event
  }
}
