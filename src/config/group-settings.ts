import { z } from 'zod'
import { DAY_SECONDS } from '../core/time/instant.ts'
import { date, duration, moment, optional, reference, timeZone } from './fields.ts'
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

export const rota = z.strictObject({
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

export const fallback = people.default([]).describe('Who holds it while the system cannot be asked.')

export const slackGroup = z.strictObject({
  kind: z.literal('slack user group').describe('Members of a Slack user group.'),
  id: slackUserGroup.describe('Id of the user group. With several workspaces: "T012AB3CD/S012AB3CD".'),
  fallback,
})

export const discordRole = z.strictObject({
  kind: z.literal('discord role').describe('People who have a role in a Discord server.'),
  server: snowflake.describe('Id of the server, in quotes.'),
  id: snowflake.describe('Id of the role, in quotes.'),
  fallback,
})

/** Kinds of groups that Patchwarden itself or its chat platforms provide. */
export const ownGroups = ['rota', 'slack user group', 'discord role'] as const

export type RotaConfig = z.infer<typeof rota>
export type SlackGroupConfig = z.infer<typeof slackGroup>
export type DiscordRoleConfig = z.infer<typeof discordRole>

/** A group from another system, read by an integration. Only its kind knows the other settings. */
export interface OnCallConfig {
  readonly kind: string
  readonly fallback: string[]
  readonly [setting: string]: unknown
}

export type GroupConfig = RotaConfig | SlackGroupConfig | DiscordRoleConfig | OnCallConfig

export function isRota(group: GroupConfig): group is RotaConfig {
  return group.kind === 'rota'
}

export function isSlackGroup(group: GroupConfig): group is SlackGroupConfig {
  return group.kind === 'slack user group'
}

export function isDiscordRole(group: GroupConfig): group is DiscordRoleConfig {
  return group.kind === 'discord role'
}
