import { z } from 'zod'
import { priorities } from '../core/priority/priority.ts'
import { byName, moment, optional, reference, text, timeZone, yesOrNo } from './fields.ts'
import { healthCheck } from './health-schema.ts'
import { slackChannel, slackMember, slackWorkspace } from './slack-ids.ts'

const membersMend = 'Write a list of people, such as [mara, tom].'

export const person = z.strictObject({
  name: text('Write the name of a person, such as "Mara Keller".', 100).describe('The name shown on cards.'),
  email: optional(
    text('Write an e-mail address.', 254).regex(/^[^\s@]+@[^\s@]+$/, { error: 'Write an e-mail address.' }),
  ).describe('E-mail address. Recognises nobody, except where identity.email says so.'),
  slack: optional(slackMember).describe(
    'Slack member id: who clicks there is this person. With several workspaces: "T012AB3CD/U012AB3CD".',
  ),
  discord: optional(
    z
      .string({
        error: 'Write the Discord user id in quotes, such as "80351110224678912": a bare number loses digits.',
      })
      .regex(/^\d{15,20}$/, { error: 'Write the Discord user id in quotes, such as "80351110224678912".' }),
  ).describe('Discord user id, in quotes: who clicks there is this person.'),
  timeZone: optional(timeZone).describe('IANA zone in which times are shown to this person.'),
})

export const absence = z.strictObject({
  person: reference('a person').describe('Who is away.'),
  from: moment.describe('When the absence begins.'),
  until: moment.describe('When it ends; a date ends with its last minute.'),
  deputy: optional(reference('a person')).describe(
    'Who takes their place meanwhile, in the teams in which the deputy has a role. Default: nobody.',
  ),
})

/** Ids of the people who hold each role; `group:name` means everybody in a group. */
export const roleHolders = byName(z.array(reference('a person'), { error: membersMend }))

export const identity = z.strictObject({
  email: z
    .array(z.enum(['slack'], { error: 'Write slack: no other platform says whose address is verified.' }), {
      error: 'Write a list, such as [slack].',
    })
    .default([])
    .describe('Platforms whose verified e-mail address recognises a person who is not known by id.'),
  slackWorkspaces: z
    .array(slackWorkspace, { error: 'Write a list, such as [T012AB3CD].' })
    .max(100, { error: 'Use at most 100 workspaces.' })
    .refine((named) => new Set(named).size === named.length, {
      error: 'Name each workspace once.',
      params: { what: 'names a workspace twice' },
    })
    .default([])
    .describe(
      'Ids of the Slack workspaces whose members are trusted. With a bot token: the one of the token, which need not be named.',
    ),
})

const digestTimeMend = 'Write a time of day in quotes, such as "09:00".'
const digest = z.strictObject({
  priorities: z
    .array(z.enum(priorities, { error: `Write ${priorities.slice(0, -1).join(', ')} or ${priorities.at(-1)}.` }), {
      error: 'Write a list, such as [defer, scheduled].',
    })
    .min(1, { error: 'Write at least one priority, such as [defer].' })
    .default(['defer'])
    .describe('Priorities that wait for the digest.'),
  at: z
    .string({ error: digestTimeMend })
    .regex(/^([01]\d|2[0-3]):[0-5]\d$/, { error: digestTimeMend })
    .default('09:00')
    .describe('Local time at which it is posted.'),
  timeZone: optional(timeZone).describe('IANA zone of that time. Default: the zone of the team.'),
})

const assetWindow = z.union([
  z.strictObject({
    tag: text('Write a tag, such as db.', 64).describe('Assets that carry this tag.'),
    window: reference('a window').describe('When they may be touched: a name from windows.'),
  }),
  z.strictObject({
    asset: text('Write the name of a server, such as web01.', 200).describe('The asset of this name or id.'),
    window: reference('a window').describe('When it may be touched: a name from windows.'),
  }),
])

const lane = z.strictObject({
  engine: reference('an engine').describe('The engine that waits: a name from engines.'),
  after: reference('an engine').describe('The engine whose servers come first: a name from engines.'),
})

export const team = z.strictObject({
  name: text('Write the name of a team, such as "Web platform".', 100).describe('The name shown to people.'),
  channel: reference('a channel').describe('Where its proposals are posted: a name from channels.'),
  roles: roleHolders.describe('Who holds which role in this team, beside the roles of the whole organisation.'),
  policy: optional(reference('a policy')).describe(
    'Who must approve: a name from policies. A team without policy, window and rollout is only watched.',
  ),
  window: optional(reference('a window')).describe('When its assets may be touched: a name from windows.'),
  windows: z
    .array(assetWindow, { error: 'Write a list, such as [ { tag: db, window: late } ].' })
    .max(200, { error: 'Use at most 200.' })
    .default([])
    .describe('Windows of assets that have one of their own: the first that fits counts.'),
  rollout: optional(reference('a rollout')).describe('In which rings: a name from rollouts.'),
  lanes: z
    .array(lane, { error: 'Write a list, such as [ { engine: wsus, after: ssh } ].' })
    .max(20, { error: 'Use at most 20.' })
    .default([])
    .describe('Engines whose servers wait until those of another engine are done. The others go on beside each other.'),
  timeZone: optional(timeZone).describe('IANA zone of its windows and assets. Default: timeZone of the whole file.'),
  digest: optional(digest).describe('Low priorities are told once a day instead of with a card each.'),
  health: z
    .array(healthCheck, { error: 'Write a list of checks, such as [ { tcp: 22 } ].' })
    .max(20, { error: 'Use at most 20 checks.' })
    .default([])
    .describe('Checks that each asset must pass after it was patched.'),
})

export const channel = z.strictObject({
  title: optional(text('Write a title, such as "Web platform".', 100)).describe('Title. Default: the name.'),
  console: yesOrNo.default(true).describe('Show it in the web console.'),
  slack: optional(slackChannel).describe(
    'Slack channel id: its proposals are posted there, too. With several workspaces: "T012AB3CD/C012AB3CD".',
  ),
  discord: optional(
    z
      .string({
        error: 'Write the Discord channel id in quotes, such as "81384788765712384": a bare number loses digits.',
      })
      .regex(/^\d{15,20}$/, { error: 'Write the Discord channel id in quotes, such as "81384788765712384".' }),
  ).describe('Discord channel id, in quotes: its proposals are posted there, too.'),
})

export type PersonConfig = z.infer<typeof person>
export type AbsenceConfig = z.infer<typeof absence>
export type TeamConfig = z.infer<typeof team>
export type ChannelConfig = z.infer<typeof channel>
