/** Rolling back what a rollout changed: the same way as forward, with the versions from before, decided by one person. */

import { frozen } from './asset.ts'
import type { PackageChange } from './catalog.ts'
import type { Through } from './hands.ts'
import type { Member } from './policy.ts'
import type { DeploymentOutcome } from './ports.ts'
import { anyOf } from './proposal/decision.ts'
import { commandLineProblem } from './proposal/proof.ts'
import type { PatchSubject, PlannedAsset, ProposalState } from './proposal/proposal.ts'
import { isAtWork } from './proposal/run.ts'
import { sinceOf } from './proposal/since.ts'
import { changeKey } from './within.ts'

export interface RollbackRequest {
  readonly state: ProposalState
  readonly person: string
  readonly through?: Through | undefined
  readonly reason: string | null
  /** `null`: all that it changed. Else the name or id of an asset, or `ring:NAME`. */
  readonly only: string | null
  readonly members: readonly Member[]
}

/** Why the rollout cannot be rolled back by this person now, as a sentence; or `null`. Stopping takes one, so does this. */
export function rollbackProblem({ state, person, through, reason, only, members }: RollbackRequest): string | null {
  const { id, status, subject, policy } = state
  if (subject.kind !== 'patches') return `${id} asks for a rule; there is nothing to roll back.`
  if (subject.rollsBack)
    return `${id} rolls ${subject.rollsBack.proposal} back itself: propose the patches again instead.`
  const me = members.find((member) => member.id === person)
  if (!me?.roles.some((role) => policy.stop.includes(role)))
    return `Rolling back ${id} takes the role ${anyOf(policy.stop)}; you have ${me?.roles.join(', ') || 'none'}.`
  const refused = commandLineProblem(policy, 'roll-back', through)
  if (refused !== null) return refused.sentence
  if (status === 'rolling out' || status === 'verifying') return `${id} is being rolled out: halt it first.`
  if (changedAssets(state, subject, null).length === 0)
    return `${id} has changed no asset, so there is nothing to roll back.`
  if (changedAssets(state, subject, only).length === 0)
    return `${id} has changed nothing called "${only}": name an asset, or a ring as ring:${subject.rings[0]?.name ?? 'canary'}.`
  if (isAtWork(state)) return `Assets of ${id} are still being patched; roll it back when they are done.`
  if (!reason?.trim()) return 'Say why: the reason is kept, and everybody reads it.'
  return null
}

/** What is to be done: every asset that was changed, back to the versions it had; one ring, all at once. */
export function rollbackSubject(state: ProposalState, subject: PatchSubject, only: string | null): PatchSubject {
  const assets = changedAssets(state, subject, only)
  const ring = {
    name: 'roll back',
    assets: assets.map(({ asset }) => asset.id),
    batchSize: assets.length,
    soakSeconds: 0,
    gate: { minSuccessPercent: 0, maxFailures: assets.length, unreachable: 'ignored' as const },
  }
  const keys = Object.fromEntries(
    assets.flatMap(({ asset }) => {
      const deployment = state.rollout?.deployments[asset.id]
      return deployment === undefined ? [] : [[asset.id, deployment.key]]
    }),
  )
  return { ...subject, assets, rings: [ring], rollsBack: { proposal: state.id, keys } }
}

/** Assets that the rollout touched, with their changes reversed; what it newly installed stays. */
function changedAssets(state: ProposalState, subject: PatchSubject, only: string | null): readonly PlannedAsset[] {
  const ring = only?.startsWith('ring:') ? subject.rings.find(({ name }) => `ring:${name}` === only) : undefined
  return subject.assets.flatMap((planned) => {
    const { id, name } = planned.asset
    if (only !== null && only !== id && only !== name && ring?.assets.includes(id) !== true) return []
    const outcome = state.rollout?.deployments[planned.asset.id]?.outcome
    if (outcome?.state !== 'succeeded' && outcome?.state !== 'failed') return []
    const done = sinceOf(state).done[id] ?? []
    const changes = planned.changes.flatMap((change) => {
      if (done.includes(changeKey(change))) return []
      const from = versionBefore(change, outcome)
      return from === null ? [] : [{ ...change, from: change.to, to: from }]
    })
    return changes.length === 0
      ? []
      : [{ ...planned, asset: frozen(planned.asset), changes, transaction: [], previewProblem: null }]
  })
}

/** What a package had before the rollout changed it; `null`: it did not, or newly installed it. */
function versionBefore(change: PackageChange, outcome: DeploymentOutcome): string | null {
  // What failed cannot say what it changed.
  if (outcome.state !== 'succeeded' || outcome.changed.length === 0) return change.from
  const same = outcome.changed.filter(({ name }) => name === change.name)
  return (same.find((one) => changeKey(one) === changeKey(change)) ?? same[0])?.from ?? null
}

/** How long what was rolled back is not proposed again by itself. */
const QUIET_SECONDS = 14 * 86_400

/** Rollbacks that were opened before this instant keep nothing back. */
export function keptBackSince(now: string): string {
  return new Date(Date.parse(now) - QUIET_SECONDS * 1_000).toISOString()
}

/** Does the rollback still keep its patches from being proposed again? */
export function keepsBack(state: ProposalState, now: string): boolean {
  return (
    state.subject.kind === 'patches' &&
    state.subject.rollsBack !== undefined &&
    Date.parse(now) < Date.parse(state.openedAt) + QUIET_SECONDS * 1_000
  )
}

/** Are assets put back by the operator's snapshots, and not by their package managers? */
export function restores({ rollsBack, hooks = [] }: PatchSubject): boolean {
  return rollsBack !== undefined && hooks.some(({ moment }) => moment === 'restore')
}
