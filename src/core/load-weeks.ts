/** Sorts a history of load into slots of local weeks. */

import { IANAZone } from 'luxon'
import type { LoadSample } from './ports.ts'
import { DAY_SECONDS, HOUR_SECONDS, WEEK_SECONDS } from './time/instant.ts'

export interface LoadWeeks {
  readonly slotSeconds: number
  /** Mean of each slot of the local week (from Monday 00:00), newest week first; NaN: no data. */
  readonly weeks: readonly (readonly number[])[]
  /** Share of the slots of these weeks that have data, 0 to 1. */
  readonly coverage: number
  /** First and last sample that was used, ISO 8601. */
  readonly from: string
  readonly to: string
  /** Number of samples that were not used: not a number, below 0, without a time, or before the first whole week. */
  readonly ignored: number
}

/** A pattern that is seen only twice may be chance. */
const MIN_WEEKS = 3
const MIN_COVERAGE = 0.7
/** Older samples are left out, so a single sample with a wrong time cannot fill the memory with weeks. */
const MAX_WEEKS = 60
/** A week counts only if this share of its slots has data. */
const WHOLE_WEEK = 0.5
/** Values above this quantile of all samples are lowered to it, so a single absurd value does not change the week. */
const CAPPED_AT = 0.99
/** Possible lengths of a slot, in seconds. The usual distance between samples, which may be a little late, decides. */
const SLOTS = [1_800, HOUR_SECONDS]
const LATE = 1.1

/** `reason`: a clause about why the samples cannot be used. The samples may be in any order. */
export function weeksOf(samples: readonly LoadSample[], timeZone: string): LoadWeeks | { readonly reason: string } {
  const series = cleaned(samples)
  if (series.length < 2) return { reason: `there are ${series.length} usable samples of ${samples.length}` }
  const steps = series.slice(1).map(({ at }, index) => at - (series[index]?.at ?? at))
  const usual = middle(steps) / 1_000
  const slotSeconds = SLOTS.find((seconds) => usual <= seconds * LATE)
  if (slotSeconds === undefined)
    return { reason: `samples are ${Math.round(usual / 360) / 10} hours apart; one an hour is needed` }
  if (isCounter(series)) return { reason: 'the values only ever rise, as a counter does: ask for its rate' }

  const slots = WEEK_SECONDS / slotSeconds
  const last = series.at(-1)?.at ?? 0
  const cap =
    [...series.map(({ value }) => value)].sort((a, b) => a - b)[Math.floor((series.length - 1) * CAPPED_AT)] ?? 0
  const slotOf = localSlots(timeZone, slotSeconds)
  const cells: { readonly sums: number[]; readonly counts: number[]; filled: number }[] = []
  for (const { at, value } of series) {
    const week = Math.floor((last - at) / (WEEK_SECONDS * 1_000))
    if (week >= MAX_WEEKS) continue
    while (cells.length <= week)
      cells.push({ sums: new Array(slots).fill(0), counts: new Array(slots).fill(0), filled: 0 })
    const cell = cells[week]
    if (cell === undefined) continue
    const slot = slotOf(at)
    if (cell.counts[slot] === 0) cell.filled++
    cell.counts[slot] = (cell.counts[slot] ?? 0) + 1
    cell.sums[slot] = (cell.sums[slot] ?? 0) + Math.min(value, cap)
  }
  const whole = (cell: { readonly filled: number }) => cell.filled >= slots * WHOLE_WEEK
  const spanned = cells.findLastIndex(whole) + 1
  const counted = cells.filter(whole)
  if (counted.length < MIN_WEEKS) {
    const have = ['is less than a week', 'is 1 week', 'are 2 weeks'][counted.length] ?? ''
    return { reason: `there ${have} of data; ${MIN_WEEKS} weeks are needed` }
  }
  const used = series.filter(({ at }) => Math.floor((last - at) / (WEEK_SECONDS * 1_000)) < spanned)
  const filled = cells.slice(0, spanned).reduce((sum, cell) => sum + cell.filled, 0)
  const coverage = filled / (spanned * slots)
  if (coverage < MIN_COVERAGE) return { reason: `${Math.round((1 - coverage) * 100)} % of the time has no data` }
  return {
    slotSeconds,
    weeks: counted.map(({ sums, counts }) => sums.map((sum, slot) => sum / (counts[slot] ?? 0))),
    coverage,
    from: new Date(used[0]?.at ?? last).toISOString(),
    to: new Date(last).toISOString(),
    ignored: samples.length - used.length,
  }
}

interface Point {
  /** Milliseconds since 1970. */
  readonly at: number
  readonly value: number
}

/** The usable samples in order of time, with each time once. If a time has several values, the highest one is used. */
function cleaned(samples: readonly LoadSample[]): readonly Point[] {
  const values = new Map<number, number>()
  for (const sample of samples) {
    const at = Date.parse(sample.at)
    if (!Number.isFinite(at) || !Number.isFinite(sample.value) || sample.value < 0) continue
    values.set(at, Math.max(values.get(at) ?? 0, sample.value))
  }
  return [...values].map(([at, value]) => ({ at, value })).sort((a, b) => a.at - b.at)
}

/** Whether this is a counter: it falls only when its program restarts. Load falls about as often as it rises. */
function isCounter(series: readonly Point[]): boolean {
  let rises = 0
  let falls = 0
  for (const [index, { value }] of series.entries()) {
    const before = series[index - 1]?.value ?? value
    if (value > before) rises++
    if (value < before) falls++
  }
  return rises > series.length / 2 && falls < series.length / 100
}

function middle(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0
}

/**
 * Returns the slot of the local week for an instant (ms). Offsets are looked up once per quarter of an hour, because
 * clocks change only at full quarters.
 */
function localSlots(timeZone: string, slotSeconds: number): (at: number) => number {
  const QUARTER = 900_000
  const zone = IANAZone.create(timeZone)
  const offsets = new Map<number, number>()
  return (at) => {
    const quarter = Math.floor(at / QUARTER)
    let offset = offsets.get(quarter)
    if (offset === undefined) {
      offset = zone.offset(quarter * QUARTER) * 60
      offsets.set(quarter, offset)
    }
    // 1 January 1970 was a Thursday, three days after a Monday.
    const local = Math.floor(at / 1_000) + offset + 3 * DAY_SECONDS
    return Math.floor((((local % WEEK_SECONDS) + WEEK_SECONDS) % WEEK_SECONDS) / slotSeconds)
  }
}
