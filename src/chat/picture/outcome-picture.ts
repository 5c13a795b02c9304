import {
  countStanding,
  type Outcome,
  type RingOutcome,
  type Standing,
  standings,
  sumOfRings,
} from '../../core/outcome.ts'
import type { GateCount } from '../../core/rollout/gate.ts'
import { count } from '../words.ts'
import {
  dots,
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

const RINGS = 12
const LEFT = 178
const RIGHT = WIDTH - 18
const TOP = 50
const ROW = 62
const BAR = 24

/** A bar for all assets, then one for each ring. Each part shows its number. The text below says the same in words. */
export function outcomePicture(outcome: Outcome, theme: Theme): string {
  const palette = palettes[theme]
  const fills: Readonly<Record<GateCount, string>> = {
    good: palette.good,
    bad: 'url(#bad)',
    unreachable: 'url(#unreachable)',
    undecided: palette.untouched,
  }
  const rows = [{ name: 'All', ends: sumOfRings(outcome.rings) }, ...(outcome.rings.length > 1 ? outcome.rings : [])]
  const shown = rows.slice(0, RINGS + 1)
  const parts = [text(20, 30, 'How the servers ended', { size: 20, fill: palette.ink, bold: true })]
  for (const [index, ring] of shown.entries()) parts.push(...bar(ring, TOP + index * ROW, fills, palette))
  const bottom = TOP + shown.length * ROW
  parts.push(line(20, bottom, RIGHT, bottom, palette.line))
  const counts = groups(sumOfRings(outcome.rings))
  const under = legend(
    bottom + 28,
    (['good', 'bad', 'unreachable', 'undecided'] as const)
      .filter((group) => group === 'good' || counts[group] > 0)
      .map((group) => ({ fill: fills[group], words: groupWords[group] })),
    palette,
  )
  const defs = [hatching('bad', palette.bad, palette.paper, 9), dots('unreachable', palette.unreachable, palette.paper)]
  const more = rows.length - shown.length
  const rest =
    more > 0 ? [text(20, bottom + 28 + under.height, `${more} more rings`, { size: 14, fill: palette.soft })] : []
  return drawing(
    {
      height: bottom + 28 + under.height + (more > 0 ? 24 : 0) - 8,
      title: 'How the servers ended',
      description: outcomeWords(outcome),
      paper: palette.paper,
    },
    defs,
    [...parts, ...under.parts, ...rest],
  )
}

const groupWords: Readonly<Record<GateCount, string>> = {
  good: 'as promised',
  bad: 'not as promised',
  unreachable: 'never answered',
  undecided: 'not touched',
}

export function outcomeWords({ rings }: Outcome): string {
  const said = (ring: RingOutcome) => `${ring.name}: ${endWords(ring.ends)}`
  return [
    `${count(total(sumOfRings(rings)), 'server')}: ${endWords(sumOfRings(rings))}`,
    ...(rings.length > 1 ? rings.map(said) : []),
  ]
    .map((words) => `${words}.`)
    .join(' ')
}

/** `10 installed, 1 failed`: good end states first. */
function endWords(ends: RingOutcome['ends']): string {
  const words = ordered(ends).map(([end, number]) => `${number} ${end}`)
  return words.length === 0 ? 'no servers' : words.join(', ')
}

const order: readonly GateCount[] = ['good', 'bad', 'unreachable', 'undecided']

function ordered(ends: RingOutcome['ends']): readonly (readonly [Standing, number])[] {
  return order.flatMap((group) =>
    standings.flatMap((end) => {
      const number = ends[end] ?? 0
      return number > 0 && countStanding(end) === group ? [[end, number] as const] : []
    }),
  )
}

function bar(
  { name, ends }: RingOutcome,
  top: number,
  fills: Readonly<Record<GateCount, string>>,
  palette: Palette,
): readonly string[] {
  const all = total(ends)
  const parts = [line(20, top, RIGHT, top, palette.line)]
  parts.push(text(20, top + 25, fitted(name, LEFT - 34, 17, true), { size: 17, fill: palette.ink, bold: true }))
  parts.push(text(20, top + 46, count(all, 'server'), { size: 13.5, fill: palette.soft }))
  const counts = groups(ends)
  const there = order.filter((group) => counts[group] > 0)
  // Every group gets a minimum width, so that it can be seen. The remaining width is divided by number.
  const least = 10
  const room = RIGHT - LEFT - least * there.length
  let x = LEFT
  for (const group of there) {
    const width = least + (room * counts[group]) / Math.max(1, all)
    parts.push(rect({ x, y: top + 8, width, height: BAR }, fills[group], `stroke="${palette.paper}"`))
    const label = String(counts[group])
    if (textWidth(label, 15, true) + 10 < width) parts.push(...number(label, x + width / 2, top + 8, group, palette))
    x += width
  }
  const words = endWords(ends)
  const size = textWidth(words, 14) > RIGHT - LEFT ? 12 : 14
  parts.push(text(LEFT, top + 51, fitted(words, RIGHT - LEFT, size), { size, fill: palette.ink }))
  return parts
}

function number(label: string, x: number, top: number, group: GateCount, palette: Palette): readonly string[] {
  const fill = group === 'undecided' ? palette.ink : group === 'good' ? palette.onStrong : palette.ink
  const width = textWidth(label, 15, true) + 8
  // A number on a pattern cannot be read, so it gets a plain background.
  const plate =
    group === 'bad' || group === 'unreachable'
      ? [rect({ x: x - width / 2, y: top + 3, width, height: BAR - 6 }, palette.paper, 'rx="3"')]
      : []
  return [...plate, text(x, top + 17.5, label, { size: 15, fill, anchor: 'middle', bold: true })]
}

function groups(ends: RingOutcome['ends']): Record<GateCount, number> {
  const counts = { good: 0, bad: 0, unreachable: 0, undecided: 0 }
  for (const end of standings) counts[countStanding(end)] += ends[end] ?? 0
  return counts
}

function total(ends: RingOutcome['ends']): number {
  return standings.reduce((all, end) => all + (ends[end] ?? 0), 0)
}
