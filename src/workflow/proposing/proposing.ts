/** What proposing works with, and what the modules of this folder hand to each other. */

import { setTimeout as sleep } from 'node:timers/promises'
import type { StaleFeed } from '../../core/draft.ts'
import type { Actor } from '../../core/proposal/proposal.ts'
import type { Lease, Leases } from '../../store/leases.ts'
import type { Assessor } from '../assessing/assessor.ts'
import type { TeamAssessed } from '../assessing/known.ts'
import type { Execute } from '../commands/execute.ts'
import type { WorkflowParts } from '../ports.ts'
import { ASK_AGAIN_MS, type Lacking } from './previews.ts'

/** The actor of proposals that are opened and changed without a person asking for it. */
export const assessment: Actor = { kind: 'system', part: 'assessment' }

/** How long a decision waits for the previews of its assets. */
export const PREVIEWS_MS = 15 * 60_000

export type ProposeParts = Pick<WorkflowParts, 'db' | 'clock' | 'teams' | 'judgement' | 'engines' | 'measured' | 'log'>

/** Made once per process. */
export interface Proposing {
  readonly parts: ProposeParts
  readonly commands: Pick<Execute, 'execute' | 'open'>
  readonly alone: Leases['alone']
  readonly assessor: Assessor
  /** What the drafts of a team went by when they were last made here, as long as nothing is lacking. */
  readonly last: Map<string, LastDraft>
  /** Teams whose drafts wait for engines that are being asked here, and those for which engines have answered. */
  readonly waiting: Set<string>
  readonly answered: Set<string>
  /** For each engine, the questions that are under way beside proposing. */
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

/** What the drafting of teams depends on, and where it is told. */
export interface Given {
  /** Opens in a person's name, who then cannot approve. */
  readonly by: Actor | undefined
  readonly stale: readonly StaleFeed[]
  readonly lease: Lease
  readonly report: MutableReport
}

/** The result of drafting a team, apart from what was done. */
export interface Left {
  /** Engines are to be asked, and drafts wait for it. */
  readonly lacking: Lacking[]
  /** Engines are to be asked once more, and nothing waits for it. */
  readonly again: Lacking[]
  /** When time alone may change something, ISO 8601 UTC. */
  readonly times: string[]
  /** A part of what was drafted could not be previewed. */
  blind: boolean
}

/** What could not be previewed is asked again after a while. */
export function noteBlind(left: Left, now: string): void {
  left.blind = true
  left.times.push(later(now, ASK_AGAIN_MS))
}

/** An instant this much later, ISO 8601 UTC. */
export function later(at: string, ms: number): string {
  return new Date(Date.parse(at) + ms).toISOString()
}

/** How long to wait before looking again whether it is this process's turn. */
const TURN_MS = 300

/** Runs work that only one process does at a time, when its turn comes. `waited`: somebody else did it just before. */
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
