/** How the assets of a proposal ended, for messages about single assets and for the closing summary. */

import { deploymentOf } from '../rollout/deployments.ts'
import { countEndState } from '../rollout/gate.ts'
import { liveRun } from '../rollout/run.ts'
import { assetName, endCounts, type NamedEnd } from '../rollout/tally.ts'
import { whyNotTouched } from '../why-not-touched.ts'
import type { Deployment, EndState, LeftOut, ProposalState, Verification } from './proposal.ts'
import { leftOutOf, sinceOf } from './since.ts'

/** An asset whose end state differs from the one before. */
export interface ChangedEnd {
  readonly asset: string
  readonly deployment: Deployment
  readonly verification: Verification
  readonly was: Verification | null
  readonly good: boolean
}

/** Those of the given assets whose end state differs from the one in the state before. */
export function changedEnds(
  assets: readonly string[],
  before: ProposalState | null,
  state: ProposalState,
): readonly ChangedEnd[] {
  const run = liveRun(state)
  const earlier = before === null ? null : liveRun(before)
  return assets.flatMap((asset): ChangedEnd[] => {
    const deployment = run === null ? undefined : deploymentOf(run, asset)
    const verification = deployment?.verification
    const was = earlier === null ? null : (deploymentOf(earlier, asset)?.verification ?? null)
    if (!deployment || !verification || was?.end === verification.end) return []
    return [{ asset, deployment, verification, was, good: countEndState(verification.end) === 'good' }]
  })
}

export function allEndedWell(state: ProposalState): boolean {
  const counts = endCounts(state)
  return counts.bad + counts.unreachable + counts.untouched + (counts.owing ?? 0) === 0
}

/**
 * How many assets were neither started nor left out, and whether nothing was started at all. `null`: the proposal asks
 * for a rule.
 */
export function notStarted(state: ProposalState): { readonly assets: number; readonly nothingStarted: boolean } | null {
  if (state.subject.kind !== 'patches') return null
  const { leftOut } = sinceOf(state)
  const deployed = state.rollout?.deployments ?? {}
  const left = state.subject.assets.filter(
    ({ asset }) => deployed[asset.id] === undefined && leftOut[asset.id] === undefined,
  )
  return { assets: left.length, nothingStarted: Object.keys(deployed).length === 0 }
}

/** The reasons why assets were left out, for all assets left out that were not verified. */
export function whyLeftUntouched(state: ProposalState): readonly LeftOut[] {
  const { leftOut } = sinceOf(state)
  return Object.entries(leftOut).flatMap(([asset, why]) =>
    state.rollout?.deployments[asset]?.verification ? [] : [why],
  )
}

const asPlanned: readonly EndState[] = ['installed', 'rebooted and re-scanned', 'rolled back']

/** Did it end as planned, with nothing left for people to see to? */
export function isUnremarkable({ outcome, verification }: Pick<Deployment, 'outcome' | 'verification'>): boolean {
  const notes = outcome?.state === 'succeeded' ? (outcome.notes ?? []) : []
  return verification !== null && asPlanned.includes(verification.end) && notes.length === 0
}

/** Assets that are named at the end: first those of which something is to be said, then those that were not touched. */
export function remarkableEnds(state: ProposalState): readonly NamedEnd[] {
  const ends: NamedEnd[] = []
  for (const deployment of Object.values(state.rollout?.deployments ?? {})) {
    const { asset, verification } = deployment
    if (!verification || isUnremarkable(deployment)) continue
    ends.push({ name: assetName(state, asset), end: verification.end, reason: verification.reason })
  }
  for (const { asset } of state.subject.kind === 'patches' ? state.subject.assets : []) {
    if (leftOutOf(state, asset.id)?.reason === 'up to date') continue
    if (state.rollout?.deployments[asset.id] === undefined)
      ends.push({ name: asset.name, end: 'not touched', reason: whyNotTouched(state, asset.id) })
  }
  return ends
}
