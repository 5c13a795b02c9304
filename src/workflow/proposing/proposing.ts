/** The shared data and types of this folder. */

import { setTimeout as sleep } from 'node:timers/promises'
import type { StaleFeed } from '../../core/draft.ts'
import type { Actor } from '../../core/proposal/proposal.ts'
import type { Lease, Leases } from '../../store/leases.ts'
import type { Assessor } from '../assessing/assessor.ts'
import type { TeamAssessed } from '../assessing/known.ts'
import type { Execute } from '../commands/execute.ts'
import type { WorkflowParts } from '../ports.ts'
import { ASK_AGAIN_MS, type Lacking } from './previews.ts'

/** The actor of proposals that no person asked for. */
export const assessment: Actor = { kind: 'system', part: 'assessment' }

/** How long a decision waits for the previews of its assets, in milliseconds. */
export const PREVIEWS_MS = 15 * 60_000

export type ProposeParts = Pick<WorkflowParts, 'db' | 'clock' | 'teams' | 'judgement' | 'engines' | 'measured' | 'log'>

/** Made once for each process. */
export interface Proposing {
  readonly parts: ProposeParts
  readonly commands: Pick<Execute, 'execute' | 'open'>
  readonly alone: Leases['alone']
  readonly assessor: Assessor
  /** For each team, what its last drafts were made from, if no previews are missing. */
  readonly last: Map<string, LastDraft>
  /** Teams that wait for engines which this process asks, and teams whose engines have answered. */
  readonly waiting: Set<string>
  readonly answered: Set<string>
  /** For each engine, the questions that are being asked beside proposing. */
  readonly asking: Map<string, Promise<void>>
}

/** What the drafts of a team depend on. */
export interface LastDraft {
  readonly missing: TeamAssessed['missed']
  readonly told: string
}

/** Ids of proposals. */
export interface ProposeReport {
  readonly opened: readonly string[]
  readonly revised: readonly string[]
  readonly closed: readonly string[]
}

export type MutableReport = { -readonly [Key in keyof ProposeReport]: string[] }

/** What drafting needs, and the report that it fills. */
export interface Given {
  /** The person in whose name proposals are opened. That person then cannot approve. */
  readonly by: Actor | undefined
  readonly stale: readonly StaleFeed[]
  readonly lease: Lease
  readonly report: MutableReport
}

/** What is left to do after drafting a team. */
export interface Left {
  /** Questions for engines that drafts wait for. */
  readonly lacking: Lacking[]
  /** Questions for engines that nothing waits for. */
  readonly again: Lacking[]
  /** When time alone may change something, ISO 8601 UTC. */
  readonly times: string[]
  /** True: a part of the drafts could not be previewed. */
  blind: boolean
}

/** Notes a failed preview. It is asked again after a while. */
export function noteBlind(left: Left, now: string): void {
  left.blind = true
  left.times.push(later(now, ASK_AGAIN_MS))
}

/** The instant `ms` milliseconds later, ISO 8601 UTC. */
export function later(at: string, ms: number): string {
  return new Date(Date.parse(at) + ms).toISOString()
}

/** How long to wait before trying again whether it is this process's turn. */
const TURN_MS = 300

/** Runs work that one process does at a time, when its turn comes. `waited`: another process did it just before. */
export async function inTurn(
  { alone }: Pick<Proposing, 'alone'>,
  name: string,
  signal: AbortSignal,
  work: (lease: Lease, waited: boolean) => Promise<void>,
): Promise<void> {
  let waited = false
  while (!(await alone(name, (lease) => work(lease, waited)))) {
    waited = true
    await sleep(TURN_MS * (0.5 + Math.random()), undefined, { signal })
  }
}
