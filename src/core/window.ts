/** When an asset may be touched: weekly rules with a time zone and a duration, minus freezes. */

import { DateTime } from 'luxon'

/** Weekday numbers as in ISO 8601: Monday is 1, Sunday is 7. */
export type Weekday = 1 | 2 | 3 | 4 | 5 | 6 | 7

export interface WeeklyRule {
  readonly days: readonly Weekday[]
  /** Local wall time, `HH:MM`. */
  readonly start: string
  /** Elapsed time, so a window keeps its length over a clock change. */
  readonly durationSeconds: number
  /** IANA zone. */
  readonly timeZone: string
  /** 1: every week. 2: every second week, counted from the ISO week that holds `anchor`. */
  readonly everyWeeks: number
  /** ISO date; needed when `everyWeeks` is more than 1. */
  readonly anchor: string | null
}

export interface WindowPlan {
  readonly name: string
  /** Empty means never: no window is not the same as any time. */
  readonly rules: readonly WeeklyRule[]
  /** Seconds that must lie between the decision and the start. Default 0. */
  readonly leadSeconds?: number
  /** Seconds before a window opens at which the thread says that it will be used. Left out: no notice. */
  readonly noticeSeconds?: number
}

export interface Freeze {
  readonly name: string
  /** ISO 8601 instants; `to` is exclusive. */
  readonly from: string
  readonly to: string
  /** `null`: every team. */
  readonly teams: readonly string[] | null
}

/** ISO 8601 UTC instants; `end` is exclusive. */
export interface Window {
  readonly start: string
  readonly end: string
}

/** Windows further ahead than this are not looked for: a rule that has none in a year is taken to have none. */
const HORIZON_DAYS = 400

/** The windows of one rule that touch the local days from `from` for `days` days, in order. */
function* occurrences(rule: WeeklyRule, from: DateTime, days: number): Generator<Window> {
  const [hour, minute] = rule.start.split(':').map(Number)
  const anchorWeek =
    rule.anchor === null ? null : DateTime.fromISO(rule.anchor, { zone: rule.timeZone }).startOf('week')
  const first = from.setZone(rule.timeZone).startOf('day')
  for (let offset = 0; offset < days; offset++) {
    const day = first.plus({ days: offset })
    if (!rule.days.includes(day.weekday as Weekday)) continue
    if (rule.everyWeeks > 1) {
      if (anchorWeek === null) continue
      const weeks = Math.round(day.startOf('week').diff(anchorWeek, 'weeks').weeks)
      if (((weeks % rule.everyWeeks) + rule.everyWeeks) % rule.everyWeeks !== 0) continue
    }
    const start = localInstant(day, hour ?? 0, minute ?? 0)
    yield { start: toUtc(start), end: toUtc(start.plus({ seconds: rule.durationSeconds })) }
  }
}

/**
 * The instant of a local wall time on a day. In the fold (clocks go back) the first of the two counts; a time in the
 * gap (clocks go forward) is read with the offset before it: RFC 5545, section 3.3.5.
 */
function localInstant(day: DateTime, hour: number, minute: number): DateTime {
  const wall = DateTime.utc(day.year, day.month, day.day, hour, minute)
  const before = wall.minus({ minutes: day.minus({ days: 1 }).offset }).setZone(day.zone)
  const after = wall.minus({ minutes: day.plus({ days: 2 }).offset }).setZone(day.zone)
  if (before.hour === hour && before.minute === minute) return before
  if (after.hour === hour && after.minute === minute) return after
  return before
}

function toUtc(at: DateTime): string {
  return at.toUTC().toISO({ suppressMilliseconds: false }) ?? ''
}

/** Windows of the plan that end after `from`, merged where they touch, frozen time cut out, in order. */
function* openTimes(plan: WindowPlan, freezes: readonly Freeze[], team: string, from: string): Generator<Window> {
  const longest = Math.max(0, ...plan.rules.map((rule) => rule.durationSeconds))
  const begin = DateTime.fromISO(from, { zone: 'utc' })
  const lookFrom = begin.minus({ seconds: longest }).minus({ days: 1 })
  const all: Window[] = []
  for (const rule of plan.rules) all.push(...occurrences(rule, lookFrom, HORIZON_DAYS))
  all.sort((a, b) => compareInstants(a.start, b.start))
  const mine = freezes.filter((freeze) => freeze.teams === null || freeze.teams.includes(team))
  for (const window of merge(all)) {
    for (const piece of cut(window, mine)) if (compareInstants(piece.end, from) > 0) yield piece
  }
}

function merge(sorted: readonly Window[]): Window[] {
  const merged: Window[] = []
  for (const window of sorted) {
    const last = merged.at(-1)
    if (last && compareInstants(window.start, last.end) <= 0) {
      const end = compareInstants(window.end, last.end) > 0 ? window.end : last.end
      merged[merged.length - 1] = { start: last.start, end }
    } else merged.push(window)
  }
  return merged
}

function cut(window: Window, freezes: readonly Freeze[]): Window[] {
  let pieces: Window[] = [window]
  for (const freeze of freezes) {
    const next: Window[] = []
    for (const piece of pieces) {
      const before = compareInstants(freeze.from, piece.end) >= 0
      const after = compareInstants(freeze.to, piece.start) <= 0
      if (before || after) {
        next.push(piece)
        continue
      }
      if (compareInstants(freeze.from, piece.start) > 0) next.push({ start: piece.start, end: freeze.from })
      if (compareInstants(freeze.to, piece.end) < 0) next.push({ start: freeze.to, end: piece.end })
    }
    pieces = next
  }
  return pieces
}

function compareInstants(a: string, b: string): number {
  return Date.parse(a) - Date.parse(b)
}

/** The window that is open at `at`, or `null`. */
export function openWindow(plan: WindowPlan, freezes: readonly Freeze[], team: string, at: string): Window | null {
  for (const window of openTimes(plan, freezes, team, at)) {
    return compareInstants(window.start, at) <= 0 ? window : null
  }
  return null
}

/** The window open at `at`, else the next one; `null` where the plan has none within about a year: then nothing may run. */
export function nextWindow(plan: WindowPlan, freezes: readonly Freeze[], team: string, at: string): Window | null {
  for (const window of openTimes(plan, freezes, team, at)) return window
  return null
}

/** The first window that begins after `at`. */
export function laterWindow(plan: WindowPlan, freezes: readonly Freeze[], team: string, at: string): Window | null {
  for (const window of openTimes(plan, freezes, team, at)) if (compareInstants(window.start, at) > 0) return window
  return null
}

/** The next `count` windows, the one open at `at` included. */
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
