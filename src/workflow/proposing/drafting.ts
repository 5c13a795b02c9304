/** The data for drafting one team, and the parts of a draft that are proposed. */

import type { Draft } from '../../core/draft.ts'
import { saysTheSame } from '../../core/proposal/decide-life.ts'
import { hashToday, keepingSubject } from '../../core/proposal/decision-content.ts'
import type { Content } from '../../core/proposal/event.ts'
import type { ProposalState } from '../../core/proposal/proposal.ts'
import type { TeamPlan } from '../../core/ring-rule.ts'
import { inSlices } from '../../store/in-slices.ts'
import { oldestLook } from '../../store/inventory.ts'
import type { TeamAssessed } from '../assessing/known.ts'
import { fillPreviews } from './previews.ts'
import { assessment, type Given, type Left, later, noteBlind, PREVIEWS_MS, type Proposing } from './proposing.ts'
import { withTerms } from './terms.ts'

export interface Drafting extends Given {
  readonly proposing: Proposing
  readonly plan: TeamPlan
  /** The part of the configuration and the feeds that the drafts depend on. */
  readonly key: string
  readonly own: TeamAssessed
  /** Since when the team's drafts have waited for previews, ISO 8601 UTC; `null`: they do not wait. */
  readonly waitsSince: string | null
  readonly left: Left
}

/** A draft with its exact transactions, as the content of a proposal; `null`: it waits for previews. */
export async function previewed(
  { proposing: { parts }, own: { rows }, waitsSince, left, lease }: Drafting,
  draft: Draft,
  existing: ProposalState | null,
): Promise<Content | null> {
  const filled = await fillPreviews(parts, draft.subject, existing, rows)
  const { reboot } = parts.teams.policyOf(draft.team)
  const promised = await withTerms(parts, filled.subject, reboot, lease.signal)
  left.lacking.push(...filled.lacking)
  left.again.push(...filled.again)
  const now = parts.clock().toISOString()
  if (promised.assets.some(({ previewProblem }) => previewProblem !== null)) noteBlind(left, now)
  const patient = waitsSince === null || later(waitsSince, PREVIEWS_MS) > now
  if (filled.lacking.length > 0 && patient) return null
  const assets = promised.assets.map(({ asset }) => asset.id)
  const inventoryAt = (await oldestLook(parts.db, assets)) ?? promised.inventoryAt
  const { subject, decision } = await inSlices(keepingSubject({ ...promised, inventoryAt }))
  const { title, priority, whyNow, dueAt } = draft
  return { title, subject, contentHash: decision, priority, whyNow, dueAt }
}

/** True if the proposal was revised; false if it asks for exactly this content already, or refuses. */
export async function revise(
  { commands }: Pick<Proposing, 'commands'>,
  state: ProposalState,
  content: Content,
  reason: string,
): Promise<boolean> {
  if (hashToday(state.subject) === content.contentHash && saysTheSame(state, content)) return false
  const done = await commands.execute(state.id, { type: 'revise', content, reason }, assessment)
  return done.ok && done.state.revision > state.revision
}
