/** When assets of a proposal may be touched: its windows, the freezes, extended windows, and what still fits. */

import { memoizeByIdentity } from '../memoize-by-identity.ts'
import { bypassesWindow } from '../proposal/approval.ts'
import type { Context } from '../proposal/command.ts'
import type { PatchSubject, ProposalState } from '../proposal/proposal.ts'
import { leftOutOf } from '../proposal/since.ts'
import { isBefore, plusSeconds } from '../time/instant.ts'
import { freezeAt, nextFreezeStart, nextWindows, openWindow, type Window, type WindowPlan } from '../window.ts'
import { remaining } from './remaining.ts'
import { ringNow, soakEnd } from './run.ts'

export type TouchContext = Pick<Context, 'now' | 'freezes' | 'estimates' | 'others' | 'downElsewhere'>

/** Windows looked at for one that is long enough. */
const WINDOWS_TRIED = 400

/** The window of an asset: its own, or the window of the proposal. */
export const windowsOf = memoizeByIdentity(
  (subject: PatchSubject): ReadonlyMap<string, WindowPlan> =>
    new Map(subject.assets.flatMap(({ asset, window }) => (window === undefined ? [] : [[asset.id, window]]))),
)

/** Seconds that one asset of the ring is expected to take. */
export function estimateOf(ring: string, { estimates }: Pick<Context, 'estimates'>): number {
  return estimates?.[ring] ?? 0
}

/** Which of the assets may begin now, and be done before their time is over. Break-glass is the one way around windows. */
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
  // The test ring is a controlled environment: only a freeze keeps hands off it.
  if (state.rollout === null && state.test !== null) {
    return freezeAt(freezes, state.team, now) === null ? assets : []
  }
  if (schedule === null || isBefore(now, schedule.start) || !isBefore(now, schedule.end)) return []
  const end = plusSeconds(now, estimateOf(ring, context))
  if (state.approvedBy && bypassesWindow(state.approvedBy)) return assets
  const extended = state.rollout?.extendedUntil ?? null
  if (extended !== null && isBefore(now, extended)) {
    return isBefore(extended, end) || freezeAt(freezes, state.team, now) !== null ? [] : assets
  }
  const own = windowsOf(subject)
  const open = new Map<WindowPlan, boolean>()
  return assets.filter((asset) => {
    const plan = own.get(asset) ?? subject.window
    let fits = open.get(plan)
    if (fits === undefined) {
      const window = openWindow(plan, freezes, state.team, now)
      fits = window !== null && !isBefore(window.end, end)
      open.set(plan, fits)
    }
    return fits
  })
}

/**
 * When an asset that may be touched now may no longer begin: when its window ends, or what stands in the window's
 * place. That is the window that somebody extended; after break-glass and for a rollback, which no window binds, the
 * end of the schedule that was made for them; and for the test ring, which runs at any time, the next freeze. `null`:
 * no end.
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

/** What begins next: the rest of the batch under way, or else of its ring; before the rollout, its first ring. */
export function comesNext(
  state: ProposalState,
  subject: PatchSubject,
): { readonly ring: string; readonly assets: readonly string[] } | null {
  const current = state.rollout === null ? null : ringNow(state)
  if (current !== null) {
    const { planned, ring } = current
    return { ring: planned.name, assets: ring.waiting.length > 0 ? ring.waiting : remaining(current) }
  }
  // What the test ring did is not done again.
  const first = subject.rings.find(({ beforeVote }) => beforeVote !== true || state.test === null)
  if (first === undefined) return null
  // Where all are left out the rollout begins all the same, and holds there.
  const some = first.assets.filter((asset) => leftOutOf(state, asset) === undefined)
  return { ring: first.name, assets: some.length === 0 ? first.assets : some }
}

/** When what is left of the proposal may run next, or a sentence that says why it never may. */
export function nextRun(
  state: ProposalState,
  context: TouchContext,
): { readonly window: Window } | { readonly problem: string } {
  const { subject } = state
  if (subject.kind !== 'patches') return { problem: 'there is nothing to run' }
  const next = comesNext(state, subject)
  const assets = next?.assets ?? []
  const own = windowsOf(subject)
  const plans = new Set(assets.map((asset) => own.get(asset) ?? subject.window))
  if (plans.size === 0) plans.add(subject.window)
  const seconds = next === null ? 0 : estimateOf(next.ring, context)
  let best: Window | null = null
  for (const plan of plans) {
    const window = firstFit(plan, state, context, seconds)
    if (window !== null && (best === null || isBefore(window.start, best.start))) best = window
  }
  if (best !== null) return { window: best }
  const name = `the window "${subject.window.name}"`
  const [any] = nextWindows(subject.window, context.freezes, state.team, context.now, 1)
  if (any === undefined) return { problem: `${name} has no time in the coming year in which this may run` }
  return {
    problem: `${name} is never open for as long as a server of ring ${next?.ring ?? ''} takes (about ${Math.ceil(seconds / 60)} min)`,
  }
}

/** The first time of a plan that leaves enough time between the decision and the start, and enough time to finish. */
function firstFit(plan: WindowPlan, state: ProposalState, context: TouchContext, seconds: number): Window | null {
  const { now, freezes } = context
  // What is being watched goes on when that is over.
  const led =
    state.rollout === null ? plusSeconds(state.approvedAt ?? now, plan.leadSeconds ?? 0) : (soakEnd(state) ?? now)
  const from = isBefore(led, now) ? now : led
  for (const window of nextWindows(plan, freezes, state.team, from, WINDOWS_TRIED)) {
    const start = isBefore(window.start, from) && from !== now ? from : window.start
    const begin = isBefore(start, now) ? now : start
    if (!isBefore(window.end, plusSeconds(begin, seconds))) return { start, end: window.end }
  }
  return null
}
