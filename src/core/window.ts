/** When an asset may be touched: rules with a time zone and a duration, minus freezes. */

import type { CountedAct } from './hands.ts'
import { parseRecurrence, recurrenceOccurrences } from './recurrence/text.ts'
import { DAY_MS, DAY_SECONDS, HOUR_SECONDS, toIso } from './time/instant.ts'
import {
  dateOf,
  dayNumber,
  instantOf,
  localOf,
  parseLocal,
  type Weekday,
  weekdayOf,
  type Zone,
  zoneNamed,
} from './time/local-time.ts'
import { cut, firstEndingAfter, merged, type Span } from './time/span.ts'

export type WindowRule = WeeklyRule | RecurrenceRule | PatchTuesdayRule

interface Timing {
  /** Elapsed time, so a window keeps its length when the clocks change. */
  readonly durationSeconds: number
  /**
   * IANA zone, or `asset` for the zone of the asset. A rule with `asset` never opens: `windowOn` replaces the word
   * first.
   */
  readonly timeZone: string
}

export interface WeeklyRule extends Timing {
  readonly days: readonly Weekday[]
  /** Local wall time, `HH:MM`. */
  readonly start: string
  /** 1: every week. 2: every second week, counted from the ISO week that contains `anchor`. */
  readonly everyWeeks: number
  /** ISO date; needed when `everyWeeks` is more than 1. */
  readonly anchor: string | null
}

export interface RecurrenceRule extends Timing {
  /** RFC 5545: a rule, or lines of DTSTART, RRULE, RDATE and EXDATE. */
  readonly rrule: string
  /** Local `YYYY-MM-DDTHH:MM[:SS]` for a rule without DTSTART; `null`: the rule needs none. */
  readonly startsAt: string | null
}

/** Opens this many days after the second Tuesday of each month. */
export interface PatchTuesdayRule extends Timing {
  readonly afterPatchTuesdayDays: number
  /** Local wall time, `HH:MM`. */
  readonly start: string
}

export interface WindowPlan {
  readonly name: string
  /** No rules mean that the window never opens, not that it is always open. */
  readonly rules: readonly WindowRule[]
  /** Seconds that must lie between the decision and the start. Default 0. */
  readonly leadSeconds?: number
  /** Seconds before a window opens at which the thread announces that it will be used. Left out: no announcement. */
  readonly noticeSeconds?: number
}

export interface Freeze {
  readonly name: string
  /** ISO 8601 instants; `to` is exclusive. */
  readonly from: string
  readonly to: string
  /** `null`: every team. */
  readonly teams: readonly string[] | null
  /** For a freeze that a person declared: who agreed to lift it so far. Left out: it comes from the configuration. */
  readonly liftAgreed?: readonly CountedAct[]
}

/** ISO 8601 UTC instants; `end` is exclusive. */
export interface Window {
  readonly start: string
  readonly end: string
}

/** When a proposal begins or goes on. */
export interface Scheduled extends Window {
  /** When the systems of its engines are told, ISO 8601 UTC. Left out: they need no lead, so it begins at `start`. */
  readonly tellAt?: string
}

/** The instant from which on the first assets are handed to their engine, ISO 8601 UTC. */
export function handedOverAt({ tellAt, start }: Scheduled): string {
  return tellAt ?? start
}

export function toSpan({ start, end }: Window): Span {
  return { start: Date.parse(start), end: Date.parse(end) }
}

export function toWindow({ start, end }: Span): Window {
  return { start: toIso(start), end: toIso(end) }
}

/** How far ahead windows are searched. A rule without a window in that time counts as one without windows. */
export const HORIZON_MS = 400 * DAY_MS
/** Windows of a plan are computed for this much time at once. */
const STRETCH_MS = 30 * DAY_MS
/** A rule that opens more often within the horizon counts as never open. Every 15 minutes is still below this. */
const MOST_WINDOWS = 50_000

/** The DTSTART of rules that need none: the first minute of a year that begins on a Monday. */
export const NO_START = '2001-01-01T00:00'

/** The plan for an asset in this zone. */
export function windowOn(plan: WindowPlan, timeZone: string): WindowPlan {
  if (!plan.rules.some((rule) => rule.timeZone === 'asset')) return plan
  const known = placed.get(plan) ?? new Map<string, WindowPlan>()
  placed.set(plan, known)
  const before = known.get(timeZone)
  if (before) return before
  const rules = plan.rules.map((rule) => (rule.timeZone === 'asset' ? { ...rule, timeZone } : rule))
  const filled = { ...plan, rules }
  known.set(timeZone, filled)
  return filled
}

/** Assets of one zone share one plan object, so everything that is computed for the plan is shared, too. */
const placed = new WeakMap<WindowPlan, Map<string, WindowPlan>>()

/** When a rule opens, in milliseconds: from `from` until before `to`. A rule that cannot be read never opens. */
function openings(rule: WindowRule, from: number, to: number): Iterable<number> {
  const zone = zoneNamed(rule.timeZone)
  if (zone === null) return []
  if ('rrule' in rule) {
    const parsed = parseRecurrence(rule.rrule)
    const start = parseLocal(rule.startsAt ?? NO_START)
    return parsed.ok && start !== null ? recurrenceOccurrences(parsed.recurrence, start, zone, from, to) : []
  }
  const [hour = 0, minute = 0] = rule.start.split(':').map(Number)
  const days = 'days' in rule ? weeklyDays(rule, zone, from, to) : patchTuesdays(rule, zone, from, to)
  return timed(days, hour * HOUR_SECONDS + minute * 60, zone)
}

function* timed(days: Iterable<number>, seconds: number, zone: Zone): Generator<number> {
  for (const day of days) yield instantOf(day * DAY_SECONDS + seconds, zone)
}

function localDay(instant: number, zone: Zone): number {
  return Math.floor(localOf(instant, zone) / DAY_SECONDS)
}

function* weeklyDays(rule: WeeklyRule, zone: Zone, from: number, to: number): Generator<number> {
  const anchor = rule.anchor === null ? null : parseLocal(rule.anchor)
  if (rule.everyWeeks > 1 && anchor === null) return
  const anchorWeek = weekNumber((anchor ?? 0) / DAY_SECONDS)
  const last = localDay(to, zone)
  for (let day = localDay(from, zone); day <= last; day++) {
    if (!rule.days.includes(weekdayOf(day))) continue
    if ((weekNumber(day) - anchorWeek) % rule.everyWeeks === 0) yield day
  }
}

/** Number of weeks since the Monday of the week with 1 January 1970. */
function weekNumber(day: number): number {
  return Math.floor((day + 3) / 7)
}

function* patchTuesdays(rule: PatchTuesdayRule, zone: Zone, from: number, to: number): Generator<number> {
  const first = localDay(from, zone) - rule.afterPatchTuesdayDays
  const last = localDay(to, zone)
  const { year, month } = dateOf(first)
  for (let at = month; ; at++) {
    const eighth = dayNumber(year, at, 8)
    const day = eighth + ((2 - weekdayOf(eighth) + 7) % 7) + rule.afterPatchTuesdayDays
    if (day > last) return
    yield day
  }
}

/**
 * Windows of the plan in order; windows that touch are merged. Contains every window between `from` and `to`, and may
 * contain some shortly before or after.
 */
function spansOf(plan: WindowPlan, from: number, to: number): readonly Span[] {
  const all: Span[] = []
  for (const rule of plan.rules) {
    // Of elapsed time a day of 25 hours would leave an hour over.
    if (neverCloses(rule)) {
      all.push({ start: from - DAY_MS, end: to + DAY_MS })
      continue
    }
    const length = rule.durationSeconds * 1_000
    const own: Span[] = []
    // One day more on both sides, because the zone decides when a calendar day begins.
    for (const start of openings(rule, from - length - DAY_MS, to + DAY_MS)) {
      if (own.length > MOST_WINDOWS) break
      own.push({ start, end: start + length })
    }
    if (own.length <= MOST_WINDOWS) all.push(...own)
  }
  return merged(all)
}

/** Whether the rule opens every day for at least a day. */
function neverCloses(rule: WindowRule): boolean {
  if (!('days' in rule) || rule.everyWeeks !== 1 || rule.durationSeconds < DAY_SECONDS) return false
  return new Set(rule.days).size === 7 && zoneNamed(rule.timeZone) !== null
}

/** Whether nothing ever closes the plan, apart from freezes. Then the end of a window is only as far as anybody looked. */
export function isAlwaysOpen({ rules }: WindowPlan): boolean {
  return rules.some(neverCloses)
}

const workedOut = new WeakMap<WindowPlan, { readonly from: number; readonly spans: readonly Span[] }>()

/** The plan's windows for any time in the stretch around `at`. Kept until another stretch is asked for. */
function spansAround(plan: WindowPlan, at: number): readonly Span[] {
  const from = Math.floor(at / STRETCH_MS) * STRETCH_MS
  const known = workedOut.get(plan)
  if (known?.from === from) return known.spans
  const spans = spansOf(plan, from, from + STRETCH_MS + HORIZON_MS)
  workedOut.set(plan, { from, spans })
  return spans
}

export function holdsFor({ teams }: Freeze, team: string): boolean {
  return teams === null || teams.includes(team)
}

/** If a time of a freeze cannot be read, the freeze has no limit on that side. */
function spanOf({ from, to }: Freeze): Span {
  return {
    start: Date.parse(from) || Number.NEGATIVE_INFINITY,
    end: Date.parse(to) || Number.POSITIVE_INFINITY,
  }
}

/** The first freeze that holds for the team at `at`, or `null`. */
export function freezeAt(freezes: readonly Freeze[], team: string, at: string): Freeze | null {
  const now = Date.parse(at)
  const holds = (freeze: Freeze) => {
    const { start, end } = spanOf(freeze)
    return start <= now && now < end
  }
  return freezes.find((freeze) => holdsFor(freeze, team) && holds(freeze)) ?? null
}

const frozenTimes = new WeakMap<readonly Freeze[], Map<string, readonly Span[]>>()

/** When the next freeze of the team begins after `at`; `null`: none is known. ISO 8601 UTC. */
export function nextFreezeStart(freezes: readonly Freeze[], team: string, at: string): string | null {
  const next = frozen(freezes, team).find(({ start }) => start > Date.parse(at))
  return next === undefined ? null : toIso(next.start)
}

/** When the team is frozen: merged and in order. */
function frozen(freezes: readonly Freeze[], team: string): readonly Span[] {
  const known = frozenTimes.get(freezes) ?? new Map<string, readonly Span[]>()
  frozenTimes.set(freezes, known)
  const before = known.get(team)
  if (before) return before
  const spans: Span[] = []
  for (const freeze of freezes) {
    const span = holdsFor(freeze, team) ? spanOf(freeze) : null
    if (span !== null && span.start < span.end) spans.push(span)
  }
  const all = merged(spans)
  known.set(team, all)
  return all
}

/** The parts of a span in which the team is not frozen. */
export function unfrozen(freezes: readonly Freeze[], team: string, span: Span): readonly Span[] {
  return [...cut(span, frozen(freezes, team))]
}

/** Windows of the plan that end after `from`, without frozen times, in order. */
function* openTimes(plan: WindowPlan, freezes: readonly Freeze[], team: string, from: string): Generator<Window> {
  const at = Date.parse(from)
  if (Number.isNaN(at)) return
  const spans = spansAround(plan, at)
  const cuts = frozen(freezes, team)
  for (let index = firstEndingAfter(spans, at); index < spans.length; index++) {
    const span = spans[index]
    if (span === undefined || span.start >= at + HORIZON_MS) return
    for (const open of cut(span, cuts)) if (open.end > at) yield toWindow(open)
  }
}

/** The window that is open at `at`, or `null`. */
export function openWindow(plan: WindowPlan, freezes: readonly Freeze[], team: string, at: string): Window | null {
  for (const window of openTimes(plan, freezes, team, at)) {
    return Date.parse(window.start) <= Date.parse(at) ? window : null
  }
  return null
}

/** The window that is open at `at`, else the next one; `null`: none within `HORIZON_MS`, so nothing may run. */
export function nextWindow(plan: WindowPlan, freezes: readonly Freeze[], team: string, at: string): Window | null {
  for (const window of openTimes(plan, freezes, team, at)) return window
  return null
}

/** The first window that begins after `at`. */
export function laterWindow(plan: WindowPlan, freezes: readonly Freeze[], team: string, at: string): Window | null {
  for (const window of openTimes(plan, freezes, team, at)) {
    if (Date.parse(window.start) > Date.parse(at)) return window
  }
  return null
}

/** The next `count` windows, including one that is open at `at`. */
export function nextWindows(
  plan: WindowPlan,
  freezes: readonly Freeze[],
  team: string,
  at: string,
  count: number,
): readonly Window[] {
  const windows: Window[] = []
  for (const window of openTimes(plan, freezes, team, at)) {
    if (windows.length >= count) break
    windows.push(window)
  }
  return windows
}
