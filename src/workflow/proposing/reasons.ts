/** The reasons that people read when a proposal is changed or closed. */

import type { Assessment } from '../../core/assessment/assess.ts'
import { exploitedCves, regressionsOf } from '../../core/follow-up.ts'
import { priorityRank } from '../../core/priority/priority.ts'
import type { Content } from '../../core/proposal/event.ts'
import type { ProposalState } from '../../core/proposal/proposal.ts'

/** Why an open proposal is closed although nobody asked for it: what happened to its patches. */
export function whyClosed(
  state: ProposalState,
  missing: Assessment | undefined,
  open: readonly ProposalState[],
): string {
  if (state.subject.kind !== 'patches') return 'the latest assessment'
  const asked = new Set(state.subject.patches.map(({ id }) => id))
  const other = open.find(
    ({ id, subject }) =>
      id !== state.id && subject.kind === 'patches' && subject.patches.some((patch) => asked.has(patch.id)),
  )
  if (other !== undefined) return other.id
  if ((missing?.patches ?? []).some(({ id }) => asked.has(id)))
    return 'the latest assessment: what is still missing is covered by an earlier decision, or is not proposed any more'
  const sources = new Set(state.subject.patches.map(({ platform, source }) => `${platform} ${source}`))
  const lost = missing?.withheld.find(({ platform, source }) => sources.has(`${platform} ${source}`))
  if (lost !== undefined)
    return `the latest assessment: ${lost.source} ${lost.version} is still missing, but it is not offered any more`
  const known = new Set(missing?.assets.map(({ asset }) => asset.id))
  if (!state.subject.assets.some(({ asset }) => known.has(asset.id)))
    return 'the latest assessment: none of its servers is known any more'
  return 'the latest assessment: nothing of it is known to be missing any more'
}

/** Why a proposal is revised, the most important reason first; empty: nothing has changed that people read. */
export function changeReason(existing: ProposalState, content: Content): string {
  if (existing.subject.kind === 'patches' && content.subject.kind === 'patches') {
    const known = exploitedCves(existing.subject.patches)
    const [exploited] = exploitedCves(content.subject.patches).filter((cve) => !known.includes(cve))
    if (exploited !== undefined)
      return `${exploited} is now on CISA's list of exploited vulnerabilities: this is ${content.priority} now${
        content.dueAt === null ? '' : `, due ${content.dueAt.slice(0, 10)}`
      }.`
    const [regression] = regressionsOf(content.subject.patches, existing.subject.patches)
    if (regression) return `${regression.advisory} mends what ${regression.mends}, which this carried, broke`
  }
  if (priorityRank(content.priority) < priorityRank(existing.priority))
    return `Now ${content.priority}: ${content.whyNow}`
  if (content.contentHash === existing.contentHash) return ''
  return 'what is missing has changed since'
}
