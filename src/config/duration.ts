/** Reads durations in the form that people write, as seconds: `20 min`, `3 hours`, `1h30m`, `PT3H`. */

import { DAY_SECONDS, HOUR_SECONDS, WEEK_SECONDS } from '../core/time/instant.ts'

const units = [
  { seconds: WEEK_SECONDS, one: 'week', many: 'weeks', names: ['w', 'week', 'weeks'] },
  { seconds: DAY_SECONDS, one: 'day', many: 'days', names: ['d', 'day', 'days'] },
  { seconds: HOUR_SECONDS, one: 'hour', many: 'hours', names: ['h', 'hr', 'hrs', 'hour', 'hours'] },
  { seconds: 60, one: 'min', many: 'min', names: ['m', 'min', 'mins', 'minute', 'minutes'] },
  { seconds: 1, one: 's', many: 's', names: ['s', 'sec', 'secs', 'second', 'seconds'] },
] as const

export type ParsedDuration =
  | { readonly ok: true; readonly seconds: number }
  /** `what` continues a sentence that begins with the key: `is "7", without a unit`. */
  | { readonly ok: false; readonly what: string }

const piece = /(\d+(?:\.\d+)?)\s*([a-z]+)/g
const iso = /^P(?:(\d+)W|(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?)$/i

/** Reads a duration in whole seconds, never negative. Months and years are refused: they have no fixed length. */
export function parseDuration(text: string): ParsedDuration {
  const trimmed = text.trim()
  const shown = JSON.stringify(trimmed.slice(0, 60))
  if (trimmed === '') return { ok: false, what: 'is empty' }
  if (trimmed.length > 60) return { ok: false, what: `is ${shown}..., too long for a duration` }
  if (/^[\d.]+$/.test(trimmed)) return { ok: false, what: `is the bare number ${trimmed}, without a unit` }
  if (trimmed.startsWith('-')) return { ok: false, what: `is ${shown}, a negative duration` }
  if (/^p/i.test(trimmed)) return parseIso(trimmed, shown)
  return parsePieces(trimmed.toLowerCase(), shown)
}

function parseIso(text: string, shown: string): ParsedDuration {
  if (/^P[^T]*[YM]/i.test(text)) {
    return { ok: false, what: `is ${shown}: months and years have no fixed length, and minutes stand after a "T"` }
  }
  const [, weeks, days, hours, minutes, seconds] = iso.exec(text) ?? []
  const parts = [weeks, days, hours, minutes, seconds]
  if (parts.every((part) => part === undefined)) return { ok: false, what: `is ${shown}, no ISO 8601 duration` }
  let total = 0
  for (const [index, unit] of units.entries()) total += Number(parts[index] ?? 0) * unit.seconds
  return { ok: true, seconds: total }
}

function parsePieces(text: string, shown: string): ParsedDuration {
  let total = 0
  let smallest = Number.POSITIVE_INFINITY
  const rest = text.replace(piece, '').replace(/\s|,|\band\b/g, '')
  const pieces = [...text.matchAll(piece)]
  if (rest !== '' || pieces.length === 0) return { ok: false, what: `is ${shown}, which is not a duration` }
  for (const [, amount, name] of pieces) {
    const unit = units.find((candidate) => candidate.names.some((known) => known === name))
    if (unit === undefined) {
      const why = /^(months?|mo|years?|y)$/.test(name ?? '') ? 'a unit without a fixed length' : 'not a unit'
      return { ok: false, what: `is ${shown}, and "${name}" is ${why}` }
    }
    if (unit.seconds >= smallest) return { ok: false, what: `is ${shown}: larger units come first, each once` }
    smallest = unit.seconds
    total += Number(amount) * unit.seconds
  }
  if (Math.abs(total - Math.round(total)) > 1e-6)
    return { ok: false, what: `is ${shown}, not a whole number of seconds` }
  return { ok: true, seconds: Math.round(total) }
}

/** Seconds as text: 5400 gives `1 hour 30 min`. `parseDuration` reads the text back to the same seconds. */
export function formatDuration(seconds: number): string {
  if (seconds === 0) return '0 s'
  const parts: string[] = []
  let left = seconds
  for (const unit of units) {
    const amount = Math.floor(left / unit.seconds)
    // Weeks are not used: "14 days" reads better next to "8 days".
    if (amount === 0 || unit.one === 'week') continue
    parts.push(`${amount} ${amount === 1 ? unit.one : unit.many}`)
    left -= amount * unit.seconds
  }
  return parts.join(' ')
}
