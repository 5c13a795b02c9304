import { z } from 'zod'
import { DAY_SECONDS } from '../core/time/instant.ts'
import { byName, date, duration, moment, optional, reference, text, timeZone, urlOrPath } from './fields.ts'
import { slackUserGroup } from './slack-ids.ts'

const peopleMend = 'Write a list of people, such as [mara, tom].'
const timeMend = 'Write a time of day in quotes, such as "09:00".'
const idMend = 'Write the id in quotes: Discord, developer mode, "Copy ID".'
const snowflake = z.string({ error: idMend }).regex(/^\d{15,20}$/, { error: idMend })

const people = z.array(reference('a person'), { error: peopleMend })

const every = duration({ unit: 'days', minimum: DAY_SECONDS, maximum: 366 * DAY_SECONDS })
  .prefault('1 week')
  .transform((seconds, context) => {
    if (seconds % DAY_SECONDS === 0) return seconds / DAY_SECONDS
    const params = { what: 'is not a whole number of days' }
    context.addIssue({ code: 'custom', message: 'Write whole days or weeks, such as "1 week".', params })
    return z.NEVER
  })

const rota = z.strictObject({
  kind: z.literal('rota').describe('People take turns.'),
  people: people.min(1, { error: peopleMend }).describe('People in the order of their turns.'),
  start: date.describe('Date of the first handover: the first person’s turn begins then.'),
  handover: z
    .string({ error: timeMend })
    .regex(/^([01]\d|2[0-3]):[0-5]\d$/, { error: timeMend })
    .default('09:00')
    .describe('Local time of every handover.'),
  every: every.describe('How long a turn is, in whole days.'),
  timeZone: optional(timeZone).describe('IANA zone of the handover. Default: timeZone of the whole file.'),
  overrides: z
    .array(
      z.strictObject({
        from: moment.describe('When the stand-in begins.'),
        to: moment.describe('When it ends; a date ends with its last minute.'),
        person: reference('a person').describe('Who stands in.'),
      }),
      { error: 'Write a list, each with from, to and person.' },
    )
    .max(500, { error: 'Use at most 500 overrides.' })
    .default([])
    .describe('Stand-ins.'),
})

const fallback = people.default([]).describe('Who holds it while the system cannot be asked.')

const slackGroup = z.strictObject({
  kind: z.literal('slack user group').describe('Members of a Slack user group.'),
  id: slackUserGroup.describe('Id of the user group. With several workspaces: "T012AB3CD/S012AB3CD".'),
  fallback,
})

const discordRole = z.strictObject({
  kind: z.literal('discord role').describe('People who have a role in a Discord server.'),
  server: snowflake.describe('Id of the server, in quotes.'),
  id: snowflake.describe('Id of the role, in quotes.'),
  fallback,
})

const pagerduty = z.strictObject({
  kind: z.literal('pagerduty').describe('Who is on call in a PagerDuty schedule; PAGERDUTY_TOKEN in .env.'),
  schedule: text('Write the id of the schedule, such as PABC123.', 40)
    .regex(/^[A-Z0-9]+$/, { error: 'Write the id of the schedule, such as PABC123.' })
    .describe('Id of the schedule.'),
  fallback,
})

const calendar = z.strictObject({
  kind: z.literal('calendar').describe('Who is named by the event of now in an iCalendar file.'),
  location: urlOrPath.describe('Address or path of the iCalendar file.'),
  fallback,
})

export const group = z.discriminatedUnion('kind', [rota, slackGroup, discordRole, pagerduty, calendar], {
  error: 'Write rota, slack user group, discord role, pagerduty or calendar.',
})

export const groups = byName(group)

export type GroupConfig = z.infer<typeof group>
export type RotaConfig = z.infer<typeof rota>
