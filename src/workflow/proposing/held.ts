/** Proposals with votes. Their content stays, and is compared with what their assets need now. */

import type { Draft } from '../../core/draft.ts'
import { silences } from '../../core/draft.ts'
import { comparison, isRaisedByNew, withFacts } from '../../core/held.ts'
import type { RebootRule } from '../../core/ports.ts'
import { addsNothing } from '../../core/preview.ts'
import { saysTheSame } from '../../core/proposal/decide-life.ts'
import type { PatchSubject, ProposalState } from '../../core/proposal/proposal.ts'
import { nobodyLeft } from '../../core/proposal/since.ts'
import { unfinished } from '../../core/rollout/run.ts'
import { plusSeconds } from '../../core/time/instant.ts'
import type { Needs } from '../../core/within.ts'
import { type Drafting, previewed, revise } from './drafting.ts'
import { fillPreviews } from './previews.ts'
import { assessment, noteBlind } from './proposing.ts'
import { changeReason } from './reasons.ts'
import { withTerms } from './terms.ts'

/**
 * Follows a proposal with votes. `draft`: what would be proposed today. True if people must vote again, because
 * something new is more urgent or nothing of the old content is left.
 */
export async function followHeld(
  drafting: Drafting,
  state: ProposalState,
  draft: Draft | null,
  needs: Needs,
): Promise<boolean> {
  const { proposing, stale, lease } = drafting
  const { subject } = state
  if (subject.kind !== 'patches') return false
  // Nobody votes again about a running rollout. New findings wait for its end, and running work ends first.
  const fixed = state.rollout !== null || unfinished(state).length > 0
  const facts = withFacts(state, subject, needs, `${draft?.notOffered ?? ''}${silences(stale)}`)
  if (!fixed && draft !== null && isRaisedByNew(state, facts, draft)) {
    const content = await previewed(drafting, draft, state)
    await lease.show()
    if (content !== null) return revise(proposing, state, content, changeReason(state, content))
  }
  const now = proposing.parts.clock().toISOString()
  const joined: Needs = {
    ...needs,
    previewed: await previewedSince(drafting, subject, state.policy.reboot),
    // A running rollout begins nothing on old facts. Before a rollout, facts are read again at its start.
    ...(state.rollout === null ? {} : { looksSince: plusSeconds(now, -state.policy.inventoryMaxAgeSeconds) }),
  }
  const compared = await proposing.commands.execute(state.id, comparison(subject, joined, draft), assessment)
  const after = compared.state ?? state
  if (fixed || draft === null) return false
  if (!nobodyLeft(after))
    return !saysTheSame(after, facts) && revise(proposing, after, facts, changeReason(after, facts))
  const content = await previewed(drafting, draft, after)
  await lease.show()
  return content !== null && revise(proposing, after, content, 'nothing of what was voted on is left as it was')
}

/**
 * Assets without a preview at the vote, whose preview now says that the patch adds nothing. One of an engine with terms joins
 * only if these were voted on and hold now: nobody has approved what it would be started with otherwise.
 */
async function previewedSince(
  { proposing: { parts }, own: { rows }, left, lease }: Drafting,
  subject: PatchSubject,
  reboot: RebootRule,
): Promise<ReadonlySet<string>> {
  const blind = subject.assets.filter(({ previewProblem }) => previewProblem !== null)
  if (blind.length === 0) return new Set()
  const filled = await fillPreviews(parts, { ...subject, assets: blind }, null, rows)
  left.again.push(...filled.lacking, ...filled.again)
  noteBlind(left, parts.clock().toISOString())
  const voted = new Set(blind.flatMap(({ asset, terms }) => (terms === undefined ? [] : [asset.id])))
  const now = new Map(filled.subject.assets.map((planned) => [planned.asset.id, planned]))
  const all = subject.assets.map((planned) => now.get(planned.asset.id) ?? planned)
  const promised = await withTerms(parts, { ...subject, assets: all }, reboot, lease.signal)
  return new Set(
    promised.assets.flatMap(({ asset, changes, transaction, previewProblem, terms }) => {
      const mayJoin = now.has(asset.id) && (terms === undefined || voted.has(asset.id))
      return mayJoin && previewProblem === null && addsNothing(changes, transaction) ? [asset.id] : []
    }),
  )
}
