/** Checks and exports the audit record, each on one snapshot of the database. */

import { type AuditProblem, createChainCheck, type LostBesides } from '../core/audit.ts'
import { createContentCheck } from '../core/audit-content.ts'
import { createExportLines, type RecordCounts } from '../core/audit-export.ts'
import { contentName } from '../core/content.ts'
import { createHashTable } from '../core/hash-table.ts'
import type { Db, Queryable } from '../store/connection.ts'
import { contentsOf } from '../store/content.ts'
import {
  readAllEvents,
  readCheckpoints,
  readStoredCheckpoints,
  readStoredEvents,
  writeCheckpoint,
} from '../store/events.ts'
import { readSnapshot } from '../store/snapshot.ts'
import { type RebuildOptions, rebuild } from './rebuild.ts'

/** How many differences are returned. The others are only counted. */
const TOLD = 100

export type RecordVerdict =
  | ({
      readonly ok: true
      /** How many entries have erased words, so that their messages could not be compared; 0 without `rebuild`. */
      readonly notCompared: number
    } & RecordCounts)
  | {
      readonly ok: false
      /** The first record with a fault. */
      readonly record: string
      readonly problem: string
      readonly findings: readonly AuditProblem[]
      /** How many more findings there are. */
      readonly more: number
      /** How many entries have lost their data beside them, in the part that could be read. */
      readonly erased: number
    }

export interface VerifyOptions extends RebuildOptions {
  /** Also compares every table that is made from events with its events. */
  readonly rebuild: boolean
  /** True: lost data beside entries is not a fault. Nothing erases data yet, so the running service never sets this. */
  readonly mayBeErased?: boolean
}

/** Checks every chain. With `rebuild`, also every table that is made from events. */
export async function verifyRecord(url: string, options: VerifyOptions): Promise<RecordVerdict> {
  return readSnapshot(url, async (db) => {
    const findings: AuditProblem[] = []
    const notCompared = { erased: 0 }
    let more = 0
    function tell(finding: AuditProblem): void {
      if (findings.length < TOLD) findings.push(finding)
      else more++
    }
    const { problem, counts, lost } = await checkChains(db, options.now)
    if (problem !== null) tell(problem)
    if (options.rebuild) for await (const finding of rebuild(db, options, notCompared)) tell(finding)
    if (options.mayBeErased !== true) {
      for (const one of lost.first) tell(one)
      more += lost.count - lost.first.length
    }
    const [first] = findings
    return first === undefined
      ? { ok: true, ...counts, notCompared: notCompared.erased }
      : { ok: false, record: first.record, problem: first.problem, findings, more, erased: lost.count }
  })
}

/** The result of the chains, up to the first fault. */
interface Chains {
  readonly problem: AuditProblem | null
  readonly counts: RecordCounts
  readonly lost: LostBesides
}

async function checkChains(db: Queryable, now: string): Promise<Chains> {
  const check = createChainCheck()
  const contents = createContentCheck(now)
  const problem = await chainProblem(db, check, contents)
  return { problem, counts: { ...check.counts(), ...contents.counts() }, lost: check.lost() }
}

async function chainProblem(
  db: Queryable,
  check: ReturnType<typeof createChainCheck>,
  contents: ReturnType<typeof createContentCheck>,
): Promise<AuditProblem | null> {
  const handedOut = createHashTable()
  for await (const event of readStoredEvents(db)) {
    if ('problem' in event) return event
    const broken = check.event(event)
    if (broken !== null) return broken
    for await (const content of contentsOf(db, event, handedOut)) {
      const wrong = contents.content(content)
      if (wrong !== null)
        return {
          record: `${event.stream} event ${event.seq}`,
          problem: `needs ${contentName(content.kind, content.hash)}, which ${wrong}`,
        }
    }
    const lacking = contents.event(event)
    if (lacking !== null) return lacking
  }
  for await (const checkpoint of readStoredCheckpoints(db)) {
    const problem = 'problem' in checkpoint ? checkpoint : check.checkpoint(checkpoint)
    if (problem !== null) return problem
  }
  return null
}

/** Writes a checkpoint, then passes the export to `write` line by line. Waits for each line. */
export async function exportRecord(
  { db, url }: { readonly db: Db; readonly url: string },
  now: string,
  write: (line: string) => Promise<void>,
): Promise<void> {
  await writeCheckpoint(db, now)
  await readSnapshot(url, async (snapshot) => {
    const lines = createExportLines(now)
    await write(lines.header())
    const handedOut = createHashTable()
    for await (const event of readAllEvents(snapshot)) {
      for await (const content of contentsOf(snapshot, event, handedOut)) await write(lines.content(content))
      await write(lines.event(event))
    }
    for await (const checkpoint of readCheckpoints(snapshot)) await write(lines.checkpoint(checkpoint))
    await write(lines.end())
  })
}
