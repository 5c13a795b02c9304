/** How the assets of a decision have changed since the vote, as the state keeps it. */

import { canonicalJson } from '../canonical-json.ts'
import { type Change, changeKey } from '../change.ts'
import { limits } from '../limits.ts'
import { memoizeByIdentity } from '../memoize-by-identity.ts'
import { stepsOf } from '../preview.ts'
import { deploymentOf } from '../rollout/deployments.ts'
import { plannedOf } from '../rollout/planned.ts'
import { DAY_MS } from '../time/instant.ts'
import type { Departure } from '../within.ts'
import type { AssetSince, NamedAsset } from './event.ts'
import type { LeftOut, PatchSubject, PlannedAsset, ProposalState, Since } from './proposal.ts'

/**
 * Must the content stay as it is? Yes, as soon as somebody has voted, it is approved, or a test or rollout has begun.
 * Also after the notice was begun again a few times: otherwise, in a large fleet, it would never end.
 */
export function isHeld(state: ProposalState): boolean {
  const { votes, approvedBy, test, rollout } = state
  return votes.length > 0 || approvedBy !== null || test !== null || rollout !== null || noticeIsHeld(state)
}

function noticeIsHeld({ noticeEndsAt, standingRefused, revision }: ProposalState): boolean {
  return noticeEndsAt !== null && standingRefused === null && revision > limits.noticesAnew
}

const nothing: Since = { leftOut: {}, done: {}, waiting: {}, toldAt: null }

export function sinceOf({ since }: Pick<ProposalState, 'since'>): Since {
  return since ?? nothing
}

export function leftOutOf(state: Pick<ProposalState, 'since'>, asset: string): LeftOut | undefined {
  return sinceOf(state).leftOut[asset]
}

/** Is no asset left that may still be started? */
export function nobodyLeft(state: ProposalState): boolean {
  if (state.subject.kind !== 'patches') return false
  return stillToStart(state).length === 0
}

/** Assets that are still to start, in any ring. */
export function stillToStart(state: ProposalState): readonly string[] {
  if (state.subject.kind !== 'patches') return []
  const ids = state.subject.assets.map(({ asset }) => asset.id)
  return ids.filter((asset) => leftOutOf(state, asset) === undefined && !hasBegun(state, asset))
}

/** Assets that are gone from the inventory: their clusters cannot count on them. */
export function goneAssets(state: Pick<ProposalState, 'since'>): readonly string[] {
  return goneOf(sinceOf(state).leftOut)
}

const goneOf = memoizeByIdentity((leftOut: Since['leftOut']): readonly string[] =>
  Object.entries(leftOut).flatMap(([asset, { reason }]) => (reason === 'gone' ? [asset] : [])),
)

/**
 * The plan for an asset, without changes that it does not need any more; `null`: the asset is not part of the proposal.
 */
export function plannedNow(state: ProposalState, asset: string): PlannedAsset | null {
  if (state.subject.kind !== 'patches') return null
  const planned = plannedOf(state.subject, asset)
  const done = sinceOf(state).done[asset]
  if (planned === null || done === undefined) return planned
  const now = { ...planned, changes: without(planned.changes, done) }
  return planned.previewProblem === null ? now : { ...now, transaction: stepsOf(planned.changes), previewProblem: null }
}

/**
 * Is it known what the asset would get? Either from the preview before the vote, or from a later one that adds nothing.
 */
export function isPreviewed(state: ProposalState, { asset, previewProblem }: PlannedAsset): boolean {
  return previewProblem === null || sinceOf(state).done[asset.id] !== undefined
}

function without(changes: readonly Change[], done: readonly string[]): readonly Change[] {
  return changes.filter((change) => !done.includes(changeKey(change)))
}

/** Was the asset started, or did somebody decide to skip or retry it? Then its present needs change nothing. */
function hasBegun({ rollout, test }: ProposalState, asset: string): boolean {
  const run = rollout ?? test
  if (run === null) return false
  return deploymentOf(run, asset) !== undefined || run.skipped[asset] !== undefined || (run.retried[asset] ?? 0) > 0
}

/** Is the asset's ring done, so that the asset's turn does not come any more? */
function turnIsOver(state: ProposalState, subject: PatchSubject, asset: string): boolean {
  const ring = state.rollout?.rings[ringIndex(subject).get(asset) ?? -1]
  return ring !== undefined && (ring.status === 'passed' || ring.status === 'soaking')
}

const ringIndex = memoizeByIdentity(
  ({ rings }: PatchSubject): ReadonlyMap<string, number> =>
    new Map(rings.flatMap(({ assets }, index) => assets.map((asset) => [asset, index] as const))),
)

/** The differences between the latest comparison and the one that the state keeps. */
export function changesSince(
  state: ProposalState,
  subject: PatchSubject,
  { departures, newcomers }: { readonly departures: readonly Departure[]; readonly newcomers: readonly NamedAsset[] },
): readonly AssetSince[] {
  const now = new Map(departures.map((departure) => [departure.asset, departure]))
  const { leftOut, done, waiting } = sinceOf(state)
  const changed: AssetSince[] = []
  for (const { asset } of subject.assets) {
    const departure = now.get(asset.id)
    if (isKept(departure, leftOut[asset.id], done[asset.id])) continue
    if (hasBegun(state, asset.id) || turnIsOver(state, subject, asset.id)) continue
    const named = { asset: asset.id, name: asset.name }
    if (departure === undefined) changed.push({ ...named, is: 'as voted' })
    else if ('done' in departure) changed.push({ ...named, is: 'in part', done: departure.done })
    else changed.push({ ...named, is: 'left out', why: departure.leftOut })
  }
  const come = new Set(newcomers.map(({ asset }) => asset))
  for (const { asset, name } of newcomers)
    if (waiting[asset] === undefined) changed.push({ asset, name, is: 'waiting' })
  for (const [asset, name] of Object.entries(waiting))
    if (!come.has(asset)) changed.push({ asset, name, is: 'waiting no more' })
  return changed
}

/** Does the state already keep this departure? */
function isKept(
  departure: Departure | undefined,
  out: LeftOut | undefined,
  part: readonly string[] | undefined,
): boolean {
  if (departure === undefined) return out === undefined && part === undefined
  if ('done' in departure) return canonicalJson(part ?? null) === canonicalJson(departure.done)
  return out?.reason === departure.leftOut.reason && out.what === departure.leftOut.what
}

/** The thread is told at most once in this time, because the card always shows the present state. */
const TELL_EVERY_MS = DAY_MS

export function withCompared(
  state: ProposalState,
  { assets, more }: { readonly assets: readonly AssetSince[]; readonly more?: true },
  at: string,
): Since {
  const before = sinceOf(state)
  const { toldAt } = before
  const tell = more !== true && (toldAt === null || Date.parse(at) - Date.parse(toldAt) >= TELL_EVERY_MS)
  return withAssets(before, assets, tell ? at : toldAt)
}

type ByAsset = Pick<Since, 'leftOut' | 'done' | 'waiting'>

/** Changes that nobody has read yet, so that no record was made from them. */
const unread = new WeakMap<Since, { readonly before: Since; readonly assets: readonly AssetSince[] }>()

/**
 * Copying records of thousands of assets is the most expensive part of an event. One look at a large fleet gives
 * hundreds of events, and only the result of the last one is read. So the records are made when somebody reads them.
 */
function withAssets(before: Since, assets: readonly AssetSince[], toldAt: string | null): Since {
  const read = (name: keyof ByAsset) => ({ get: () => byAsset(next)[name], enumerable: true, configurable: true })
  const next = Object.defineProperties({} as Since, {
    leftOut: read('leftOut'),
    done: read('done'),
    waiting: read('waiting'),
    toldAt: { value: toldAt, enumerable: true, configurable: true, writable: true },
  })
  unread.set(next, { before, assets })
  return next
}

const byAsset = memoizeByIdentity((since: Since): ByAsset => {
  const changes: (readonly AssetSince[])[] = []
  let base = since
  for (let change = unread.get(base); change !== undefined; change = unread.get(base)) {
    changes.push(change.assets)
    base = change.before
  }
  const [leftOut, done, waiting] = [{ ...base.leftOut }, { ...base.done }, { ...base.waiting }]
  for (const one of changes.reverse().flat()) {
    delete leftOut[one.asset]
    delete done[one.asset]
    delete waiting[one.asset]
    if (one.is === 'left out') leftOut[one.asset] = one.why
    else if (one.is === 'in part') done[one.asset] = one.done
    else if (one.is === 'waiting') waiting[one.asset] = one.name
  }
  unread.delete(since)
  return { leftOut, done, waiting }
})
