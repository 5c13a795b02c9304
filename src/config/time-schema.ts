import { z } from 'zod'
import { needsStart, parseRecurrence } from '../core/recurrence/text.ts'
import { DAY_SECONDS, WEEK_SECONDS } from '../core/time/instant.ts'
import { parseLocal } from '../core/time/local-time.ts'
import { count, date, duration, moment, optional, percent, reference, text, timeZone, urlOrPath } from './fields.ts'

const MINUTE = 60

const dayMend = 'Write a list of mon, tue, wed, thu, fri, sat and sun, or weekdays, weekends or every day.'
const weekday = z.enum(['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'], { error: dayMend })

const days = z.union([
  z.enum(['weekdays', 'weekends', 'every day'], { error: dayMend }),
  z.array(weekday, { error: dayMend }).min(1, { error: dayMend }),
])

const every = duration({ unit: 'weeks', minimum: WEEK_SECONDS, maximum: 52 * WEEK_SECONDS })
  .prefault('1 week')
  .transform((seconds, context) => {
    if (seconds % WEEK_SECONDS === 0) return seconds / WEEK_SECONDS
    context.addIssue({
      code: 'custom',
      message: 'Write whole weeks, such as "2 weeks".',
      params: { what: 'is not a whole number of weeks' },
    })
    return z.NEVER
  })

const startMend = 'Write a time of day in quotes, such as "02:00".'

const start = z
  .string({ error: startMend })
  .regex(/^([01]\d|2[0-3]):[0-5]\d$/, { error: startMend })
  .describe('Local time at which it opens, HH:MM in quotes.')

const timing = {
  duration: duration({ unit: 'hours', minimum: MINUTE, maximum: WEEK_SECONDS }).describe('How long it stays open.'),
  timeZone: optional(z.union([z.literal('asset', { error: 'Write an IANA time zone, or asset.' }), timeZone])).describe(
    'IANA zone of the start, or asset: where the asset is. Default: the zone of the team.',
  ),
}

const weeklyRule = z.strictObject({
  days: days.describe('Days on which the window opens: [tue, thu], weekdays, weekends or every day.'),
  start,
  ...timing,
  every: every.describe('Every how many weeks: "2 weeks" is every second week, counted from the week of "from".'),
  from: optional(date).describe('A date in a week in which it opens; needed when it is not every week.'),
})

const betweenMend = 'Write two times of day in quotes, such as "20:00-06:00".'

const measured = z.strictObject({
  load: reference('a load').describe('What is measured: a name from loads.'),
  duration: duration({ unit: 'hours', minimum: 30 * MINUTE, maximum: DAY_SECONDS }).describe(
    'How long a window is needed.',
  ),
  weeks: count(3, 26, 'Write how many weeks to look back: 3 to 26.')
    .default(6)
    .describe('How many weeks to look back; fewer than three weeks of data choose nothing.'),
  days: optional(days).describe('Days on which it may begin. Default: every day.'),
  between: optional(
    z.string({ error: betweenMend }).regex(/^([01]\d|2[0-3]):[0-5]\d-([01]\d|2[0-3]):[0-5]\d$/, { error: betweenMend }),
  ).describe('Local times between which it lies, such as "20:00-06:00". Default: any time.'),
  timeZone: optional(timeZone).describe('IANA zone of the week. Default: timeZone of the whole file.'),
  use: z
    .enum(['schedule', 'show'], { error: 'Write schedule or show.' })
    .default('schedule')
    .describe('schedule: rollouts go there, and by the rules only where load cannot say; show: it is only told.'),
})

const rruleMend = 'Write a recurrence rule (RFC 5545), such as "FREQ=MONTHLY;BYDAY=-1SU;BYHOUR=1;BYMINUTE=0".'
const rrule = z.string({ error: rruleMend }).superRefine((written, context) => {
  const parsed = parseRecurrence(written)
  if (!parsed.ok) {
    context.addIssue({ code: 'custom', message: rruleMend, params: { what: parsed.what } })
    return
  }
  const often = parsed.recurrence.rules.find(({ frequency }) => frequency === 'SECONDLY' || frequency === 'MINUTELY')
  if (often === undefined) return
  const message = 'Use HOURLY or a longer one, with the duration that the window has.'
  context.addIssue({ code: 'custom', message, params: { what: `has the FREQ ${often.frequency}` } })
})

const startsAtMend = 'Write the local date and time of the first window, such as "2026-01-07T02:00".'
const recurrenceRule = z
  .strictObject({
    rrule: rrule.describe('Recurrence rule (RFC 5545); lines of DTSTART, RDATE and EXDATE may stand beside it.'),
    startsAt: optional(
      z
        .string({ error: startsAtMend })
        .regex(/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2})?$/, { error: startsAtMend })
        .refine((written) => parseLocal(written) !== null, { error: startsAtMend }),
    ).describe(
      'Local time of the first window: what an interval or a count begins with, and the time of day if the rule says none.',
    ),
    ...timing,
  })
  .superRefine((rule, context) => {
    const parsed = parseRecurrence(rule.rrule)
    if (!parsed.ok || rule.startsAt !== null || !needsStart(parsed.recurrence)) return
    const what = 'is missing, and the rule does not say by itself when it begins'
    context.addIssue({ code: 'custom', path: ['startsAt'], message: startsAtMend, params: { what } })
  })

const patchTuesdayMend = 'Write a number of days from 0 to 27.'
const patchTuesdayRule = z.strictObject({
  afterPatchTuesday: count(0, 27, patchTuesdayMend).describe(
    'Days after the second Tuesday of each month; 0 is that Tuesday.',
  ),
  start,
  ...timing,
})

const windowRule = z.union([weeklyRule, recurrenceRule, patchTuesdayRule])

const longest = { unit: 'hours', minimum: 0, maximum: 4 * WEEK_SECONDS } as const

export const window = z.strictObject({
  measured: optional(measured).describe('The quietest time of the week, by a history of load.'),
  rules: z
    .array(windowRule, { error: 'Write a list of rules, each with days, start and duration.' })
    .max(50, { error: 'Use at most 50 rules.' })
    .describe('When the window is open. No rule means never; any time is every day, "00:00", 24 hours.'),
  lead: optional(duration(longest)).describe('Time that must lie between the decision and the start. Default: none.'),
  notice: optional(duration({ ...longest, minimum: MINUTE })).describe(
    'How long before it opens the thread says that it will be used. Default: it does not.',
  ),
})

const freezeTeams = optional(
  z.array(reference('a team'), { error: 'Write a list of teams, such as [web].' }).min(1, {
    error: 'Write a list of teams, or leave the key out for every team.',
  }),
).describe('Teams it holds for. Default: every team.')

const datedFreeze = z.strictObject({
  name: text('Write why, such as "Year end".', 100).describe('Why nothing may be touched, shown to people.'),
  from: moment.describe('When it begins; a date begins with its first minute.'),
  to: moment.describe('When it ends; a date ends with its last minute.'),
  teams: freezeTeams,
})

const calendarFreeze = z.strictObject({
  calendar: urlOrPath.describe('iCalendar file, by address or path: each of its events is a freeze.'),
  match: optional(text('Write a text that the events hold, such as "change freeze".', 100)).describe(
    'Only events with this text in their title. Default: all.',
  ),
  teams: freezeTeams,
})

export const freeze = z.union([datedFreeze, calendarFreeze])

export const schedule = z.strictObject({
  inventory: duration({ unit: 'hours', minimum: MINUTE, maximum: WEEK_SECONDS })
    .prefault('1 hour')
    .describe('How often the sources are asked.'),
  feeds: duration({ unit: 'hours', minimum: 5 * MINUTE, maximum: WEEK_SECONDS })
    .prefault('6 hours')
    .describe('How often the feeds are fetched.'),
  jitter: percent(0, 50)
    .prefault('10%')
    .describe('How far each of these times may move, so that not all happens at once.'),
})

export type WindowConfig = z.infer<typeof window>
export type WeeklyRuleConfig = z.infer<typeof weeklyRule>
export type WindowRuleConfig = z.infer<typeof windowRule>
export type MeasuredConfig = z.infer<typeof measured>
export type FreezeConfig = z.infer<typeof freeze>
export type CalendarFreezeConfig = z.infer<typeof calendarFreeze>
export type ScheduleConfig = z.infer<typeof schedule>
