/**
 * When assets of a proposal may be touched: in windows or extended windows, outside freezes, and with enough time left.
 */

import { memoizeByIdentity } from '../memoize-by-identity.ts'
import { bypassesWindow } from '../proposal/approval.ts'
import type { Context } from '../proposal/command.ts'
import type { PatchSubject, ProposalState } from '../proposal/proposal.ts'
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
import { remaining } from './remaining.ts'
import { ringNow, soakEnd } from './run.ts'

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

/** Seconds that one asset of the ring is expected to take. */
export function estimateOf(ring: string, { estimates }: Pick<Context, 'estimates'>): number {
  return estimates?.[ring] ?? 0
}

/**
 * The assets that may be handed over now and have enough time to finish. An asset whose system needs a lead begins when
 * the lead is over, so its window must be open then. Only a break-glass or a roll back ignores windows.
 */
export function touchable(
  state: ProposalState,
  assets: readonly string[],
  ring: string,
  context: TouchContext,
): readonly string[] {
  const open = openNow(state, assets, ring, context)
  const notBegun = (state.rollout ?? state.test)?.notBegun ?? {}
  return open.filter((asset) => {
    const notBefore = notBegun[asset]?.notBefore ?? null
    return notBefore === null || !isBefore(context.now, notBefore)
  })
}

function openNow(
  state: ProposalState,
  assets: readonly string[],
  ring: string,
  context: TouchContext,
): readonly string[] {
  const { subject, schedule } = state
  const { now, freezes } = context
  if (subject.kind !== 'patches') return []
  // The test ring is a controlled environment: only a freeze holds it back.
  if (state.rollout === null && state.test !== null) {
    return freezeAt(freezes, state.team, now) === null ? assets : []
  }
  if (schedule === null || isBefore(now, handedOverAt(schedule)) || !isBefore(now, schedule.end)) return []
  if (state.approvedBy && bypassesWindow(state.approvedBy)) return assets
  const seconds = estimateOf(ring, context)
  const leads = leadsOf(subject)
  if (leads.size === 0) return openAt(state, subject, assets, now, seconds, freezes)
  const of = (asset: string) => leads.get(asset) ?? 0
  return [...new Set(assets.map(of))].flatMap((lead) => {
    const some = assets.filter((asset) => of(asset) === lead)
    return openAt(state, subject, some, plusSeconds(now, lead), seconds, freezes)
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
 * roll back, windows do not count: the end of the schedule. The test ring runs at any time: the start of the next
 * freeze.
 */
export function timeOver(state: ProposalState, asset: string, { now, freezes }: TouchContext): string | null {
  const { subject, schedule, team } = state
  if (subject.kind !== 'patches') return now
  const freeze = nextFreezeStart(freezes, team, now)
  if (state.rollout === null) return freeze
  if (state.approvedBy && bypassesWindow(state.approvedBy)) return schedule?.end ?? now
  const extended = state.rollout.extendedUntil
  if (extended !== null && isBefore(now, extended)) {
    return freeze !== null && isBefore(freeze, extended) ? freeze : extended
  }
  return openWindow(windowsOf(subject).get(asset) ?? subject.window, freezes, team, now)?.end ?? now
}

/**
 * The assets that begin next: the rest of the batch under way, or else the rest of the ring. Before the rollout: the
 * first ring. `null`: no ring is left.
 */
export function comesNext(
  state: ProposalState,
  subject: PatchSubject,
): { readonly ring: string; readonly assets: readonly string[] } | null {
  const current = state.rollout === null ? null : ringNow(state)
  if (current !== null) {
    const { planned, ring } = current
    return { ring: planned.name, assets: ring.waiting.length > 0 ? ring.waiting : remaining(current) }
  }
  // The test ring is not done again.
  const first = subject.rings.find(({ beforeVote }) => beforeVote !== true || state.test === null)
  if (first === undefined) return null
  // If all assets are left out, the rollout begins all the same, and stops at this ring.
  const some = first.assets.filter((asset) => leftOutOf(state, asset) === undefined)
  return { ring: first.name, assets: some.length === 0 ? first.assets : some }
}

/** When the rest of the proposal may run next, or a sentence that says why it never may. */
export function nextRun(
  state: ProposalState,
  context: TouchContext,
): { readonly window: Scheduled } | { readonly problem: string } {
  const { subject } = state
  if (subject.kind !== 'patches') return { problem: 'there is nothing to run' }
  const next = comesNext(state, subject)
  const assets = next?.assets ?? []
  const [own, leads] = [windowsOf(subject), leadsOf(subject)]
  const leadsByPlan = new Map<WindowPlan, Set<number>>()
  for (const asset of assets) {
    const plan = own.get(asset) ?? subject.window
    const known = leadsByPlan.get(plan) ?? new Set()
    leadsByPlan.set(plan, known.add(leads.get(asset) ?? 0))
  }
  if (leadsByPlan.size === 0) leadsByPlan.set(subject.window, new Set([0]))
  const seconds = next === null ? 0 : estimateOf(next.ring, context)
  let best: Scheduled | null = null
  for (const [plan, some] of leadsByPlan) {
    for (const lead of some) {
      const window = firstFit(plan, lead, state, context, seconds)
      if (window !== null && (best === null || isBefore(handedOverAt(window), handedOverAt(best)))) best = window
    }
  }
  if (best !== null) return { window: best }
  const name = `the window "${subject.window.name}"`
  const [any] = nextWindows(subject.window, context.freezes, state.team, context.now, 1)
  if (any === undefined) return { problem: `${name} has no time in the coming year in which this may run` }
  return {
    problem: `${name} is never open for as long as a server of ring ${next?.ring ?? ''} takes (about ${Math.ceil(seconds / 60)} min)`,
  }
}

/**
 * The first window of the plan that respects the lead time and is long enough; `null`: there is none. `lead`: seconds
 * before the start at which the system of the assets is told.
 */
function firstFit(
  plan: WindowPlan,
  lead: number,
  state: ProposalState,
  context: TouchContext,
  seconds: number,
): Scheduled | null {
  const { now, freezes } = context
  const { rollout, approvedAt } = state
  const decided = rollout === null ? plusSeconds(approvedAt ?? now, plan.leadSeconds ?? 0) : now
  // A ring that is soaking goes on when the soak is over. Only then is the system told.
  const soaked = (rollout === null ? null : soakEnd(state)) ?? now
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
