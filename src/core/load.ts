/** Finds the quietest weekly window in a history of load, with the evidence for it. */

import { type LoadWeeks, weeksOf } from './load-weeks.ts'
import type { LoadSample } from './ports.ts'
import { DAY_SECONDS, HOUR_SECONDS, WEEK_SECONDS } from './time/instant.ts'
import type { Weekday } from './time/local-time.ts'
import type { WeeklyRule, WindowPlan } from './window.ts'

export interface QuietWish {
  readonly durationSeconds: number
  /** IANA zone. People cause the load, and they live by their local clocks. */
  readonly timeZone: string
  /** Days on which the window may begin. Left out: any. */
  readonly days?: readonly Weekday[]
  /** Local times, `HH:MM`. The whole window must lie between them; `to` may be on the next day. Left out: any time. */
  readonly between?: { readonly from: string; readonly to: string }
  /**
   * The window chosen earlier. It is kept while it is nearly as quiet as the quietest one, so that plans stay stable.
   */
  readonly keep?: WeeklyRule
}

/** How a window is measured and used: one entry of the configuration. */
export interface MeasureRule extends Omit<QuietWish, 'keep'> {
  /** Name of the window. */
  readonly window: string
  /** Name of the load source. */
  readonly load: string
  /** Weeks of history. */
  readonly weeks: number
  /** `show`: the measured window is only displayed; the rules decide. */
  readonly use: 'schedule' | 'show'
}

export interface LoadEvidence {
  /** E.g. `quietest 3 h: Tue 02:00, 4 % of peak over 6 weeks`. */
  readonly sentence: string
  /** Mean of the window as a share of the peak, 0 to 1. */
  readonly share: number
  /** The busiest slot of the mean week, in the unit of the samples. The highest 1 % of samples are capped first. */
  readonly peak: number
  readonly weeks: number
  /** Share of the slots that have data, 0 to 1. */
  readonly coverage: number
  readonly slotSeconds: number
  /** First and last sample that was used, ISO 8601. */
  readonly from: string
  readonly to: string
  /** Number of samples that were invalid or too old. */
  readonly ignored: number
}

export interface MeasuredWindow {
  readonly kind: 'measured'
  readonly rule: WeeklyRule
  readonly evidence: LoadEvidence
  /** Mean of each of the 168 hours of the local week, from Monday 00:00, as a share of the peak; `null`: no data. */
  readonly profile: readonly (number | null)[]
}

/** `reason` is a sentence. The rules of the window apply instead. */
export interface UnusableLoad {
  readonly kind: 'unusable'
  readonly reason: string
}

/** In each half of the history, the window's mean may be above the quietest mean there by this share of the peak. */
const SHIFTED = 0.15
/** Above this share of the peak, even the quietest time is not quiet. */
const FLAT = 0.75
/**
 * An earlier choice is kept if its mean is within this factor of the quietest mean, or within this share of the peak.
 * The share is needed near 0, where a factor means little.
 */
const KEEP_FACTOR = 1.2
const KEEP_SHARE = 0.01

/**
 * The quietest window of the week. Compares all allowed starts, every half hour (every hour if samples are an hour
 * apart), by their mean over the weeks. If two are equal, the one with the quieter hour before and after wins.
 */
export function quietestWindow(samples: readonly LoadSample[], wish: QuietWish): MeasuredWindow | UnusableLoad {
  const history = weeksOf(samples, wish.timeZone)
  if ('reason' in history) return unusable(`${history.reason}.`)
  const { slotSeconds, weeks } = history
  const week = meanWeek(weeks, Math.ceil(weeks.length / 2))
  const peak = Math.max(...week.filter((value) => !Number.isNaN(value)))
  if (!(peak > 0)) return unusable('it is 0 all week: any time is as quiet as any other.')

  const means = windowMeans(week, wish.durationSeconds, slotSeconds)
  const around = windowMeans(week, wish.durationSeconds + 2 * HOUR_SECONDS, slotSeconds)
  const before = HOUR_SECONDS / slotSeconds
  const order = (a: number, b: number) =>
    (means[a] ?? 0) - (means[b] ?? 0) ||
    aroundAt(around, a - before, peak) - aroundAt(around, b - before, peak) ||
    a - b
  const allowed = means.flatMap((_, start) => (isAllowed(start * slotSeconds, wish) ? [start] : []))
  if (allowed.length === 0) return unusable('no window of this length fits into the days and hours that are allowed.')
  const [quietest] = allowed.filter((start) => !Number.isNaN(means[start])).sort(order)
  if (quietest === undefined) return unusable('data is missing in every window that is allowed.')
  const least = means[quietest] ?? 0
  if (least > FLAT * peak) {
    const share = percent(least / peak)
    return unusable(`the load hardly changes over the week: the quietest time still has ${share} of the peak.`)
  }
  const kept = keptStart(wish, slotSeconds)
  const stays =
    kept !== null &&
    allowed.includes(kept) &&
    (means[kept] ?? Number.NaN) <= Math.max(least * KEEP_FACTOR, least + KEEP_SHARE * peak) &&
    shiftOf(history, kept, allowed, wish, peak) === null
  const start = stays ? kept : quietest
  const shift = shiftOf(history, start, allowed, wish, peak)
  if (shift !== null) return unusable(shift)
  return measured(history, { start, quietest, week, means, peak }, wish)
}

function unusable(reason: string): UnusableLoad {
  return { kind: 'unusable', reason: `The load cannot choose a window: ${reason}` }
}

/** Mean of each slot over the weeks; NaN where fewer than `needed` weeks have data. */
function meanWeek(weeks: LoadWeeks['weeks'], needed: number): readonly number[] {
  const slots = weeks[0]?.length ?? 0
  return Array.from({ length: slots }, (_, slot) => {
    const values = weeks.map((week) => week[slot] ?? Number.NaN).filter((value) => !Number.isNaN(value))
    return values.length < Math.max(1, needed) ? Number.NaN : sum(values) / values.length
  })
}

/** Mean of the window that begins at each slot; NaN: a slot has no data. Windows may continue into the next week. */
function windowMeans(week: readonly number[], durationSeconds: number, slotSeconds: number): readonly number[] {
  const length = Math.min(week.length, Math.ceil(durationSeconds / slotSeconds))
  return week.map((_, start) => {
    let total = 0
    for (let offset = 0; offset < length; offset++) total += week[(start + offset) % week.length] ?? Number.NaN
    return total / length
  })
}

function aroundAt(around: readonly number[], start: number, otherwise: number): number {
  const mean = around[(start + around.length) % around.length] ?? Number.NaN
  return Number.isNaN(mean) ? otherwise : mean
}

function isAllowed(startSeconds: number, { days, between, durationSeconds }: QuietWish): boolean {
  const day = (Math.floor(startSeconds / DAY_SECONDS) + 1) as Weekday
  if (days !== undefined && !days.includes(day)) return false
  if (between === undefined) return true
  const from = secondsOf(between.from)
  const open = (secondsOf(between.to) - from + DAY_SECONDS) % DAY_SECONDS || DAY_SECONDS
  const after = ((startSeconds % DAY_SECONDS) - from + DAY_SECONDS) % DAY_SECONDS
  return after + durationSeconds <= open
}

/** Seconds since midnight of `HH:MM`. */
function secondsOf(time: string): number {
  const [hours = 0, minutes = 0] = time.split(':').map(Number)
  return hours * HOUR_SECONDS + minutes * 60
}

/** The slot at which the earlier choice begins; `null`: there is none, or it was made for other settings. */
function keptStart({ keep, durationSeconds, timeZone }: QuietWish, slotSeconds: number): number | null {
  const [day, ...others] = keep?.days ?? []
  if (keep === undefined || day === undefined || others.length > 0) return null
  if (keep.durationSeconds !== durationSeconds || keep.timeZone !== timeZone || keep.everyWeeks !== 1) return null
  const slot = ((day - 1) * DAY_SECONDS + secondsOf(keep.start)) / slotSeconds
  return Number.isInteger(slot) ? slot : null
}

/** Why the two halves of the history disagree about the window; `null`: they agree. */
function shiftOf(
  { weeks, slotSeconds }: LoadWeeks,
  start: number,
  allowed: readonly number[],
  { durationSeconds }: QuietWish,
  peak: number,
): string | null {
  const half = Math.floor(weeks.length / 2)
  for (const [name, part] of [
    ['later', weeks.slice(0, half)],
    ['earlier', weeks.slice(half)],
  ] as const) {
    const means = windowMeans(meanWeek(part, 1), durationSeconds, slotSeconds)
    const mean = means[start] ?? Number.NaN
    const when = `the ${name} ${part.length === 1 ? 'week' : `${part.length} weeks`}`
    if (Number.isNaN(mean)) return `${localTime(start * slotSeconds)} has no data in ${when}.`
    let best = start
    for (const other of allowed) if ((means[other] ?? Number.NaN) < (means[best] ?? 0)) best = other
    const least = means[best] ?? 0
    if (mean - least <= SHIFTED * peak) continue
    const there = `${localTime(best * slotSeconds)} had ${percent(least / peak)}`
    return `it has shifted: ${localTime(start * slotSeconds)} had ${percent(mean / peak)} of the peak in ${when}, and ${there}.`
  }
  return null
}

interface Chosen {
  readonly start: number
  readonly quietest: number
  readonly week: readonly number[]
  readonly means: readonly number[]
  readonly peak: number
}

function measured(history: LoadWeeks, chosen: Chosen, wish: QuietWish): MeasuredWindow {
  const { slotSeconds, weeks, coverage, from, to, ignored } = history
  const { start, quietest, week, means, peak } = chosen
  const shareAt = (slot: number) => (means[slot] ?? 0) / peak
  const at = localTime(start * slotSeconds)
  const which = start === quietest ? 'quietest' : 'quiet'
  const better =
    start === quietest ? '' : `; ${localTime(quietest * slotSeconds)} would have ${percent(shareAt(quietest))}`
  const sentence = `${which} ${length(wish.durationSeconds)}: ${at}, ${percent(shareAt(start))} of peak over ${weeks.length} weeks${better}`
  return {
    kind: 'measured',
    rule: {
      days: [(Math.floor((start * slotSeconds) / DAY_SECONDS) + 1) as Weekday],
      start: at.slice(-5),
      durationSeconds: wish.durationSeconds,
      timeZone: wish.timeZone,
      everyWeeks: 1,
      anchor: null,
    },
    evidence: {
      sentence,
      share: rounded(shareAt(start)),
      peak,
      weeks: weeks.length,
      coverage: rounded(coverage),
      slotSeconds,
      from,
      to,
      ignored,
    },
    profile: hourly(week, slotSeconds, peak),
  }
}

function hourly(week: readonly number[], slotSeconds: number, peak: number): readonly (number | null)[] {
  const slots = HOUR_SECONDS / slotSeconds
  return Array.from({ length: WEEK_SECONDS / HOUR_SECONDS }, (_, hour) => {
    const values = week.slice(hour * slots, (hour + 1) * slots).filter((value) => !Number.isNaN(value))
    return values.length === 0 ? null : rounded(sum(values) / values.length / peak)
  })
}

/** The plan with the measured window instead of its rules. Lead and notice stay the same. */
export function measuredPlan(plan: WindowPlan, { rule }: MeasuredWindow): WindowPlan {
  return { ...plan, rules: [rule] }
}

export const dayNames = ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun'] as const

/** E.g. `Tue 02:00`. `seconds`: since Monday 00:00. */
function localTime(seconds: number): string {
  const day = dayNames[Math.floor(seconds / DAY_SECONDS)] ?? ''
  const minutes = Math.floor((seconds % DAY_SECONDS) / 60)
  const two = (value: number) => String(value).padStart(2, '0')
  return `${day} ${two(Math.floor(minutes / 60))}:${two(minutes % 60)}`
}

function length(seconds: number): string {
  const hours = Math.floor(seconds / HOUR_SECONDS)
  const minutes = Math.round((seconds % HOUR_SECONDS) / 60)
  return [hours > 0 ? `${hours} h` : '', minutes > 0 ? `${minutes} min` : ''].filter(Boolean).join(' ')
}

function percent(share: number): string {
  return share > 0 && share < 0.005 ? 'under 1 %' : `${Math.round(share * 100)} %`
}

function rounded(value: number): number {
  return Math.round(value * 10_000) / 10_000
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}
