/** Parts of a picture as SVG text. The SVG needs no style sheet, no script and no other file. */

import { oneLine, shorten, visible } from '../visible.ts'

export type Theme = 'light' | 'dark'

export interface Palette {
  readonly paper: string
  readonly ink: string
  readonly soft: string
  readonly line: string
  readonly accent: string
  readonly accentSoft: string
  readonly window: string
  readonly good: string
  readonly bad: string
  readonly unreachable: string
  readonly untouched: string
  /** For text on the strong colours. */
  readonly onStrong: string
}

/** The same colours as in console.css. */
export const palettes: Readonly<Record<Theme, Palette>> = {
  light: {
    paper: '#ffffff',
    ink: '#1b2330',
    soft: '#55606f',
    line: '#cfd5dd',
    accent: '#2456d6',
    accentSoft: '#c9d7fb',
    window: '#cdebda',
    good: '#11734b',
    bad: '#b42318',
    unreachable: '#8a5300',
    untouched: '#eef1f5',
    onStrong: '#ffffff',
  },
  dark: {
    paper: '#161a20',
    ink: '#e6e9ee',
    soft: '#9ba5b3',
    line: '#3a4350',
    accent: '#7ea6ff',
    accentSoft: '#2b3d66',
    window: '#1c4029',
    good: '#69d3a1',
    bad: '#ff8a7d',
    unreachable: '#f3bd5f',
    untouched: '#232a33',
    onStrong: '#0f1216',
  },
}

/** Width of every picture, chosen so that it can be read on a phone. */
export const WIDTH = 760

/** The renderer has the first font. A browser may use another one. */
const FONT = 'DejaVu Sans, Verdana, sans-serif'

/** Escapes text for XML, and drops characters that XML does not allow. */
export function xml(text: string): string {
  return oneLine(text)
    .replace(/[\ufffe\uffff]/g, '')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#39;')
}

export interface TextLook {
  readonly size: number
  readonly fill: string
  readonly anchor?: 'start' | 'middle' | 'end'
  readonly bold?: boolean
}

/** `y`: the base line of the text. */
export function text(x: number, y: number, said: string, { size, fill, anchor = 'start', bold = false }: TextLook) {
  const weight = bold ? ' font-weight="bold"' : ''
  const where = anchor === 'start' ? '' : ` text-anchor="${anchor}"`
  return `<text x="${round(x)}" y="${round(y)}" font-size="${size}" fill="${fill}"${where}${weight}>${xml(said)}</text>`
}

/** Widths of DejaVu Sans characters by class, as parts of the font size: rather too large than too small. */
const widths: readonly (readonly [RegExp, number])[] = [
  [/[ijlI.,:;'|! ]/, 0.33],
  [/[frt()[\]/-]/, 0.41],
  [/[mwMW%@…–—]/, 0.96],
  [/[A-Z]/, 0.7],
  [/[\u0020-\u2fff]/, 0.63],
]

/** The approximate width of the text. */
export function textWidth(said: string, size: number, bold = false): number {
  let units = 0
  for (const sign of said) units += widths.find(([signs]) => signs.test(sign))?.[1] ?? 1
  return units * size * (bold ? 1.12 : 1)
}

/** Shortens the text so that it fits into the width. */
export function fitted(said: string, width: number, size: number, bold = false): string {
  const shown = visible(said)
  const room = width - textWidth('…', size, bold)
  let used = 0
  let kept = 0
  for (const sign of shown) {
    used += textWidth(sign, size, bold)
    if (used <= room) kept += sign.length
    else if (used > width) return shorten(shown, kept + 1)
  }
  return shown
}

export interface Box {
  readonly x: number
  readonly y: number
  readonly width: number
  readonly height: number
}

export function rect({ x, y, width, height }: Box, fill: string, more = ''): string {
  const size = `width="${round(Math.max(0, width))}" height="${round(Math.max(0, height))}"`
  return `<rect x="${round(x)}" y="${round(y)}" ${size} fill="${fill}"${more === '' ? '' : ` ${more}`}/>`
}

export function line(x1: number, y1: number, x2: number, y2: number, stroke: string, more = ''): string {
  const ends = `x1="${round(x1)}" y1="${round(y1)}" x2="${round(x2)}" y2="${round(y2)}"`
  return `<line ${ends} stroke="${stroke}"${more === '' ? '' : ` ${more}`}/>`
}

/** Slanted lines on a background, for `fill="url(#id)"`. */
export function hatching(id: string, ground: string, stroke: string, gap = 8, opacity = 1): string {
  const tile = `width="${gap}" height="${gap}" patternUnits="userSpaceOnUse" patternTransform="rotate(45)"`
  return `<pattern id="${id}" ${tile}><rect width="${gap}" height="${gap}" fill="${ground}"/><rect width="${gap / 3}" height="${gap}" fill="${stroke}" fill-opacity="${opacity}"/></pattern>`
}

/** Dots on a background. */
export function dots(id: string, ground: string, fill: string): string {
  return `<pattern id="${id}" width="8" height="8" patternUnits="userSpaceOnUse"><rect width="8" height="8" fill="${ground}"/><circle cx="4" cy="4" r="1.7" fill="${fill}"/></pattern>`
}

/** A whole picture. Screen readers read `title` and `description`. */
export function drawing(
  {
    height,
    title,
    description,
    paper,
  }: Readonly<Record<'title' | 'description' | 'paper', string>> & {
    readonly height: number
  },
  defs: readonly string[],
  parts: readonly string[],
): string {
  const size = `width="${WIDTH}" height="${round(height)}" viewBox="0 0 ${WIDTH} ${round(height)}"`
  const said = `<title>${xml(title)}</title><desc>${xml(description)}</desc>`
  const ground = rect({ x: 0, y: 0, width: WIDTH, height }, paper)
  return `<svg xmlns="http://www.w3.org/2000/svg" ${size} role="img" font-family="${FONT}">${said}<defs>${defs.join('')}</defs>${ground}${parts.join('')}</svg>`
}

/** Colour samples with their labels, from left to right, on as many lines as needed. */
export function legend(
  y: number,
  entries: readonly { readonly fill: string; readonly words: string }[],
  { soft, line: edge }: Palette,
): { readonly parts: readonly string[]; readonly height: number } {
  const parts: string[] = []
  let x = 20
  let base = y
  for (const { fill, words } of entries) {
    const width = 30 + textWidth(words, 14)
    if (x > 20 && x + width > WIDTH - 12) {
      x = 20
      base += 24
    }
    parts.push(rect({ x, y: base - 13, width: 20, height: 16 }, fill, `stroke="${edge}"`))
    parts.push(text(x + 27, base, words, { size: 14, fill: soft }))
    x += width + 16
  }
  return { parts, height: base - y + 24 }
}

function round(value: number): number {
  return Math.round(value * 10) / 10
}
