/**
 * When assets of a proposal may be touched: in windows or extended windows, outside freezes, and with enough time left.
 */

import { paceOf } from '../estimate.ts'
import { memoizeByIdentity } from '../memoize-by-identity.ts'
import { bypassesWindow } from '../proposal/approval.ts'
import type { Context } from '../proposal/command.ts'
import type { PatchSubject, PlannedAsset, PlannedRing, ProposalState } from '../proposal/proposal.ts'
import { leftOutOf } from '../proposal/since.ts'
import { leadOf } from '../terms.ts'
import { isBefore, plusSeconds } from '../time/instant.ts'
import {
  type Freeze,
  freezeAt,
  handedOverAt,
  nextFreezeStart,
  nextWindows,
  openWindow,
  type Scheduled,
  type WindowPlan,
} from '../window.ts'
import { currentRings, lanesOf, ringTitle } from './lanes.ts'
import { plannedOf } from './planned.ts'
import { remaining, someRemain } from './remaining.ts'
import { type CurrentRing, lanesLeft, soakEndOf } from './run.ts'

export type TouchContext = Pick<Context, 'now' | 'freezes' | 'estimates' | 'others' | 'downElsewhere'>

/** So many windows are searched for one that is long enough. */
const WINDOWS_TRIED = 400

/** Windows of assets that have one of their own, by asset id. The others use the window of the proposal. */
export const windowsOf = memoizeByIdentity(
  (subject: PatchSubject): ReadonlyMap<string, WindowPlan> =>
    new Map(subject.assets.flatMap(({ asset, window }) => (window === undefined ? [] : [[asset.id, window]]))),
)

/** Seconds before work may begin at which the systems of the assets are told, by asset id. The others need no lead. */
export const leadsOf = memoizeByIdentity(
  (subject: PatchSubject): ReadonlyMap<string, number> =>
    new Map(
      subject.assets.flatMap(({ asset, terms }): [string, number][] => {
        const lead = leadOf(terms)
        return lead === 0 ? [] : [[asset.id, lead]]
      }),
    ),
)

/** Seconds that one asset is expected to take. `pace`: see `paceOf`. */
export function estimateOf(pace: string, { estimates }: Pick<Context, 'estimates'>): number {
  return estimates?.[pace] ?? 0
}

/**
 * The assets that may be handed over now and have enough time to finish. An asset whose system needs a lead begins when
 * the lead is over, so its window must be open then. Only a break-glass or a roll back ignores windows.
 */
export function touchable(
  state: ProposalState,
  assets: readonly string[],
  pace: string,
  context: TouchContext,
): readonly string[] {
  const open = openNow(state, assets, pace, context)
  const notBegun = (state.rollout ?? state.test)?.notBegun ?? {}
  return open.filter((asset) => {
    const notBefore = notBegun[asset]?.notBefore ?? null
    return notBefore === null || !isBefore(context.now, notBefore)
  })
}

function openNow(
  state: ProposalState,
  assets: readonly string[],
  pace: string,
  context: TouchContext,
): readonly string[] {
  const { subject, schedule } = state
  const { now, freezes } = context
  if (subject.kind !== 'patches') return []
  if (state.rollout === null && state.test !== null) return testOpen(state, subject, assets, context)
  if (schedule === null || isBefore(now, handedOverAt(schedule)) || !isBefore(now, schedule.end)) return []
  if (state.approvedBy && bypassesWindow(state.approvedBy)) return assets
  const seconds = estimateOf(pace, context)
  return byLead(subject, assets, (some, lead) =>
    lead === 0
      ? openAt(state, subject, some, now, seconds, freezes)
      : // How long such an asset works is not known, only when it reports. So it only has to begin in its window.
        openAt(state, subject, some, plusSeconds(now, lead), 0, freezes),
  )
}

/** Those assets that `open` gives, asked once for all that need the same lead (in seconds). */
function byLead(
  subject: PatchSubject,
  assets: readonly string[],
  open: (some: readonly string[], lead: number) => readonly string[],
): readonly string[] {
  const leads = leadsOf(subject)
  if (leads.size === 0) return open(assets, 0)
  const of = (asset: string) => leads.get(asset) ?? 0
  return [...new Set(assets.map(of))].flatMap((lead) =>
    open(
      assets.filter((asset) => of(asset) === lead),
      lead,
    ),
  )
}

/**
 * The assets of the test ring that may be handed over now. It is a controlled environment, so only a freeze holds it
 * back. But nobody can watch what a system does a day later, so that has to begin in a window.
 */
function testOpen(
  state: ProposalState,
  subject: PatchSubject,
  assets: readonly string[],
  { now, freezes }: TouchContext,
): readonly string[] {
  return byLead(subject, assets, (some, lead) => {
    if (lead > 0) return openAt(state, subject, some, plusSeconds(now, lead), 0, freezes)
    return freezeAt(freezes, state.team, now) === null ? some : []
  })
}

/** The assets of which the window is open at this instant and long enough. */
function openAt(
  state: ProposalState,
  subject: PatchSubject,
  assets: readonly string[],
  at: string,
  seconds: number,
  freezes: readonly Freeze[],
): readonly string[] {
  const end = plusSeconds(at, seconds)
  const extended = state.rollout?.extendedUntil ?? null
  if (extended !== null && isBefore(at, extended)) {
    return isBefore(extended, end) || freezeAt(freezes, state.team, at) !== null ? [] : assets
  }
  const own = windowsOf(subject)
  const open = new Map<WindowPlan, boolean>()
  return assets.filter((asset) => {
    const plan = own.get(asset) ?? subject.window
    let fits = open.get(plan)
    if (fits === undefined) {
      const window = openWindow(plan, freezes, state.team, at)
      fits = window !== null && !isBefore(window.end, end)
      open.set(plan, fits)
    }
    return fits
  })
}

/** Whether the asset may be touched at an instant that may still be to come: by its window, and by freezes. */
export function opensAt(
  state: ProposalState,
  asset: string,
  at: string,
  { freezes }: Pick<TouchContext, 'freezes'>,
): boolean {
  const { subject, approvedBy } = state
  if (subject.kind !== 'patches') return false
  if (approvedBy !== null && bypassesWindow(approvedBy)) return true
  return openAt(state, subject, [asset], at, 0, freezes).length > 0
}

/** When work on an asset may begin, ISO 8601 UTC. */
export interface WorkTimes {
  /** Left out: at once. */
  readonly notBefore?: string
  /** `null`: there is no end. */
  readonly notAfter: string | null
}

/** The times of an asset that may be handed over now. An asset whose system needs a lead begins when that is over. */
export function workTimes(state: ProposalState, asset: string, context: TouchContext): WorkTimes {
  const lead = state.subject.kind === 'patches' ? (leadsOf(state.subject).get(asset) ?? 0) : 0
  if (lead === 0) return { notAfter: timeOver(state, asset, context) }
  const begin = plusSeconds(context.now, lead)
  if (state.approvedBy === null || !bypassesWindow(state.approvedBy))
    return { notBefore: begin, notAfter: timeOver(state, asset, { ...context, now: begin }) }
  // Windows do not count, so the assets begin as soon as they learn of it.
  return { notBefore: context.now, notAfter: plusSeconds(state.schedule?.end ?? context.now, lead) }
}

/**
 * Until when an asset that may be touched now may begin (ISO 8601 UTC); `null`: no end. Usually this is the end of its
 * window. In an extended window: the end of that, or the next freeze if it comes before. After a break-glass and for a
 * roll back, windows do not count: the end of the schedule. The test ring runs at any time, so for it the start of the
 * next freeze, unless its system needs a lead.
 */
export function timeOver(state: ProposalState, asset: string, { now, freezes }: TouchContext): string | null {
  const { subject, schedule, team } = state
  if (subject.kind !== 'patches') return now
  const freeze = nextFreezeStart(freezes, team, now)
  if (state.rollout === null && !leadsOf(subject).has(asset)) return freeze
  if (state.approvedBy && bypassesWindow(state.approvedBy)) return schedule?.end ?? now
  const extended = state.rollout?.extendedUntil ?? null
  if (extended !== null && isBefore(now, extended)) {
    return freeze !== null && isBefore(freeze, extended) ? freeze : extended
  }
  return openWindow(windowsOf(subject).get(asset) ?? subject.window, freezes, team, now)?.end ?? now
}

/** The assets of one lane that begin next. */
export interface ComesNext {
  /** By what the ring's estimate is kept. */
  readonly pace: string
  /** How people read the name of the ring. */
  readonly title: string
  readonly assets: readonly string[]
  /** The current ring; `null`: the rollout has not begun. */
  readonly current: CurrentRing | null
}

/**
 * The assets that begin next in each lane: the rest of the batch under way, or else the rest of the ring. Before the
 * rollout: the first ring. Empty: no ring is left. A lane that waits for another one counts as well.
 */
export function comesNext(state: ProposalState, subject: PatchSubject): readonly ComesNext[] {
  const lanes = state.rollout === null ? [] : lanesLeft(state)
  if (lanes.length > 0) {
    return lanes.map((current) => {
      const { planned, title, ring } = current
      const assets = ring.waiting.length > 0 ? ring.waiting : remaining(current)
      return { pace: paceOf(planned), title, assets, current }
    })
  }
  // The test ring is not done again.
  const passed = ({ beforeVote }: PlannedRing) => beforeVote === true && state.test !== null
  const states = subject.rings.map((ring) => ({ status: passed(ring) ? ('passed' as const) : ('waiting' as const) }))
  return currentRings(subject.rings, states).flatMap((index): readonly ComesNext[] => {
    const planned = subject.rings[index]
    if (planned === undefined) return []
    // If all assets are left out, or the ring has none, the rollout begins all the same, and stops at this ring.
    const first = planned.assets.length > 0 ? planned : (nextWithAssets(subject, index) ?? planned)
    const some = first.assets.filter((asset) => leftOutOf(state, asset) === undefined)
    const assets = some.length === 0 ? first.assets : some
    return [{ pace: paceOf(first), title: ringTitle(subject, index) ?? first.name, assets, current: null }]
  })
}

/** The next ring of the lane that has assets. */
function nextWithAssets({ rings }: PatchSubject, index: number): PlannedRing | undefined {
  return rings.find(({ assets, engine }, at) => at > index && engine === rings[index]?.engine && assets.length > 0)
}

/** When the rest of the proposal may run next in any lane, or a sentence that says why it never may. */
export function nextRun(
  state: ProposalState,
  context: TouchContext,
): { readonly window: Scheduled } | { readonly problem: string } {
  const { subject } = state
  if (subject.kind !== 'patches') return { problem: 'there is nothing to run' }
  const lanes = comesNext(state, subject)
  const left = lanes.filter(({ current }) => current === null || hasMoreIn(current, subject))
  const considered: readonly (ComesNext | null)[] = left.length > 0 ? left : [lanes[0] ?? null]
  let best: Scheduled | null = null
  for (const next of considered) {
    const seconds = next === null ? 0 : estimateOf(next.pace, context)
    for (const [plan, leads] of plansOf(subject, next)) {
      for (const lead of leads) {
        const window = firstFit(plan, lead, state, next?.current ?? null, context, lead === 0 ? seconds : 0)
        if (window !== null && (best === null || isBefore(handedOverAt(window), handedOverAt(best)))) best = window
      }
    }
  }
  if (best !== null) return { window: best }
  const [next] = considered
  const name = `the window "${subject.window.name}"`
  const [any] = nextWindows(subject.window, context.freezes, state.team, context.now, 1)
  if (any === undefined) return { problem: `${name} has no time in the coming year in which this may run` }
  const seconds = next == null ? 0 : estimateOf(next.pace, context)
  return {
    problem: `${name} is never open for as long as a server of ring ${next?.title ?? ''} takes (about ${Math.ceil(seconds / 60)} min)`,
  }
}

/**
 * The windows of the assets that come next, with the leads of their systems. If the ring has none left: those of the
 * lane's later rings.
 */
function plansOf(subject: PatchSubject, next: ComesNext | null): ReadonlyMap<WindowPlan, ReadonlySet<number>> {
  const [own, leads] = [windowsOf(subject), leadsOf(subject)]
  const found = new Map<WindowPlan, Set<number>>()
  function add(plan: WindowPlan, lead: number): void {
    found.set(plan, (found.get(plan) ?? new Set()).add(lead))
  }
  for (const asset of next?.assets ?? []) add(own.get(asset) ?? subject.window, leads.get(asset) ?? 0)
  if (found.size > 0) return found
  const usual = new Map([[subject.window, new Set([0])]])
  if (next?.current == null || (lanesOf(subject).length === 1 && leads.size === 0)) return usual
  const { index, planned } = next.current
  const later = subject.rings.flatMap((ring, at) => (at > index && ring.engine === planned.engine ? [ring] : []))
  for (const { window, terms } of later.flatMap((ring) => samplesOf(subject)(ring)))
    add(window ?? subject.window, leadOf(terms))
  return found.size > 0 ? found : usual
}

/** Is a window still needed in this lane? Not if everything that is left has begun. */
export function hasMoreIn(current: CurrentRing, { rings }: PatchSubject): boolean {
  const { index, planned, ring } = current
  const later = rings.some(({ engine }, at) => at > index && engine === planned.engine)
  return later || ring.waiting.length > 0 || someRemain(current)
}

/** One asset of a ring for each window and each lead: the others may begin when one of these may. */
const samplesOf = memoizeByIdentity((subject: PatchSubject) =>
  memoizeByIdentity((ring: PlannedRing): readonly PlannedAsset[] => {
    const found = new Map<WindowPlan, Map<number, PlannedAsset>>()
    for (const id of ring.assets) {
      const planned = plannedOf(subject, id)
      if (planned === null) continue
      const plan = planned.window ?? subject.window
      const byLead = found.get(plan) ?? new Map<number, PlannedAsset>()
      found.set(plan, byLead)
      const lead = leadOf(planned.terms)
      if (!byLead.has(lead)) byLead.set(lead, planned)
    }
    return [...found.values()].flatMap((byLead) => [...byLead.values()])
  }),
)

/**
 * Since when, or from when on, a lane may begin as far as windows go (ISO 8601 UTC); `null`: never. Freezes and the time
 * that assets take are not looked at here: the start itself asks for them.
 */
export function laneOpens(state: ProposalState, { planned }: CurrentRing, now: string): string | null {
  const { subject, team } = state
  if (subject.kind !== 'patches') return null
  const samples = samplesOf(subject)(planned)
  const ids = samples.map(({ asset }) => asset.id)
  if (touchable(state, ids, paceOf(planned), { now, freezes: [] }).length > 0) return now
  let first: string | null = null
  for (const { window, terms } of samples) {
    const lead = leadOf(terms)
    for (const { start } of nextWindows(window ?? subject.window, [], team, plusSeconds(now, lead), 2)) {
      const at = plusSeconds(start, -lead)
      if (isBefore(now, at) && (first === null || isBefore(at, first))) first = at
    }
  }
  return first
}

/**
 * The first window of the plan that respects the lead time and is long enough; `null`: there is none. `lead`: seconds
 * before the start at which the system of the assets is told.
 */
function firstFit(
  plan: WindowPlan,
  lead: number,
  state: ProposalState,
  current: CurrentRing | null,
  context: TouchContext,
  seconds: number,
): Scheduled | null {
  const { now, freezes } = context
  const { rollout, approvedAt } = state
  const decided = rollout === null ? plusSeconds(approvedAt ?? now, plan.leadSeconds ?? 0) : now
  // A ring that is soaking goes on when the soak is over. Only then is the system told.
  const soaked = (rollout === null || current === null ? null : soakEndOf(current)) ?? now
  const earliest = plusSeconds(isBefore(soaked, now) ? now : soaked, lead)
  const from = isBefore(decided, earliest) ? earliest : decided
  for (const window of nextWindows(plan, freezes, state.team, from, WINDOWS_TRIED)) {
    const start = isBefore(window.start, from) && from !== now ? from : window.start
    const begin = isBefore(start, now) ? now : start
    if (isBefore(window.end, plusSeconds(begin, seconds))) continue
    return { start, end: window.end, ...(lead === 0 ? {} : { tellAt: plusSeconds(start, -lead) }) }
  }
  return null
}
