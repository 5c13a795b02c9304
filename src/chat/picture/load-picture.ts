import type { Weekday } from '../../core/time/local-time.ts'
import { duration } from '../words.ts'
import { drawing, fitted, hatching, palettes, rect, type Theme, text, WIDTH } from './drawing.ts'

/** The load of an average week, and its quietest window. */
export interface LoadWeek {
  /** 168 numbers, Monday 00:00 first: share of the peak, 0 to 1; `null`: nothing was measured in that hour. */
  readonly profile: readonly (number | null)[]
  readonly window: {
    readonly weekday: Weekday
    readonly startMinute: number
    readonly durationMinutes: number
  } | null
  /** What was measured, over how long, and in which time zone. */
  readonly caption: string
}

const days = ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun'] as const
const LEFT = 62
const TOP = 104
const CELL = (WIDTH - LEFT - 14) / 24
const ROW = 32
const WEEK_MINUTES = 7 * 24 * 60

/** Weekdays by hours. A darker cell is busier, and shows its number. */
export function loadPicture(load: LoadWeek, theme: Theme): string {
  const palette = palettes[theme]
  const parts = [
    text(20, 30, 'Load of a week', { size: 20, fill: palette.ink, bold: true }),
    text(20, 54, fitted(load.caption, WIDTH - 40, 14), { size: 14, fill: palette.soft }),
  ]
  for (let hour = 0; hour < 24; hour += 3) {
    const said = `${String(hour).padStart(2, '0')}:00`
    parts.push(text(LEFT + hour * CELL, TOP - 10, said, { size: 13.5, fill: palette.soft }))
  }
  for (const [day, name] of days.entries()) {
    const top = TOP + day * ROW
    parts.push(text(20, top + 21, name, { size: 15, fill: palette.ink }))
    for (let hour = 0; hour < 24; hour++) {
      const share = shareAt(load, day * 24 + hour)
      const box = { x: LEFT + hour * CELL, y: top, width: CELL - 1.5, height: ROW - 1.5 }
      if (share === null) {
        parts.push(rect(box, 'url(#unknown)'))
        continue
      }
      parts.push(rect(box, palette.untouched), rect(box, palette.accent, `fill-opacity="${(share * 0.9).toFixed(2)}"`))
      const look = {
        size: 12,
        fill: share > (theme === 'light' ? 0.85 : 0.6) ? palette.onStrong : palette.ink,
        anchor: 'middle' as const,
      }
      parts.push(text(box.x + box.width / 2, top + 20, String(Math.round(share * 100)), look))
    }
  }
  const bottom = TOP + 7 * ROW
  for (const { day, from, to } of pieces(load.window)) {
    const box = {
      x: LEFT + from * CELL - 1,
      y: TOP + day * ROW - 1,
      width: (to - from) * CELL + 0.5,
      height: ROW + 0.5,
    }
    parts.push(rect(box, 'none', `stroke="${palette.paper}" stroke-width="6"`))
    parts.push(rect(box, 'none', `stroke="${palette.good}" stroke-width="4"`))
  }
  const foot = bottom + 28
  parts.push(rect({ x: 20, y: foot - 13, width: 20, height: 16 }, 'none', `stroke="${palette.good}" stroke-width="4"`))
  parts.push(text(48, foot, quietest(load.window), { size: 16, fill: palette.ink, bold: true }))
  const unknown = load.profile.filter((share) => share === null).length + Math.max(0, 168 - load.profile.length)
  const gaps = unknown === 0 ? '' : ` Hatched: not measured, ${unknown} of 168 hours.`
  parts.push(text(20, foot + 27, `Each number is a percentage of the peak.${gaps}`, { size: 14, fill: palette.soft }))
  return drawing(
    { height: foot + 44, title: 'Load of a week', description: loadWords(load), paper: palette.paper },
    [hatching('unknown', palette.paper, palette.line)],
    parts,
  )
}

export function loadWords(load: LoadWeek): string {
  const [first] = load.profile
    .flatMap((share, hour) => (share === null || hour >= 168 ? [] : [{ share, hour }]))
    .sort((a, b) => b.share - a.share || a.hour - b.hour)
  const busiest = first === undefined ? '' : ` Busiest: ${clock(first.hour * 60)}.`
  return `${load.caption} ${quietest(load.window)}${busiest}`
}

function quietest(window: LoadWeek['window']): string {
  if (window === null) return 'No quiet time was found.'
  const start = (window.weekday - 1) * 24 * 60 + window.startMinute
  const length = duration(window.durationMinutes * 60)
  return `Quietest: ${clock(start)} to ${clock(start + window.durationMinutes)} (${length}).`
}

/** A minute of the week as `Sun 02:30`. */
function clock(minute: number): string {
  const at = ((minute % WEEK_MINUTES) + WEEK_MINUTES) % WEEK_MINUTES
  const two = (value: number) => String(Math.floor(value)).padStart(2, '0')
  return `${days[Math.floor(at / 1_440)] ?? ''} ${two((at % 1_440) / 60)}:${two(at % 60)}`
}

/** Cuts the window at each midnight: one frame for each day. Hours may be fractions. */
function pieces(window: LoadWeek['window']) {
  const list: { readonly day: number; readonly from: number; readonly to: number }[] = []
  if (window === null) return list
  let at = (window.weekday - 1) * 1_440 + window.startMinute
  const end = at + Math.min(window.durationMinutes, WEEK_MINUTES)
  while (at < end) {
    const stop = Math.min(end, (Math.floor(at / 1_440) + 1) * 1_440)
    const day = Math.floor(at / 1_440)
    list.push({ day: day % 7, from: (at - day * 1_440) / 60, to: (stop - day * 1_440) / 60 })
    at = stop
  }
  return list
}

function shareAt({ profile }: LoadWeek, hour: number): number | null {
  const share = profile[hour] ?? null
  return share === null || Number.isNaN(share) ? null : Math.min(1, Math.max(0, share))
}
