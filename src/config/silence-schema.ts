/** What keeps the monitoring from paging about assets that are being worked on. */

import { z } from 'zod'
import { command, duration, text, webAddress } from './fields.ts'

const matcherMend = 'Write a label, an operator and a value, such as "instance=~{address}(:.*)?".'

const MATCHER = /^([A-Za-z_][A-Za-z0-9_]*)\s*(=~|!~|!=|=)\s*(.+)$/s

const matcher = text(matcherMend, 500)
  .regex(MATCHER, { error: matcherMend })
  .superRefine((written, context) => {
    const unknown = /\{(?!name\}|address\})[A-Za-z]+\}/.exec(written)?.[0]
    if (unknown === undefined) return
    const params = { what: `holds ${unknown}, which means nothing here` }
    context.addIssue({ code: 'custom', message: 'Known: {name}, {address}.', params })
  })
  .transform((written) => {
    const [, label = '', operator = '', value = ''] = MATCHER.exec(written) ?? []
    return { label, isRegex: operator.endsWith('~'), isEqual: !operator.startsWith('!'), value }
  })

const alertmanager = z.strictObject({
  kind: z.literal('alertmanager').describe('Alertmanager, or what speaks its API v2.'),
  url: webAddress
    .refine((url) => !URL.canParse(url) || new URL(url).username === '', {
      error: 'Write it without user and password: ALERTMANAGER_USER and ALERTMANAGER_PASSWORD say them.',
      params: { what: 'holds a user name' },
    })
    .describe('Where it answers. ALERTMANAGER_TOKEN, or ALERTMANAGER_USER and ALERTMANAGER_PASSWORD, open it.'),
  matchers: z
    .array(matcher, { error: 'Write a list, such as ["instance=~{address}(:.*)?"].' })
    .min(1, { error: 'Write at least one matcher, such as "instance=~{address}(:.*)?".' })
    .max(20, { error: 'Use at most 20 matchers.' })
    .describe('Which alerts are silenced; {address} and {name} stand for those of the asset.'),
})

const values = ['name', 'address', 'key', 'until', 'reason'] as const

const ownCommand = z.strictObject({
  kind: z.literal('command').describe('Programs of your own.'),
  hold: command(values).describe(
    'Begins or renews the silence of one asset until {until}; also filled in: {name}, {address}, {key}, {reason}.',
  ),
  release: command(values.filter((value) => value !== 'until' && value !== 'reason')).describe(
    'Ends the silence of one asset; {name}, {address} and {key} are filled in.',
  ),
  timeout: duration({ unit: 's', minimum: 1, maximum: 60 }).prefault('10 s').describe('How long each may take.'),
})

export const silence = z.discriminatedUnion('kind', [alertmanager, ownCommand], {
  error: 'Write alertmanager or command.',
})

export type SilenceConfig = z.infer<typeof silence>
