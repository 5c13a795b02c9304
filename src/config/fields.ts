/**
 * The types of values in patchwarden.yaml. The error text of each schema says what would be right ("Write ..."). What
 * is wrong is said by explain-issue.ts, which sees the value, or by `params.what`.
 */

import { DateTime, IANAZone } from 'luxon'
import { z } from 'zod'
import { canonicalPlatform } from '../core/platform/canonical.ts'
import { formatDuration, parseDuration } from './duration.ts'

const idPattern = /^[a-z][a-z0-9._-]*$/
const idMend =
  'A name here begins with a small letter and goes on with small letters, digits, ".", "_" or "-", such as "web-platform".'
const zoneMend = 'Write an IANA time zone, such as "Europe/Berlin" or "UTC".'

/** The error text `mend`. For a number or a boolean (`name: 2024`), it also says how to write the value as text. */
function textError(mend: string) {
  return (issue: { readonly input?: unknown }) =>
    typeof issue.input === 'number' || typeof issue.input === 'boolean'
      ? `${mend} Digits, true and false are text only in quotes.`
      : mend
}

/** A key that may be left out. Its value is then `null`. */
export function optional<T extends z.ZodType>(schema: T) {
  return schema.optional().transform((value): z.output<T> | null => value ?? null)
}

/** The name of a team, policy, window and so on, at the place of its definition. */
export const id = z
  .string({ error: idMend })
  .max(64, { error: 'Use at most 64 characters.' })
  .regex(idPattern, { error: idMend })
  .refine((name) => name !== 'constructor', { error: 'This one word is reserved: choose another name.' })

/** A group of named entries. Left out: no entries. */
export function byName<T extends z.ZodType>(schema: T) {
  return z.record(id, schema).default({})
}

/** The name of something that is defined elsewhere in the file. cross-check.ts checks that it exists. */
export function reference(thing: string) {
  const mend = `Write the name of ${thing}.`
  return z.string({ error: textError(mend) }).min(1, { error: mend })
}

/** One line of text for people. */
export function text(mend: string, maximum = 200) {
  return z
    .string({ error: textError(mend) })
    .trim()
    .min(1, { error: mend })
    .max(maximum, { error: `Use at most ${maximum} characters.` })
    .refine((written) => !/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u.test(written), {
      error: 'Use one line without control characters.',
    })
}

export function roles(mend: string) {
  return z.array(reference('a role'), { error: mend }).min(1, { error: mend })
}

export const tags = z
  .array(text('Write a tag, such as canary.', 64), { error: 'Write a list of tags, such as [canary, frontend].' })
  .default([])

export const timeZone = z
  .string({ error: zoneMend })
  .refine((zone) => IANAZone.isValidZone(zone), { error: zoneMend, params: { thing: 'a known time zone' } })

export const exposure = z.enum(['small', 'controlled', 'open'], { error: 'Write small, controlled or open.' })
export const criticality = z.enum(['low', 'medium', 'high', 'very high'], {
  error: 'Write low, medium, high or very high.',
})
export const patchType = z.enum(['security', 'bugfix', 'feature'], { error: 'Write security, bugfix or feature.' })

export const yesOrNo = z.boolean({ error: 'Write true or false.' })

export function count(minimum: number, maximum: number, mend: string) {
  return z.int({ error: mend }).min(minimum, { error: mend }).max(maximum, { error: mend })
}

export const port = count(1, 65_535, 'Write a port from 1 to 65535.')

export const filePath = text('Write a path; a relative one counts from the folder of this file.', 4_096)

export const urlOrPath = text('Write an https:// address or a path.', 4_096)
  .refine(
    (place) => !/^[a-z][a-z0-9+.-]*:\/\//i.test(place) || (/^(https?|file):/i.test(place) && URL.canParse(place)),
    { error: 'Write an https:// address or a path.' },
  )
  .refine((place) => !hasLogin(place), {
    error: 'Write it without user and password: fetch the file with a program of your own, and name its path.',
    params: { what: 'holds a user name or a password' },
  })

export const webAddress = text('Write an address that begins with https:// or http://.', 2_048).refine(
  (url) => /^https?:\/\//i.test(url) && URL.canParse(url),
  { error: 'Write an address that begins with https:// or http://.' },
)

/** What is written in the file may be shown and kept. `where`: a clause that says where the login goes instead. */
export const addressWithoutLogin = (where: string) =>
  webAddress.refine((url) => !hasLogin(url), {
    error: `Write it without user and password: ${where}`,
    params: { what: 'holds a user name or a password' },
  })

/** Whether an address holds a user name or a password. */
export function hasLogin(url: string): boolean {
  return /^[a-z][a-z0-9+.-]*:\/\/[^/?#]*@/i.test(url)
}

const platformMend = 'Write a platform, such as debian:12.'

/** In any spelling that people use. The value is the form that feeds use. */
export const platform = text(platformMend, 64).transform((written, context) => {
  const known = canonicalPlatform(written)
  if (known !== null) return known
  context.addIssue({ code: 'custom', message: platformMend })
  return z.NEVER
})

const unitNames = { weeks: 'weeks', days: 'days', hours: 'hours', min: 'minutes', s: 'seconds' }

interface DurationRange {
  /** The usual unit of this setting. The error text for a number without a unit suggests it. */
  readonly unit: 'weeks' | 'days' | 'hours' | 'min' | 's'
  /** Seconds, inclusive. */
  readonly minimum: number
  readonly maximum: number
}

/** A duration in words. The parsed value is in seconds. */
export function duration({ unit, minimum, maximum }: DurationRange) {
  const example = { weeks: '2 weeks', days: '7 days', hours: '3 hours', min: '20 min', s: '30 s' }[unit]
  const mend = `Write a duration with its unit, such as "${example}".`
  const forNumber = (number: unknown) => `Write its unit, such as "${number} ${unit}" if ${unitNames[unit]} are meant.`
  const error = ({ input }: { readonly input?: unknown }) => (typeof input === 'number' ? forNumber(input) : mend)
  return z.string({ error }).transform((written, context) => {
    const parsed = parseDuration(written)
    if (!parsed.ok) {
      const message = /^[\d.]+$/.test(written) ? forNumber(written) : mend
      context.addIssue({ code: 'custom', message, params: { what: parsed.what } })
      return z.NEVER
    }
    if (parsed.seconds < minimum || parsed.seconds > maximum) {
      const what = `is ${JSON.stringify(written)}, too ${parsed.seconds < minimum ? 'short' : 'long'}`
      const range = `Write a duration from ${formatDuration(minimum)} to ${formatDuration(maximum)}.`
      context.addIssue({ code: 'custom', message: range, params: { what } })
      return z.NEVER
    }
    return parsed.seconds
  })
}

/** A percentage such as `25%`. The parsed value is the number 25. */
export function percent(minimum: number, maximum: number) {
  const mend = `Write a share from ${minimum}% to ${maximum}%, with the percent sign.`
  return z.string({ error: mend }).transform((written, context) => {
    const value = percentOf(written)
    if (value === null || value < minimum || value > maximum) {
      context.addIssue({ code: 'custom', message: mend })
      return z.NEVER
    }
    return value
  })
}

/** The number in `25%`; `null`: the text is not a percentage. */
export function percentOf(written: string): number | null {
  const [, digits] = /^(\d{1,3}(?:\.\d{1,3})?)\s*%$/.exec(written.trim()) ?? []
  return digits === undefined ? null : Number(digits)
}

/** A number of assets or a percentage of them. At least `minimum`. */
export function amount(minimum: number, mend: string) {
  return z.union([
    count(minimum, 5_000, mend).transform((value) => ({ kind: 'count' as const, value })),
    z.string({ error: mend }).transform((written, context) => {
      const value = percentOf(written)
      if (value === null || value < minimum || value > 100 || (minimum > 0 && value === 0)) {
        context.addIssue({ code: 'custom', message: mend })
        return z.NEVER
      }
      return { kind: 'percent' as const, value }
    }),
  ])
}

const commandMend = 'Write a list, the program first, such as ["/usr/local/bin/drain", "{name}"].'

/** A program and its arguments, run without a shell. The arguments may contain these `values`, e.g. `{name}`. */
export function command(values: readonly string[]) {
  const known = values.map((value) => `{${value}}`).join(', ')
  return z
    .array(
      z
        .string({ error: textError('Write text.') })
        .max(4_096, { error: 'Use at most 4096 characters.' })
        .refine((part) => !/[\p{Cc}\p{Zl}\p{Zp}]/u.test(part), { error: 'Use one line without control characters.' })
        .superRefine((part, context) => {
          const unknown = [...part.matchAll(/\{([A-Za-z]+)\}/g)].find(([, value]) => !values.includes(value ?? ''))
          if (unknown === undefined) return
          const message = values.length === 0 ? 'Write it out: here is no server to take it from.' : `Known: ${known}.`
          context.addIssue({
            code: 'custom',
            message,
            params: { what: `holds ${unknown[0]}, which means nothing here` },
          })
        }),
      { error: commandMend },
    )
    .min(1, { error: commandMend })
    .max(100, { error: 'Use at most 100 arguments.' })
    .superRefine(([program = ''], context) => {
      if (/^(\/|[^/{}]+$)/.test(program) && !program.includes('{')) return
      const message = 'Write its absolute path, or a name that is found in PATH.'
      context.addIssue({ code: 'custom', path: [0], message })
    })
}

const dateMend = (issue: { readonly input?: unknown }) =>
  `Write a date such as 2027-03-31, or a time such as 2027-03-31T18:00${meant(issue.input)}.`
const dayMend = (issue: { readonly input?: unknown }) => `Write a date such as 2027-01-07${meant(issue.input)}.`

/** What a date that is written in another way would be here: `: this one would be 2026-12-19`; empty: not known. */
function meant(written: unknown): string {
  const dates = datesMeant(typeof written === 'number' ? String(written) : written)
  return dates.length === 0 ? '' : `: this one would be ${dates.join(' or ')}`
}

const otherForms = [
  'd.M.yyyy',
  'd-M-yyyy',
  'yyyy/M/d',
  'yyyy.M.d',
  'yyyy-M-d',
  'yyyyMMdd',
  'd/M/yyyy',
  'M/d/yyyy',
  'd MMM yyyy',
  'd MMMM yyyy',
  'MMM d yyyy',
  'MMMM d yyyy',
]

function datesMeant(written: unknown): readonly string[] {
  if (typeof written !== 'string' || written.length > 40) return []
  const [, day = '', time = ''] =
    /^(.*?)(?:[ T]+(?:at )?(\d{1,2}:\d{2}))?$/.exec(written.trim().replaceAll(',', '')) ?? []
  const found = otherForms.flatMap((form) => {
    const date = DateTime.fromFormat(day, form, { locale: 'en', zone: 'utc' })
    return date.isValid ? [`${date.toISODate()}${time === '' ? '' : `T${time.padStart(5, '0')}`}`] : []
  })
  return [...new Set(found)]
}

/** A local date or time, as written. resolve.ts turns it into an instant with the right time zone. */
export const moment = z
  .string({ error: dateMend })
  .regex(/^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2})?(Z|[+-]\d{2}:\d{2})?)?$/, { error: dateMend })
  .refine((written) => DateTime.fromISO(written, { zone: 'utc' }).isValid, {
    error: 'There is no such date or time: look at the calendar.',
  })

export const date = z
  .string({ error: dayMend })
  .regex(/^\d{4}-\d{2}-\d{2}$/, { error: dayMend })
  .refine((written) => DateTime.fromISO(written, { zone: 'utc' }).isValid, {
    error: 'There is no such date: look at the calendar.',
  })
