/** Checking and exporting the audit record, each on one snapshot of the database. */

import { type AuditProblem, createChainCheck } from '../core/audit.ts'
import { createExportLines } from '../core/audit-export.ts'
import type { Member } from '../core/policy.ts'
import type { Db, Queryable } from '../store/connection.ts'
import {
  readAllEvents,
  readCheckpoints,
  readStoredCheckpoints,
  readStoredEvents,
  writeCheckpoint,
} from '../store/events.ts'
import { readSnapshot } from '../store/snapshot.ts'
import { rebuild } from './rebuild.ts'

/** Differences that are told; the rest is counted. */
const TOLD = 100

export type RecordVerdict =
  | { readonly ok: true; readonly events: number; readonly streams: number; readonly checkpoints: number }
  | {
      readonly ok: false
      /** The first of them. */
      readonly record: string
      readonly problem: string
      readonly findings: readonly AuditProblem[]
      /** Findings beyond those that are told. */
      readonly more: number
    }

export interface VerifyOptions {
  /** Compare all that is derived from the events with what they rebuild. */
  readonly rebuild: boolean
  readonly membersOf: (team: string) => readonly Member[]
  readonly now: string
}

/** Checks every chain and, where asked, every table that events rebuild. */
export async function verifyRecord(url: string, options: VerifyOptions): Promise<RecordVerdict> {
  return readSnapshot(url, async (db) => {
    const findings: AuditProblem[] = []
    let more = 0
    const chains = await checkChains(db)
    if ('problem' in chains) findings.push(chains)
    if (options.rebuild) {
      for await (const finding of rebuild(db, options.membersOf, options.now)) {
        if (findings.length < TOLD) findings.push(finding)
        else more++
      }
    }
    const [first] = findings
    if (first) return { ok: false, record: first.record, problem: first.problem, findings, more }
    return 'problem' in chains ? { ok: false, ...chains, findings, more } : { ok: true, ...chains }
  })
}

async function checkChains(db: Queryable): Promise<AuditProblem | Omit<Extract<RecordVerdict, { ok: true }>, 'ok'>> {
  const check = createChainCheck()
  for await (const event of readStoredEvents(db)) {
    const problem = 'problem' in event ? event : check.event(event)
    if (problem !== null) return problem
  }
  for (const checkpoint of await readStoredCheckpoints(db)) {
    const problem = 'problem' in checkpoint ? checkpoint : check.checkpoint(checkpoint)
    if (problem !== null) return problem
  }
  return check.counts()
}

/** Hands the export over line by line, each when the one before was taken, after a checkpoint of its own. */
export async function exportRecord(
  { db, url }: { readonly db: Db; readonly url: string },
  now: string,
  write: (line: string) => Promise<void>,
): Promise<void> {
  await writeCheckpoint(db, now)
  await readSnapshot(url, async (snapshot) => {
    const lines = createExportLines(now)
    await write(lines.header())
    for await (const event of readAllEvents(snapshot)) await write(lines.event(event))
    for (const checkpoint of await readCheckpoints(snapshot)) await write(lines.checkpoint(checkpoint))
    await write(lines.end())
  })
}
