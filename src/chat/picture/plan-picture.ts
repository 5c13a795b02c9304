import type { PlanForecast, RingForecast } from '../../core/forecast/plan-forecast.ts'
import { HOUR_MS } from '../../core/time/instant.ts'
import { count, duration } from '../words.ts'
import {
  drawing,
  fitted,
  hatching,
  legend,
  line,
  type Palette,
  palettes,
  rect,
  type Theme,
  text,
  textWidth,
  WIDTH,
} from './drawing.ts'
import { dayAndTime, fromTo, ticks, zoneName } from './time-axis.ts'

/** How many rings are drawn. If there are more, the picture says so. */
const RINGS = 12
const LEFT = 178
const RIGHT = WIDTH - 18
const TOP = 96
const ROW = 64
/** Height of the lane with a ring's bars, windows and freezes. The words are below it. */
const LANE = 34
const BAR = 20

/** Draws the rings on a time axis in the reader's zone. */
export function planPicture(plan: PlanForecast, timeZone: string, theme: Theme): string {
  const palette = palettes[theme]
  const rings = plan.rings.slice(0, RINGS)
  const { from, to } = spanOf(plan)
  const x = (at: string | number) => {
    const ms = typeof at === 'number' ? at : Date.parse(at)
    return LEFT + (Math.min(Math.max(ms, from), to) - from) * ((RIGHT - LEFT) / (to - from))
  }
  const bottom = TOP + rings.length * ROW
  const windows = plan.windows.filter(({ start, end }) => overlaps(start, end, from, to))
  const frozen = plan.freezes.filter((freeze) => overlaps(freeze.from, freeze.to, from, to))
  const marks = ticks(from, to, 7, timeZone)
  const chart: string[] = []
  for (const { at, label, day } of marks) {
    const anchor = x(at) + textWidth(label, 14, day) / 2 > WIDTH - 4 ? 'end' : 'middle'
    chart.push(text(x(at), TOP - 12, label, { size: 14, fill: palette.soft, anchor, bold: day }))
  }
  for (const [index, ring] of rings.entries()) {
    const top = TOP + index * ROW
    chart.push(line(20, top, RIGHT, top, palette.line))
    for (const { start, end } of windows) chart.push(band(x(start), x(end), top, palette.window))
    for (const freeze of frozen) chart.push(band(x(freeze.from), x(freeze.to), top, 'url(#frozen)'))
    for (const { at, day } of marks) {
      chart.push(line(x(at), top, x(at), top + LANE, palette.line, day ? 'stroke-width="2"' : ''))
    }
    chart.push(...row(ring, top, x, timeZone, palette))
    chart.push(line(x(plan.now), top, x(plan.now), top + LANE, palette.bad, 'stroke-width="2" stroke-dasharray="5 4"'))
    if (plan.end !== null) chart.push(line(x(plan.end), top, x(plan.end), top + LANE, palette.ink, 'stroke-width="2"'))
  }
  chart.push(line(20, bottom, RIGHT, bottom, palette.line))
  chart.push(text(x(plan.now), bottom + 17, 'now', { size: 14, fill: palette.bad, anchor: 'middle', bold: true }))
  if (plan.end !== null && x(plan.end) - x(plan.now) > 50)
    chart.push(text(x(plan.end), bottom + 17, 'done', { size: 14, fill: palette.ink, anchor: 'middle', bold: true }))
  const under = legend(
    bottom + 44,
    legendOf(
      frozen.map(({ name }) => name),
      plan,
      palette,
    ),
    palette,
  )
  const description = planWords(plan, timeZone)
  const head = [
    text(20, 30, 'Plan', { size: 20, fill: palette.ink, bold: true }),
    text(78, 30, headline(plan, timeZone), { size: 16, fill: palette.ink }),
    text(20, 54, `${asOf(plan, timeZone)} ${moreRings(plan)}`, { size: 14, fill: palette.soft }),
  ]
  const trouble = plan.problem === null ? [] : warning(plan.problem, bottom + 48 + under.height, palette)
  const height = bottom + 40 + under.height + (plan.problem === null ? 0 : 8 + 24 * (trouble.length - 2))
  const defs = [
    hatching('soak', palette.paper, palette.accent),
    hatching('frozen', palette.paper, palette.unreachable, 10, 0.45),
  ]
  return drawing({ height, title: 'Plan of the rollout', description, paper: palette.paper }, defs, [
    ...head,
    ...chart,
    ...under.parts,
    ...trouble,
  ])
}

/** The content of the picture in words. */
export function planWords(plan: PlanForecast, timeZone: string): string {
  const rings = plan.rings.map((ring) => {
    const who = `${ring.name}: ${count(ring.assets, 'server')} in ${count(ring.batches, 'batch', 'batches')}`
    return `${who}, ${ringTimes(ring, timeZone)}`
  })
  return `${headline(plan, timeZone)} ${asOf(plan, timeZone)} ${rings.join('. ')}.${plan.problem === null ? '' : ` ${plan.problem}`}`
}

function headline(plan: PlanForecast, timeZone: string): string {
  if (plan.end === null) return 'It would not come to an end.'
  const over = Date.parse(plan.end) <= Date.parse(plan.now)
  return `All ${over ? 'was' : 'would be'} done by ${over ? '' : 'about '}${dayAndTime(plan.end, timeZone)}.`
}

/** Says when the picture was made, because an old one stays in the thread. */
function asOf({ now }: PlanForecast, timeZone: string): string {
  return `Times in ${zoneName(timeZone)}. As of ${dayAndTime(now, timeZone)}.`
}

function moreRings({ rings }: PlanForecast): string {
  return rings.length > RINGS ? `${rings.length - RINGS} more rings are not shown.` : ''
}

/** `Sat 22 Nov 02:00 – 02:04, watched for 30 min`. */
export function ringTimes(ring: RingForecast, timeZone: string): string {
  if (ring.start === null) return 'its turn never comes'
  if (ring.end === null) return `begins ${dayAndTime(ring.start, timeZone)}, never ends`
  const soak = ring.soakUntil === null ? 0 : (Date.parse(ring.soakUntil) - Date.parse(ring.end)) / 1_000
  const go = ring.waitsForGo.length === 0 ? '' : `, once ${ring.waitsForGo.join(' or ')} says go`
  return `${fromTo(ring.start, ring.end, timeZone)}${soak > 0 ? `, watched for ${duration(soak)}` : ''}${go}`
}

function row(
  ring: RingForecast,
  top: number,
  x: (at: string) => number,
  timeZone: string,
  palette: Palette,
): readonly string[] {
  const name = fitted(ring.name, LEFT - 34, 17, true)
  const parts = [text(20, top + 25, name, { size: 17, fill: palette.ink, bold: true })]
  const done = ring.done > 0 ? `${ring.done} of ${ring.assets} done` : count(ring.assets, 'server')
  const who = `${done}, ${count(ring.batches, 'batch', 'batches')}`
  parts.push(text(20, top + 46, fitted(who, LEFT - 28, 13.5), { size: 13.5, fill: palette.soft }))
  const bar = top + (LANE - BAR) / 2
  if (ring.end !== null && ring.soakUntil !== null && Date.parse(ring.soakUntil) > Date.parse(ring.end)) {
    const width = Math.max(3, x(ring.soakUntil) - x(ring.end))
    const box = { x: x(ring.end), y: bar + 3, width, height: BAR - 6 }
    parts.push(rect(box, 'url(#soak)', `stroke="${palette.accent}"`))
  }
  for (const { start, end } of ring.runs) {
    // A minimum width, so that even a short run can be seen.
    const box = { x: x(start), y: bar, width: Math.max(4, x(end) - x(start)), height: BAR }
    parts.push(rect(box, palette.accent, 'rx="2"'))
  }
  const said = fitted(ringTimes(ring, timeZone), RIGHT - LEFT, 14)
  const width = textWidth(said, 14)
  const begin = ring.start === null ? LEFT : x(ring.start)
  const at = Math.max(LEFT, Math.min(begin, RIGHT - width))
  parts.push(text(at, top + 53, said, { size: 14, fill: ring.end === null ? palette.bad : palette.ink }))
  return parts
}

function legendOf(frozen: readonly string[], plan: PlanForecast, palette: Palette) {
  const soaks = plan.rings.some(({ end, soakUntil }) => end !== null && soakUntil !== null && soakUntil > end)
  return [
    { fill: palette.accent, words: 'being patched' },
    ...(soaks ? [{ fill: 'url(#soak)', words: 'watched (soak)' }] : []),
    { fill: palette.window, words: 'window' },
    ...(frozen.length === 0 ? [] : [{ fill: 'url(#frozen)', words: fitted(`freeze: ${frozen.join(', ')}`, 330, 14) }]),
  ]
}

/** A triangle and a sentence, on as many lines as needed. Returns three parts at least. */
function warning(problem: string, y: number, palette: Palette): readonly string[] {
  const lines: string[] = []
  for (const word of problem.split(' ')) {
    const last = lines.at(-1)
    const longer = last === undefined ? word : `${last} ${word}`
    if (last === undefined || textWidth(longer, 15, true) > WIDTH - 80) lines.push(word)
    else lines[lines.length - 1] = longer
  }
  return [
    `<path d="M20 ${y + 2} L30 ${y - 15} L40 ${y + 2} Z" fill="${palette.bad}"/>`,
    text(30, y, '!', { size: 13, fill: palette.onStrong, anchor: 'middle', bold: true }),
    ...lines.map((words, index) =>
      text(50, y + index * 24, fitted(words, WIDTH - 70, 15, true), { size: 15, fill: palette.bad, bold: true }),
    ),
  ]
}

function band(from: number, to: number, top: number, fill: string): string {
  return rect({ x: from, y: top + 0.5, width: Math.max(2, to - from), height: LANE }, fill)
}

function overlaps(start: string, end: string, from: number, to: number): boolean {
  return Date.parse(end) > from && Date.parse(start) < to
}

/** The time range of the picture: from now, or from the first run, to a little after the end. */
function spanOf(plan: PlanForecast): { readonly from: number; readonly to: number } {
  const instants = [plan.now, ...plan.rings.flatMap(({ runs, soakUntil }) => [...runs.flatMap(ends), soakUntil])]
  // If nothing ever begins, the first windows are shown, because they are too short.
  if (plan.end === null) for (const window of plan.windows.slice(0, 3)) instants.push(...ends(window))
  const all = instants.flatMap((at) => (at === null ? [] : [Date.parse(at)]))
  const from = Math.min(...all)
  const to = Math.max(...all, from + HOUR_MS)
  const margin = (to - from) * 0.03
  return { from: from - margin, to: to + margin }
}

function ends({ start, end }: { readonly start: string; readonly end: string }): readonly string[] {
  return [start, end]
}
