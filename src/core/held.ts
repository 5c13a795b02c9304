/** What a new look means for a decision after the vote: the decision keeps its content, and new needs wait. */

import { mostUrgentFirst } from './assessment/assess.ts'
import type { FrozenAsset } from './asset.ts'
import type { Draft } from './draft.ts'
import type { ProposalCommand } from './proposal/command.ts'
import { isRaised } from './proposal/decide-life.ts'
import type { Content } from './proposal/event.ts'
import type { PatchSubject, PlannedAsset, ProposalState } from './proposal/proposal.ts'
import { whyNow } from './why-now.ts'
import { departures, judgedAnew, type Needs } from './within.ts'

/** Compares what the assets need now with what was voted on. `draft`: everything that would be proposed today. */
export function comparison(
  subject: PatchSubject,
  needs: Needs,
  draft: Draft | null,
): Extract<ProposalCommand, { type: 'compare-assets' }> {
  const newcomers = newcomersOf(subject, draft).map(({ asset }) => ({ asset: asset.id, name: asset.name }))
  return { type: 'compare-assets', departures: departures(subject, needs), newcomers }
}

function newcomersOf(subject: PatchSubject, draft: Draft | null): readonly PlannedAsset[] {
  const known = new Set(subject.assets.map(({ asset }) => asset.id))
  return (draft?.subject.assets ?? []).filter(({ asset }) => !known.has(asset.id))
}

/** The content that was voted on, with today's facts. `more`: sentences that follow in "why now". */
export function withFacts(state: ProposalState, subject: PatchSubject, needs: Needs, more: string): Content {
  const patches = [...judgedAnew(subject.patches, needs.missing.patches)].sort(mostUrgentFirst)
  const assets = subject.assets.map(({ asset }) => asset)
  const due = patches.flatMap((patch) => patch.dueAt ?? []).sort()
  return {
    title: state.title,
    subject: { ...subject, patches },
    contentHash: state.contentHash,
    priority: patches[0]?.priority ?? state.priority,
    whyNow: `${whyNow(patches, assets)}${more}`,
    dueAt: due[0] ?? null,
  }
}

/**
 * Whether new assets and patches make the decision more urgent. `facts`: the content without them; `all`: the content
 * with them. A patch is judged by its most endangered asset, which may be an asset that nobody has voted on.
 */
export function isRaisedByNew(
  state: ProposalState,
  facts: Content,
  all: Pick<Content, 'priority' | 'subject'>,
): boolean {
  if (isRaised({ priority: facts.priority, subject: facts.subject }, all)) return true
  if (!isRaised(state, facts) || facts.subject.kind !== 'patches' || all.subject.kind !== 'patches') return false
  const voted = facts.subject.assets
  const known = new Set(voted.map(({ asset }) => contextOf(asset)))
  const ids = new Set(voted.map(({ asset }) => asset.id))
  return all.subject.assets.some(({ asset }) => !ids.has(asset.id) && !known.has(contextOf(asset)))
}

function contextOf({ exposure, criticality }: FrozenAsset): string {
  return `${exposure} ${criticality}`
}
