/** Rolls back what a rollout changed. The rollback is a rollout to the versions from before; one person decides it. */

import { frozen } from './asset.ts'
import { type Change, changeKey, reversed, versionBefore } from './change.ts'
import { refusalOf } from './permission/answer.ts'
import type { Moment } from './permission/place.ts'
import type { Doer } from './permission/row.ts'
import type { Undone } from './proposal/command.ts'
import { glanceOf } from './proposal/glance.ts'
import type {
  Deployment,
  EarlierStart,
  PatchSubject,
  PlannedAsset,
  PlannedRing,
  ProposalState,
} from './proposal/proposal.ts'
import { sinceOf } from './proposal/since.ts'
import { deploymentOf, deploymentsOf } from './rollout/deployments.ts'
import { engineOf, lanesOf, ringTitle } from './rollout/lanes.ts'
import { asEarlier } from './rollout/may-have-changed.ts'
import { DAY_SECONDS, plusSeconds } from './time/instant.ts'

export interface RollbackRequest {
  readonly state: ProposalState
  readonly doer: Doer
  readonly reason: string | null
  /** `null`: everything that the rollout changed. Otherwise the name or id of an asset, or `ring:NAME`. */
  readonly only: string | null
  readonly moment: Moment
}

/**
 * Why this person cannot roll the rollout back now, as a sentence; `null`: they can. As for stopping, one is enough.
 */
export function rollbackProblem({ state, doer, reason, only, moment }: RollbackRequest): string | null {
  const { id, subject } = state
  const refusal = refusalOf('roll-back', doer, { ...moment, glance: glanceOf(state) })
  if (refusal !== null) return refusal.sentence
  if (subject.kind !== 'patches' || changedAssets(state, subject, null).length === 0)
    return `${id} has changed no server, so there is nothing to roll back.`
  const [before] = only === null ? [] : undoneIn(state, subject, only)
  if (changedAssets(state, subject, only).length === 0 && before !== undefined)
    return `Not rolled back: ${before} has rolled "${only}" back.`
  if (changedAssets(state, subject, only).length === 0)
    return `${id} has changed nothing called "${only}": name a server, or a ring as ring:${subject.rings[0]?.name ?? 'canary'}.`
  if (!reason?.trim()) return 'Say why: the reason is kept, and everybody reads it.'
  return null
}

/**
 * The subject of the rollback: every changed asset goes back to its earlier versions, in one ring and one batch of its
 * lane. `untouched`: assets whose journals say that nothing was changed on them after all.
 */
export function rollbackSubject(
  state: ProposalState,
  subject: PatchSubject,
  only: string | null,
  untouched: ReadonlySet<string> = new Set(),
): PatchSubject {
  const assets = changedAssets(state, subject, only).filter(({ asset }) => !untouched.has(asset.id))
  const engines = new Set(assets.map(({ asset }) => engineOf(subject, asset)))
  const lanes = lanesOf(subject).filter((lane) => engines.has(lane))
  const rings = lanes.map((lane, index): PlannedRing => {
    const mine = assets.filter(({ asset }) => engineOf(subject, asset) === lane)
    return {
      name: 'roll back',
      ...(index === 0 ? {} : { engine: lane }),
      assets: mine.map(({ asset }) => asset.id),
      batchSize: mine.length,
      // All lanes begin at once: rings of one name share their limit.
      ...(lanes.length === 1 ? {} : { concurrency: assets.length }),
      soakSeconds: 0,
      gate: { minSuccessPercent: 0, maxFailures: mine.length, unreachable: 'ignored' as const },
    }
  })
  const keys = Object.fromEntries(
    assets.flatMap(({ asset }) => {
      const deployment = state.rollout?.deployments[asset.id]
      return deployment === undefined ? [] : [[asset.id, deployment.key]]
    }),
  )
  return { ...subject, assets, rings, engine: lanes[0] ?? subject.engine, rollsBack: { proposal: state.id, keys } }
}

/** The assets that `only` names; `null` names all. */
function named(subject: PatchSubject, only: string | null): readonly PlannedAsset[] {
  const { rings, assets } = subject
  if (only === null) return assets
  const asked = rings.filter(({ name }, index) =>
    [name, ringTitle(subject, index)].some((one) => `ring:${one}` === only),
  )
  const ring = new Set(asked.flatMap((one) => one.assets))
  return assets.filter(({ asset: { id, name } }) => only === id || only === name || ring.has(id))
}

/** The proposals that have rolled back assets named by `only`. */
function undoneIn({ rollout }: ProposalState, subject: PatchSubject, only: string): readonly string[] {
  return named(subject, only).flatMap(({ asset }) => rollout?.deployments[asset.id]?.undoneBy ?? [])
}

/**
 * Assets that a start of the rollout may have changed and nobody rolled back, with their changes reversed. New packages
 * stay.
 */
function changedAssets(state: ProposalState, subject: PatchSubject, only: string | null): readonly PlannedAsset[] {
  return named(subject, only).flatMap((planned) => {
    const starts = startsToUndo(state, planned.asset.id)
    if (starts.length === 0) return []
    const done = sinceOf(state).done[planned.asset.id] ?? []
    const changes = planned.changes.flatMap((change) => {
      if (done.includes(changeKey(change))) return []
      return takenBack(change, starts) ?? []
    })
    return changes.length === 0
      ? []
      : [{ ...planned, asset: frozen(planned.asset), changes, transaction: [], previewProblem: null }]
  })
}

/** The starts that may have changed the asset and that nobody rolled back, oldest first. */
export function startsToUndo({ rollout }: ProposalState, asset: string): readonly EarlierStart[] {
  if (rollout === null) return []
  const last = deploymentOf(rollout, asset)
  const latest = last === undefined ? null : asEarlier(last)
  return [...(rollout.earlier?.[asset] ?? []), ...(latest === null ? [] : [latest])]
}

/** The change that takes back a change of the rollout; `null`: the rollout did not make it, or nothing can. */
function takenBack(change: Change, starts: readonly EarlierStart[]): Change | null {
  for (const { changed } of starts) {
    const same = changed?.filter(({ name }) => name === change.name) ?? []
    const done = same.find((one) => changeKey(one) === changeKey(change)) ?? same[0]
    // The first start that changed it knows the version from before.
    if (done !== undefined) return reversed(change, versionBefore(done))
  }
  // A start that cannot say what it changed may have made every change that was planned.
  return starts.some(({ changed }) => changed === null) ? reversed(change, versionBefore(change)) : null
}

/** `why`: a clause. */
export interface LeftOutOfRollBack {
  readonly name: string
  readonly why: string
}

/** Assets on which something was begun or tried, and which a roll back leaves out, with the reason as a clause. */
export function leftOutOfRollBack(
  state: ProposalState,
  subject: PatchSubject,
  only: string | null,
  untouched: ReadonlySet<string> = new Set(),
): readonly LeftOutOfRollBack[] {
  const { rollout } = state
  if (rollout === null) return []
  const taken = new Set(changedAssets(state, subject, only).map(({ asset }) => asset.id))
  return named(subject, only).flatMap(({ asset: { id, name } }): readonly LeftOutOfRollBack[] => {
    if (untouched.has(id)) return [{ name, why: 'the journal of its upgrade says that nothing was changed on it' }]
    const deployment = deploymentOf(rollout, id)
    if (taken.has(id) || deployment === undefined) return []
    return [{ name, why: whyNotUndone(state, deployment) }]
  })
}

/** Names of the assets that may still be changed, as far as the record says. */
export function stillChanged(state: ProposalState): readonly string[] {
  const { subject } = state
  return subject.kind === 'patches' ? changedAssets(state, subject, null).map(({ asset }) => asset.name) : []
}

function whyNotUndone(state: ProposalState, deployment: Deployment): string {
  const { asset, undoneBy, outcome } = deployment
  if (undoneBy !== undefined) return `${undoneBy} has rolled it back`
  if (startsToUndo(state, asset).length > 0) return 'there is no older version of what was installed on it'
  const reason = outcome !== null && 'reason' in outcome ? `: ${outcome.reason.trimEnd().replace(/\.$/, '')}` : ''
  return `nothing was changed on it${reason}`
}

/** The proposal that this one rolls back, and its assets that are back already; `null`: this is not a rollback. */
export function undoing({
  subject,
  rollout,
}: ProposalState): { readonly original: string; readonly undone: readonly Undone[] } | null {
  if (subject.kind !== 'patches' || subject.rollsBack === undefined) return null
  const { proposal, keys = {} } = subject.rollsBack
  const back = rollout === null ? [] : deploymentsOf(rollout)
  const undone = back.filter(({ verification }) => verification?.end === 'rolled back')
  return { original: proposal, undone: undone.map(({ asset }) => ({ asset, key: keys[asset] ?? null })) }
}

/** How long patches are not proposed again automatically after a rollback. */
const QUIET_SECONDS = 14 * DAY_SECONDS

/** Until when a rollback keeps its patches from being proposed again, ISO 8601, UTC; `null`: it is not a rollback. */
export function keepsBackUntil({ subject, openedAt }: Pick<ProposalState, 'subject' | 'openedAt'>): string | null {
  if (subject.kind !== 'patches' || subject.rollsBack === undefined) return null
  return plusSeconds(openedAt, QUIET_SECONDS)
}

/** Whether assets are restored from the operator's snapshots instead of by their package managers. */
export function restores({ rollsBack, hooks = [] }: PatchSubject): boolean {
  return rollsBack !== undefined && hooks.some(({ moment }) => moment === 'restore')
}
