/** What became of the assets of a decision since the vote, as the state keeps it. */

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
 * Has somebody voted or approved, or was anything begun? Then its content stays as it is. So it does once its notice has
 * begun anew a few times: in a large fleet it would never end.
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

/** Is there no asset left for which something was voted and may be begun? */
export function nobodyLeft(state: ProposalState): boolean {
  if (state.subject.kind !== 'patches') return false
  return stillToStart(state).length === 0
}

/** Assets whose turn is still to come, whatever ring they are in. */
export function stillToStart(state: ProposalState): readonly string[] {
  if (state.subject.kind !== 'patches') return []
  const ids = state.subject.assets.map(({ asset }) => asset.id)
  return ids.filter((asset) => leftOutOf(state, asset) === undefined && !hasBegun(state, asset))
}

/** Assets that are gone: none of their cluster counts on them. */
export function goneAssets(state: Pick<ProposalState, 'since'>): readonly string[] {
  return goneOf(sinceOf(state).leftOut)
}

const goneOf = memoizeByIdentity((leftOut: Since['leftOut']): readonly string[] =>
  Object.entries(leftOut).flatMap(([asset, { reason }]) => (reason === 'gone' ? [asset] : [])),
)

/** What is planned for an asset, without what it does not need any more; `null`: it is not part of the proposal. */
export function plannedNow(state: ProposalState, asset: string): PlannedAsset | null {
  if (state.subject.kind !== 'patches') return null
  const planned = plannedOf(state.subject, asset)
  const done = sinceOf(state).done[asset]
  if (planned === null || done === undefined) return planned
  const now = { ...planned, changes: without(planned.changes, done) }
  return planned.previewProblem === null ? now : { ...now, transaction: stepsOf(planned.changes), previewProblem: null }
}

/** Is it known what the asset would get: since people were asked, or since a preview that adds nothing? */
export function isPreviewed(state: ProposalState, { asset, previewProblem }: PlannedAsset): boolean {
  return previewProblem === null || sinceOf(state).done[asset.id] !== undefined
}

function without(changes: readonly Change[], done: readonly string[]): readonly Change[] {
  return changes.filter((change) => !done.includes(changeKey(change)))
}

/** Was it started, or did somebody decide what is to become of it? Then what it needs now changes nothing. */
function hasBegun({ rollout, test }: ProposalState, asset: string): boolean {
  const run = rollout ?? test
  if (run === null) return false
  return deploymentOf(run, asset) !== undefined || run.skipped[asset] !== undefined || (run.retried[asset] ?? 0) > 0
}

/** Is its ring done, so that its turn does not come any more? */
function turnIsOver(state: ProposalState, subject: PatchSubject, asset: string): boolean {
  const ring = state.rollout?.rings[ringIndex(subject).get(asset) ?? -1]
  return ring !== undefined && (ring.status === 'passed' || ring.status === 'soaking')
}

const ringIndex = memoizeByIdentity(
  ({ rings }: PatchSubject): ReadonlyMap<string, number> =>
    new Map(rings.flatMap(({ assets }, index) => assets.map((asset) => [asset, index] as const))),
)

/** How what a look says differs from what the state keeps. */
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

/** Does the state already keep what a look says about an asset? */
function isKept(
  departure: Departure | undefined,
  out: LeftOut | undefined,
  part: readonly string[] | undefined,
): boolean {
  if (departure === undefined) return out === undefined && part === undefined
  if ('done' in departure) return canonicalJson(part ?? null) === canonicalJson(departure.done)
  return out?.reason === departure.leftOut.reason && out.what === departure.leftOut.what
}

/** The thread is told at most this often, because the card always says how it stands. */
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

/** What was changed and not read yet. */
const unread = new WeakMap<Since, { readonly before: Since; readonly assets: readonly AssetSince[] }>()

/**
 * Copying records of thousands of assets costs more than anything else that an event does, and one look at a large
 * fleet is told in hundreds of events; only after the last does somebody read the result. So the records are made where
 * they are read.
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
