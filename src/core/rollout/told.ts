/** Starts whose system was told before the window opened: what is due when, and what people read about it. */

import type { DeploymentOutcome, DeploymentReport } from '../ports.ts'
import type { Deployment, ProposalState } from '../proposal/proposal.ts'
import { isBefore, minuteOf, plusSeconds } from '../time/instant.ts'
import { plannedOf } from './planned.ts'

/** The times of a start, ISO 8601 UTC. */
export interface ToldStart {
  readonly notBefore: string
  readonly notAfter: string
  /** An asset that has not reported by then counts as silent. */
  readonly silentAt: string
}

/** The times of a start with these assets; `null`: its work began at once. */
export function toldStart({ subject }: ProposalState, mine: readonly Deployment[]): ToldStart | null {
  const [first] = mine
  if (first?.notBefore === undefined || first.notAfter === undefined || subject.kind !== 'patches') return null
  const within = mine.map(({ asset }) => plannedOf(subject, asset)?.terms?.reportsWithinSeconds ?? 0)
  const { notBefore, notAfter } = first
  return { notBefore, notAfter, silentAt: plusSeconds(notAfter, Math.max(...within)) }
}

/** Restarts and services take so many seconds after the window, in which monitoring stays silent. */
const RESTART_SECONDS = 1_800

/** Whether monitoring is to be silent now for a start, and until when (ISO 8601 UTC); `null`: it is not. */
export function quietUntil({ notBefore, notAfter }: ToldStart, now: string): string | null {
  const end = plusSeconds(notAfter, RESTART_SECONDS)
  return isBefore(now, notBefore) || !isBefore(now, end) ? null : end
}

/** Seconds before the work at which everything is checked for the last time. */
const LAST_CHECK_SECONDS = 900

/** When a start must be looked at next, whatever its engine says (ISO 8601 UTC); `null`: its times are over. */
export function nextMoment({ notBefore, notAfter, silentAt }: ToldStart, now: string): string | null {
  const moments = [plusSeconds(notBefore, -LAST_CHECK_SECONDS), notBefore, notAfter, silentAt]
  return moments.find((at) => isBefore(now, at)) ?? null
}

/** The last moment of a start that has passed (ISO 8601 UTC); `null`: none has. What was read before it is too old. */
export function lastMoment({ notBefore, notAfter, silentAt }: ToldStart, now: string): string | null {
  return [silentAt, notAfter, notBefore].find((at) => !isBefore(now, at)) ?? null
}

/**
 * A report that counts. What an asset said before work could begin is not about this start, whatever it says, so it
 * ends nothing.
 */
export function counted(report: DeploymentReport, { notBefore }: ToldStart): DeploymentReport {
  const { outcome } = report
  const saidAt = saidBy(report)
  const ofAsset = outcome?.state === 'succeeded' || outcome?.state === 'failed'
  if (!ofAsset || saidAt === undefined) return report
  if (saidAt !== null && !isBefore(saidAt, notBefore)) return report
  return { ...report, outcome: null }
}

/**
 * By when the asset has said it: as it claims, but not after it was first read, because clocks may be ahead. A time that
 * is none says nothing.
 */
export function saidBy({ saidAt, readAt }: DeploymentReport): string | null | undefined {
  if (saidAt != null && Number.isNaN(Date.parse(saidAt))) return null
  return saidAt != null && readAt !== undefined && isBefore(readAt, saidAt) ? readAt : saidAt
}

/** The reports with when each word was first read. `before`: those that were known. `now`: ISO 8601 UTC. */
export function firstRead(
  reports: readonly DeploymentReport[],
  before: readonly DeploymentReport[],
  now: string,
): readonly DeploymentReport[] {
  const known = new Map(before.map((report) => [report.asset, report]))
  return reports.map((report) => {
    if (report.saidAt == null) return report
    const last = known.get(report.asset)
    return { ...report, readAt: last?.saidAt === report.saidAt ? (last.readAt ?? now) : now }
  })
}

/**
 * The outcome of an asset that had time to report. `heardAt`: its last word, ISO 8601 UTC; `null`: none is known.
 * `unasked`: why its system could not be asked, a sentence; `null`: it was asked.
 */
export function silentOutcome(heardAt: string | null, unasked: string | null = null): DeploymentOutcome {
  if (unasked !== null)
    return { state: 'silent', reason: `Its system could not be asked whether it has reported: ${unasked}`, log: '' }
  const last = heardAt === null ? 'nothing was ever heard of it' : `it was last heard on ${minuteOf(heardAt)} UTC`
  return { state: 'silent', reason: `It did not report in time: ${last}`, log: '' }
}

export function servers(count: number): string {
  return count === 1 ? '1 server' : `${count} servers`
}
