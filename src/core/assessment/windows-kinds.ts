/** What kind of update a KB is. It stands in the title, in Microsoft's own words: the `SubType` of its monthly data. */

import type { WindowsUpdate } from '../catalog.ts'

/**
 * - `hotpatch`: fixes without a reboot, for machines on the baseline of the quarter
 * - `cumulative`: the update of a month that has a hotpatch, for machines that take none
 * - `security only`: the fixes of one month, for Windows before 10
 * - `rollup`: the fixes of all months, for Windows before 10
 * - `browser`: the fixes of all months for Internet Explorer, for Windows before 10
 * - `other`: another cumulative update, or one that stands alone
 */
export type UpdateKind = 'hotpatch' | 'cumulative' | 'security only' | 'rollup' | 'browser' | 'other'

/** All that feeds say about one KB on one platform. */
export interface KnownUpdate extends WindowsUpdate {
  readonly kind: UpdateKind
  /** The product on Windows that it updates, such as .NET; `null`: Windows itself. */
  readonly product: string | null
}

/** `product`: a product on Windows that it updates, such as .NET; `null`: it updates Windows itself. */
export function updateTitle(kb: string, subType: string, product: string | null): string {
  return `${kb}${subType === '' ? '' : `: ${subType}`}${product === null ? '' : ` [for ${product}]`}`
}

export function kindInTitle(title: string): UpdateKind {
  const [, subType = ''] = /^KB\d+: ([^[]*)/.exec(title) ?? []
  if (/hot ?patch/i.test(subType)) return 'hotpatch'
  if (/cumulative update with restart/i.test(subType)) return 'cumulative'
  if (/security only/i.test(subType)) return 'security only'
  if (/rollup/i.test(subType)) return 'rollup'
  if (/\bIE\b|internet explorer/i.test(subType)) return 'browser'
  return 'other'
}

export function productInTitle(title: string): string | null {
  return /^KB\d+.* \[for (.+)\]$/.exec(title)?.[1] ?? null
}

/** The title that says more of two titles of one KB. Not every feed knows the kind. */
export function betterTitle(a: string, b: string): string {
  return rank(b) > rank(a) ? b : a
}

function rank(title: string): number {
  if (title === '') return 0
  if (productInTitle(title) !== null) return 1
  return kindInTitle(title) === 'other' ? 2 : 3
}

/** Kinds that contain the same fix of a CVE, so that one of them is enough. */
const instead: Readonly<Record<UpdateKind, readonly UpdateKind[]>> = {
  hotpatch: ['other', 'cumulative'],
  cumulative: ['hotpatch'],
  'security only': ['rollup', 'other'],
  rollup: ['security only', 'browser'],
  browser: ['rollup'],
  other: ['hotpatch', 'security only'],
}

/** Whether a CVE that both updates name is fixed by either of them. Two of the same kind may be two parts of a fix. */
export function isInsteadOf(a: UpdateKind, b: UpdateKind): boolean {
  return instead[a].includes(b)
}

/** Each quarter begins with a baseline that needs a reboot: January, April, July, October. The first month, `2026-04`. */
export function quarterOf({ published }: Pick<WindowsUpdate, 'published'>): string | null {
  const [, year, month] = /^(\d{4})-(\d{2})/.exec(published ?? '') ?? []
  if (year === undefined || month === undefined) return null
  const first = Math.floor((Number(month) - 1) / 3) * 3 + 1
  return `${year}-${String(first).padStart(2, '0')}`
}

/** Whether it is a baseline: published in the first month of a quarter. */
export function isBaseline(update: Pick<WindowsUpdate, 'published'>): boolean {
  return update.published !== null && update.published.slice(0, 7) === quarterOf(update)
}
