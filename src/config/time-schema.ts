import { z } from 'zod'
import { count, date, duration, moment, optional, percent, reference, text, timeZone } from './fields.ts'

const MINUTE = 60
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR
const WEEK = 7 * DAY

const dayMend = 'Write a list of mon, tue, wed, thu, fri, sat and sun, or weekdays, weekends or every day.'
const weekday = z.enum(['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'], { error: dayMend })

const days = z.union([
  z.enum(['weekdays', 'weekends', 'every day'], { error: dayMend }),
  z.array(weekday, { error: dayMend }).min(1, { error: dayMend }),
])

const every = duration({ unit: 'weeks', minimum: WEEK, maximum: 52 * WEEK })
  .prefault('1 week')
  .transform((seconds, context) => {
    if (seconds % WEEK === 0) return seconds / WEEK
    context.addIssue({
      code: 'custom',
      message: 'Write whole weeks, such as "2 weeks".',
      params: { what: 'is not a whole number of weeks' },
    })
    return z.NEVER
  })

const startMend = 'Write a time of day in quotes, such as "02:00".'

const windowRule = z.strictObject({
  days: days.describe('Days on which the window opens: [tue, thu], weekdays, weekends or every day.'),
  start: z
    .string({ error: startMend })
    .regex(/^([01]\d|2[0-3]):[0-5]\d$/, { error: startMend })
    .describe('Local time at which it opens, HH:MM in quotes.'),
  duration: duration({ unit: 'hours', minimum: MINUTE, maximum: WEEK }).describe('How long it stays open.'),
  timeZone: optional(timeZone).describe('IANA zone of the start. Default: the zone of the team.'),
  every: every.describe('Every how many weeks: "2 weeks" is every second week, counted from the week of "from".'),
  from: optional(date).describe('A date in a week in which it opens; needed when it is not every week.'),
})

const betweenMend = 'Write two times of day in quotes, such as "20:00-06:00".'

const measured = z.strictObject({
  load: reference('a load').describe('What is measured: a name from loads.'),
  duration: duration({ unit: 'hours', minimum: 30 * MINUTE, maximum: DAY }).describe('How long a window is needed.'),
  weeks: count(3, 26, 'Write how many weeks to look back: 3 to 26.')
    .default(6)
    .describe('How many weeks to look back; fewer than three weeks of data choose nothing.'),
  days: optional(days).describe('Days on which it may begin. Left out: every day.'),
  between: optional(
    z.string({ error: betweenMend }).regex(/^([01]\d|2[0-3]):[0-5]\d-([01]\d|2[0-3]):[0-5]\d$/, { error: betweenMend }),
  ).describe('Local times between which it lies, such as "20:00-06:00". Left out: any time.'),
  timeZone: optional(timeZone).describe('IANA zone of the week. Default: timeZone of the whole file.'),
  use: z
    .enum(['schedule', 'show'], { error: 'Write schedule or show.' })
    .default('schedule')
    .describe('schedule: rollouts go there, and by the rules only where load cannot say; show: it is only told.'),
})

export const window = z.strictObject({
  measured: optional(measured).describe('The quietest time of the week, by a history of load.'),
  rules: z
    .array(windowRule, { error: 'Write a list of rules, each with days, start and duration.' })
    .max(50, { error: 'Use at most 50 rules.' })
    .describe('When the window is open. No rule means never; any time is every day, "00:00", 24 hours.'),
})

export const freeze = z.strictObject({
  name: text('Write why, such as "Year end".', 100).describe('Why nothing may be touched, shown to people.'),
  from: moment.describe('When it begins; a date begins with its first minute.'),
  to: moment.describe('When it ends; a date ends with its last minute.'),
  teams: optional(
    z.array(reference('a team'), { error: 'Write a list of teams, such as [web].' }).min(1, {
      error: 'Write a list of teams, or leave the key out for every team.',
    }),
  ).describe('Teams it holds for. Left out: every team.'),
})

export const schedule = z.strictObject({
  inventory: duration({ unit: 'hours', minimum: MINUTE, maximum: WEEK })
    .prefault('1 hour')
    .describe('How often the sources are asked.'),
  feeds: duration({ unit: 'hours', minimum: 5 * MINUTE, maximum: WEEK })
    .prefault('6 hours')
    .describe('How often the feeds are fetched.'),
  jitter: percent(0, 50)
    .prefault('10%')
    .describe('How far each of these times may move, so that not all happens at once.'),
})

export type WindowConfig = z.infer<typeof window>
export type WindowRuleConfig = z.infer<typeof windowRule>
export type MeasuredConfig = z.infer<typeof measured>
export type FreezeConfig = z.infer<typeof freeze>
export type ScheduleConfig = z.infer<typeof schedule>
