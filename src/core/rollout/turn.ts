/** The turn in a rollout: which assets may begin now, or what the rollout waits for. */

import { clusterRooms } from '../cluster.ts'
import { paceOf } from '../estimate.ts'
import type { OtherWork } from '../proposal/command.ts'
import { portions } from '../proposal/portions.ts'
import type {
  Cluster,
  Gate,
  PatchSubject,
  PlannedRing,
  ProposalState,
  RingState,
  Rollout,
  ToldTimes,
} from '../proposal/proposal.ts'
import { goneAssets } from '../proposal/since.ts'
import { isBefore, plusSeconds } from '../time/instant.ts'
import { deploymentOf, failedDeployments } from './deployments.ts'
import { type GateTally, gateProblem, tally } from './gate.ts'
import { clustersWith, hasUpdates, plannedOf } from './planned.ts'
import { firstRemaining, leftOutIn, someRemain } from './remaining.ts'
import { type CurrentRing, emptyRing, endedBadly, ringsNow, setOf, unfinishedDeployments, without } from './run.ts'
import { leadsOf, type TouchContext, touchable, workTimes } from './touch.ts'

export type Turn =
  | {
      readonly kind: 'start'
      readonly ring: number
      readonly batch: number
      /** True if this start begins a new batch. */
      readonly fresh: boolean
      readonly assets: readonly string[]
      /** Assets of the same batch that begin later. */
      readonly waiting: readonly string[]
      /** The times that the system of these assets is told. Empty: work begins at once. */
      readonly times: ToldTimes
    }
  | { readonly kind: 'wait'; readonly for: 'assets' | 'window' | 'go' | 'checks' | 'soak'; readonly why: string }
  /**
   * Another proposal is working on the asset, or on so many assets of the same ring or cluster that there is no room.
   */
  | {
      readonly kind: 'wait'
      readonly for: 'another proposal'
      readonly on: OtherWork
      /** What has no room; left out: the asset itself is needed. */
      readonly full?: string
      readonly why: string
    }
  /** The rollout cannot go on until a person does something. */
  | { readonly kind: 'stuck'; readonly ring: number; readonly why: string }
  | { readonly kind: 'done'; readonly why: string }

/** Answers of the gate's checks hold for so many seconds. */
const CHECK_SECONDS = 300

/** Must the gate's checks be asked again before more of the ring begins, or before it passes? */
export function wantsChecks({ planned, ring }: Pick<CurrentRing, 'planned' | 'ring'>, now: string): boolean {
  if ((planned.gate.checks ?? []).length === 0) return false
  return ring.checked === null || isBefore(plusSeconds(ring.checked.at, CHECK_SECONDS), now)
}

export function wantsGo({
  planned,
  ring,
}: {
  readonly planned: { readonly gate: Pick<Gate, 'go'> }
  readonly ring: Pick<RingState, 'go'>
}): boolean {
  return (planned.gate.go ?? []).length > 0 && ring.go === null
}

/** Why nothing more may begin: the gate of the ring, or the failure budget of the whole rollout; `null`: it may. */
export function stopReason(subject: PatchSubject, current: CurrentRing): string | null {
  const { planned, title, run } = current
  const problem = gateProblem(planned.gate, tallyOf(subject, current))
  if (problem !== null) return `Ring ${title} stopped at its gate: ${problem}`
  if (subject.failureBudget === undefined) return null
  const forgiven = run.rings.map((item) => setOf(item.forgiven))
  const bad = [...endedBadly(run)].filter((asset) => !forgiven.some((assets) => assets.has(asset)))
  const failed = bad.length
  if (failed <= subject.failureBudget) return null
  // Nothing was changed on what was held back, so it has not failed.
  const held = bad.some((asset) => deploymentOf(run, asset)?.verification?.end === 'held back')
  return `The rollout stopped: ${failed} of its servers failed${held ? ', were held back' : ''} or never answered, more than the ${subject.failureBudget} that it allows in all`
}

/** Counts the assets of a ring for its gate. Failures do not count if somebody accepted them or left the asset out. */
function tallyOf(subject: PatchSubject, { index, planned, ring, run, leftOut }: CurrentRing): GateTally {
  const failed = failedDeployments(run).filter((deployment) => deployment.ring === index)
  const forgiven = setOf(ring.forgiven)
  const counted = failed.filter(({ asset }) => !forgiven.has(asset) && run.skipped[asset] === undefined)
  // An asset that is left out is neither a success nor a failure.
  const out = leftOutIn({ planned, run, leftOut })
  const total = planned.assets.length - out - (failed.length - counted.length)
  return tally(
    total,
    counted,
    planned.gate.waitingForReboot === 'as success' ? 0 : owing(subject, run, forgiven, planned),
  )
}

/** How many assets of the ring are not fixed, because an update waits for a restart. */
function owing(subject: PatchSubject, run: Rollout, forgiven: ReadonlySet<string>, { assets }: PlannedRing): number {
  if (!hasUpdates(subject)) return 0
  const owes = (asset: string) =>
    deploymentOf(run, asset)?.verification?.end === 'waiting for reboot' &&
    !forgiven.has(asset) &&
    run.skipped[asset] === undefined &&
    plannedOf(subject, asset)?.changes.some(({ kind }) => kind === 'update') === true
  return assets.filter(owes).length
}

/**
 * How many assets of a batch are worked on at the same time. A system that acts on groups works on the whole batch,
 * because a group belongs to one start.
 */
export function concurrencyOf(ring: PlannedRing, subject: PatchSubject): number {
  const [first] = ring.assets
  const grain = first === undefined ? undefined : plannedOf(subject, first)?.terms?.grain
  return Math.max(1, grain === 'group' ? ring.batchSize : (ring.concurrency ?? ring.batchSize))
}

/**
 * How many more assets of the ring may be worked on now, as far as this proposal goes. The limit holds for rings of the
 * same name in all lanes. Assets whose system speaks late do not count in other lanes: nobody waits days for them.
 */
export function freeIn(state: ProposalState, { index, planned }: Pick<CurrentRing, 'index' | 'planned'>): number {
  const { subject } = state
  const rings = subject.kind === 'patches' ? subject.rings : []
  const running = unfinishedDeployments(state).filter(({ asset, ring }) => {
    if (ring === index) return true
    if (rings[ring]?.name !== planned.name || subject.kind !== 'patches') return false
    return plannedOf(subject, asset)?.terms === undefined
  })
  return subject.kind === 'patches' ? concurrencyOf(planned, subject) - running.length : 0
}

/** What comes next in any lane. A lane that can begin does not wait for the others; one that cannot go on stops all. */
export function nextTurn(state: ProposalState, context: TouchContext): Turn {
  const { subject } = state
  const lanes = ringsNow(state)
  if (subject.kind !== 'patches' || lanes.length === 0) return { kind: 'done', why: 'Every ring is done.' }
  let best: Turn | null = null
  for (const current of lanes) {
    const why = whyStuck(subject, current)
    if (why !== null) return { kind: 'stuck', ring: current.index, why }
  }
  for (const current of lanes) {
    const turn = turnIn(state, subject, current, context)
    if (turn.kind === 'start') return turn
    if (best === null || weight(turn) < weight(best)) best = turn
  }
  return best ?? { kind: 'done', why: 'Every ring is done.' }
}

/** Of two lanes that cannot begin, the one with the smaller weight says what the rollout waits for. */
function weight(turn: Turn): number {
  switch (turn.kind) {
    case 'start':
    case 'done':
      return 0
    case 'stuck':
      return 1
    case 'wait':
      return turn.for === 'another proposal' ? 2 : turn.for === 'window' ? 3 : 4
  }
}

/** Why nothing more of the ring may begin until people resume; `null`: it may. */
function whyStuck(subject: PatchSubject, current: CurrentRing): string | null {
  const empty = emptyRing(current)
  if (empty !== null) return empty
  if (current.ring.status === 'soaking') return null
  if (current.ring.status === 'failed') return `Ring ${current.title} is failed.`
  return stopReason(subject, current)
}

function turnIn(state: ProposalState, subject: PatchSubject, current: CurrentRing, context: TouchContext): Turn {
  const { index, planned, title, ring } = current
  if (ring.status === 'soaking') return { kind: 'wait', for: 'soak', why: `Ring ${title} is soaking.` }
  const mine = unfinishedDeployments(state).filter((deployment) => deployment.ring === index).length
  const fresh = ring.waiting.length === 0
  if (fresh && mine > 0) return { kind: 'wait', for: 'assets', why: 'The batch before is not finished.' }
  const others = context.others ?? []
  // The limits of a ring hold for all rollouts of the team together, but nobody waits days for an asset that reports late.
  const sameRing = others.filter(({ ring: name, rests }) => name === planned.name && rests !== true)
  const here = freeIn(state, current)
  const free = here - sameRing.length
  if (free <= 0 && (mine > 0 || here <= 0))
    return { kind: 'wait', for: 'assets', why: 'As many are being worked on as may be.' }
  const [first] = sameRing
  if (free <= 0 && first !== undefined) return waitFor(first, `Ring ${title} is full`, `ring ${title}`)
  if (fresh && wantsGo(current)) return { kind: 'wait', for: 'go', why: `Ring ${title} waits for somebody to say go.` }
  if (fresh && !someRemain(current)) return { kind: 'done', why: `Ring ${title} has no further batch.` }
  if (fresh && wantsChecks(current, context.now))
    return { kind: 'wait', for: 'checks', why: `The checks of ring ${title} are to be asked first.` }
  return startIn(state, subject, current, { mine, free, others }, context)
}

/** The start of the ring's next assets, or why none of them may begin now. */
function startIn(
  state: ProposalState,
  subject: PatchSubject,
  current: CurrentRing,
  { mine, free, others }: { readonly mine: number; readonly free: number; readonly others: readonly OtherWork[] },
  context: TouchContext,
): Turn {
  const { index, planned, title, ring, run } = current
  const running = unfinishedDeployments(state)
  const fresh = ring.waiting.length === 0
  const taken = new Map(others.map((other) => [other.asset, other]))
  // With clusters, any asset of the batch may be the one that has room.
  const enough = fresh ? planned.batchSize : (subject.clusters ?? []).length === 0 ? free : ring.waiting.length
  const { open, own } = openOf(state, current, taken, Math.max(1, enough), context)
  if (open.length === 0) return { kind: 'wait', for: 'window', why: 'The window is not open, or too short now.' }
  const [next] = open
  const takenFirst = next === undefined ? undefined : taken.get(next)
  if (own.length === 0 && takenFirst !== undefined) {
    if (mine > 0) return { kind: 'wait', for: 'assets', why: 'Some are being worked on.' }
    return waitFor(takenFirst, 'What comes next is taken')
  }
  const batch = fresh ? own.slice(0, planned.batchSize) : own
  const working = new Set([...running.map(({ asset }) => asset), ...taken.keys()])
  const away = () => [...(context.downElsewhere ?? []), ...goneAssets(state)]
  const chosen = withRoom(subject, run, working, away, batch, free)
  if (chosen.assets.length === 0) {
    if (running.length > 0) return { kind: 'wait', for: 'assets', why: `${chosen.why}.` }
    const neighbour = others.find(
      ({ asset }) => chosen.full !== null && clustersWith(subject, asset).includes(chosen.full),
    )
    if (neighbour !== undefined) return waitFor(neighbour, chosen.why, `cluster ${chosen.full?.name ?? ''}`)
    return { kind: 'stuck', ring: index, why: `Ring ${title} cannot go on: ${chosen.why}` }
  }
  // One start is recorded in one event. Other assets that have room begin with the next start.
  const [some = []] = portions(chosen.assets)
  const { assets, times } = toldTogether(state, some, context)
  const waiting = without(fresh ? [...batch, ...openLater(current, subject, batch, taken)] : ring.waiting, assets)
  const number = fresh ? ring.batchesStarted : ring.batchesStarted - 1
  return { kind: 'start', ring: index, batch: number, fresh, assets, waiting, times }
}

/**
 * Assets of a fresh batch whose windows open later, as in another time zone. They are told beside the others, because
 * these report days later. Without a lead, they come in a batch of their own, which waits for hours at most.
 */
function openLater(
  current: CurrentRing,
  subject: PatchSubject,
  batch: readonly string[],
  taken: ReadonlyMap<string, OtherWork>,
): readonly string[] {
  const { batchSize } = current.planned
  const leads = leadsOf(subject)
  if (!batch.some((asset) => leads.has(asset))) return []
  const others = without(firstRemaining(current, batchSize + taken.size), batch)
  return others.filter((asset) => leads.has(asset) && !taken.has(asset)).slice(0, batchSize - batch.length)
}

/** The assets that are told the same times as the first of them, because one start has one deadline. */
function toldTogether(
  state: ProposalState,
  assets: readonly string[],
  context: TouchContext,
): { readonly assets: readonly string[]; readonly times: ToldTimes } {
  if (state.subject.kind !== 'patches' || leadsOf(state.subject).size === 0) return { assets, times: {} }
  const times = assets.map((asset) => workTimes(state, asset, context))
  const [first] = times
  if (first?.notBefore === undefined || first.notAfter === null)
    return { assets: assets.filter((_, index) => times[index]?.notBefore === undefined), times: {} }
  const { notBefore, notAfter } = first
  const same = assets.filter((_, index) => times[index]?.notBefore === notBefore && times[index]?.notAfter === notAfter)
  return { assets: same, times: { notBefore, notAfter } }
}

/**
 * `open`: the next assets that may be touched now. `own`: those of them that no other proposal works on. The search
 * stops when `enough` are found. They usually come first, so that the thousands behind them are not looked at.
 */
function openOf(
  state: ProposalState,
  { planned, ring, run, leftOut }: CurrentRing,
  taken: ReadonlyMap<string, OtherWork>,
  enough: number,
  context: TouchContext,
): { readonly open: readonly string[]; readonly own: readonly string[] } {
  const look = (most: number) => {
    const next = ring.waiting.length > 0 ? ring.waiting.slice(0, most) : firstRemaining({ planned, run, leftOut }, most)
    const open = touchable(state, next, paceOf(planned), context)
    return { open, own: open.filter((asset) => !taken.has(asset)) }
  }
  const first = look(enough + taken.size)
  return first.own.length >= enough ? first : look(Number.POSITIVE_INFINITY)
}

function waitFor(on: OtherWork, what: string, full?: string): Turn {
  const why = `${what}: ${on.asset} is at work for ${on.proposal}.`
  return { kind: 'wait', for: 'another proposal', on, why, ...(full === undefined ? {} : { full }) }
}

/**
 * The first assets, at most `most`, for which every cluster has room. `full` and `why`: the cluster that holds back the
 * first of the other assets.
 */
function withRoom(
  subject: PatchSubject,
  run: Rollout,
  working: ReadonlySet<string>,
  away: () => readonly string[],
  assets: readonly string[],
  most: number,
): { readonly assets: readonly string[]; readonly full: Cluster | null; readonly why: string } {
  const { clusters = [] } = subject
  if (clusters.length === 0) return { assets: assets.slice(0, most), full: null, why: '' }
  const bad = new Set([...down(run), ...away()])
  const rooms = clusterRooms(clusters, (asset) => clustersWith(subject, asset), { working, bad })
  const chosen: string[] = []
  let first: Cluster | null = null
  let why = ''
  for (const asset of assets) {
    if (chosen.length >= most) break
    // An asset that is down already does not make the cluster smaller.
    const up = bad.has(asset) ? 0 : 1
    const mine = clustersWith(subject, asset).flatMap((cluster) => rooms.get(cluster) ?? [])
    const full = mine.find(({ free, spare }) => free < 1 || spare < up)?.cluster
    if (full === undefined) {
      for (const room of mine) {
        room.free--
        room.spare -= up
      }
      chosen.push(asset)
    } else if (first === null) {
      first = full
      const count = full.assets.filter((member) => working.has(member) || bad.has(member)).length
      why = `${count} of the ${full.assets.length} of cluster ${full.name} are down, and ${full.minHealthy} must stay up`
    }
  }
  return { assets: chosen, full: first, why }
}

/** Assets that ended badly, including those that are to be tried again. */
export function down(run: Rollout): ReadonlySet<string> {
  const bad = new Set(endedBadly(run))
  for (const asset of Object.keys(run.retried)) if (deploymentOf(run, asset) === undefined) bad.add(asset)
  return bad
}
