/** Reads what engines report. One look at a system serves all proposals and processes that wait for it. */

import { setTimeout as sleep } from 'node:timers/promises'
import { errorText } from '../../core/error-text.ts'
import type { DeployEngine, DeploymentHandle, DeploymentReport } from '../../core/ports.ts'
import { firstRead } from '../../core/rollout/told.ts'
import { plusSeconds } from '../../core/time/instant.ts'
import type { Leases } from '../../store/leases.ts'
import { handlesAtWork, reportsBefore, reportsOf, saveReports } from '../../store/starts.ts'
import type { WorkflowParts } from '../ports.ts'

/** What an engine reports about a start. `since`: ISO 8601 UTC, what was read before is too old; `null`: nothing is. */
export type ReadReports = (
  engine: DeployEngine,
  handle: DeploymentHandle,
  since: string | null,
  signal: AbortSignal,
) => Promise<readonly DeploymentReport[]>

/** Thrown if the system of an engine could not be asked. The message is a sentence of the engine. */
export class Unanswered extends Error {}

/** What an engine answers. Throws `Unanswered` if it throws. */
export async function answered<T>(ask: () => Promise<T>): Promise<T> {
  try {
    return await ask()
  } catch (error) {
    throw new Unanswered(errorText(error), { cause: error })
  }
}

/** How long to wait for the look that another process is making. */
const TURN_MS = 300

export function createReadReports(
  { db, clock }: Pick<WorkflowParts, 'db' | 'clock'>,
  alone: Leases['alone'],
): ReadReports {
  return async function readReports(engine, handle, since, signal) {
    const { name, sharedPoll } = engine
    if (sharedPoll === undefined) {
      const reports = await answered(() => engine.poll(handle, signal))
      return firstReadOf(db, handle.key, reports, clock().toISOString())
    }

    async function known(): Promise<readonly DeploymentReport[] | null> {
      const last = await reportsOf(db, handle.key)
      if (last === null || (since !== null && last.at < since)) return null
      return plusSeconds(last.at, sharedPoll?.everySeconds ?? 0) > clock().toISOString() ? last.reports : null
    }

    for (;;) {
      const reports = await known()
      if (reports !== null) return reports
      const looked = await alone(`poll ${name}`, async (lease) => {
        if ((await known()) !== null) return
        await lease.show()
        const at = clock().toISOString()
        const handles = await handlesAtWork(db, name)
        const found = await answered(() => sharedPoll.poll(handles, AbortSignal.any([signal, lease.signal])))
        const before = await reportsBefore(db, [...found.keys()])
        const read = [...found].map(
          ([key, reports]) => [key, firstRead(reports, before.get(key) ?? [], clock().toISOString())] as const,
        )
        await saveReports(db, new Map(read), at)
      })
      // The system can say nothing about this start alone, so the engine is to say why.
      if (looked && (await known()) === null) return answered(() => engine.poll(handle, signal))
      if (!looked) await sleep(TURN_MS, undefined, { signal })
    }
  }
}

/** The reports of one start with when each word was first read. Only engines that hear late say when a word was said. */
async function firstReadOf(
  db: WorkflowParts['db'],
  key: string,
  reports: readonly DeploymentReport[],
  now: string,
): Promise<readonly DeploymentReport[]> {
  if (reports.every(({ saidAt }) => saidAt == null)) return reports
  const before = await reportsBefore(db, [key])
  const read = firstRead(reports, before.get(key) ?? [], now)
  await saveReports(db, new Map([[key, read]]), now)
  return read
}
