/** Two kinds: Alertmanager, and the operator's own programs for any other monitoring. */

import { z } from 'zod'
import { addressWithoutLogin, command as commandOf, duration, text } from '../../config/fields.ts'
import { kind } from '../../config/kind.ts'
import { formed, type Values } from '../../core/variables.ts'
import { createAlertmanagerSilence, createCommandSilence } from './index.ts'
import { matcherValue } from './matcher.ts'

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
  .transform((written, context) => {
    const [, label = '', operator = '', text = ''] = MATCHER.exec(written) ?? []
    const value = matcherValue(text.trim())
    if (value === null) {
      const params = { what: 'has a quotation mark that is not closed, or in the middle' }
      context.addIssue({ code: 'custom', message: 'Put the whole value in quotation marks, or none.', params })
      return z.NEVER
    }
    return { label, isRegex: operator.endsWith('~'), isEqual: !operator.startsWith('!'), value }
  })

/** A matcher must name the asset. Otherwise one patch would silence all alerts. */
const isAboutAsset = (text: string) => /\{(address|name)\}/.test(text)

export const alertmanager = kind({
  name: 'alertmanager',
  page: 'silences.md',
  variables: {
    about:
      'Alertmanager, for silences of that kind: a bearer token, or user and password. Left out, it is asked without.',
    named: {
      ALERTMANAGER_TOKEN: {
        meaning: 'silences of kind `alertmanager`: a bearer token. Default: none',
        example: '...',
        secret: true,
        mistake: formed(/^\S+$/, 'Write a bearer token, without spaces.'),
      },
      ALERTMANAGER_USER: {
        meaning: 'instead of the token, with `ALERTMANAGER_PASSWORD`: basic authentication',
        example: 'patchwarden',
        mistake: formed(/^[^:]+$/, 'Write the user name for Alertmanager, without a colon.'),
      },
      ALERTMANAGER_PASSWORD: { meaning: 'the password of `ALERTMANAGER_USER`', example: '...', secret: true },
    },
    check({ ALERTMANAGER_TOKEN: token, ALERTMANAGER_USER: user, ALERTMANAGER_PASSWORD: password }) {
      if (user === undefined || (token === undefined && password !== undefined)) return null
      const what = token === undefined ? 'is set, but no ALERTMANAGER_PASSWORD' : 'is set, and ALERTMANAGER_TOKEN too'
      return { variable: 'ALERTMANAGER_USER', what, mend: 'Write user and password, or the token alone.' }
    },
  },
  roles: {
    silence: {
      summary: 'Alertmanager, or what speaks its API v2.',
      settings: z.strictObject({
        url: addressWithoutLogin('ALERTMANAGER_USER and ALERTMANAGER_PASSWORD say them.').describe(
          'Where it answers. ALERTMANAGER_TOKEN, or ALERTMANAGER_USER and ALERTMANAGER_PASSWORD, open it.',
        ),
        matchers: z
          .array(matcher, { error: 'Write a list, such as ["instance=~{address}(:.*)?"].' })
          .min(1, { error: 'Write at least one matcher, such as "instance=~{address}(:.*)?".' })
          .max(20, { error: 'Use at most 20 matchers.' })
          .describe('Which alerts are silenced; {address} and {name} stand for those of the asset.'),
      }),
      check({ matchers }, _, notes) {
        if (matchers.some(({ isEqual, value }) => isEqual && isAboutAsset(value))) return
        const mend = 'Write one that holds {address} or {name}, such as "instance=~{address}(:.*)?".'
        notes.problem(['matchers'], 'name no server, so every server would be silenced at once', mend)
      },
      create: ({ url, matchers }, { name, values }) =>
        createAlertmanagerSilence({ name, url, matchers, access: accessOf(values) }),
    },
  },
})

function accessOf({ ALERTMANAGER_TOKEN: token, ALERTMANAGER_USER: user, ALERTMANAGER_PASSWORD: password }: Values) {
  if (token !== undefined) return { kind: 'bearer', token } as const
  return user === undefined || password === undefined ? null : ({ kind: 'basic', user, password } as const)
}

const values = ['name', 'address', 'key', 'until', 'reason'] as const

export const command = kind({
  name: 'command',
  page: 'silences.md',
  roles: {
    silence: {
      summary: 'Programs of your own.',
      settings: z.strictObject({
        hold: commandOf(values).describe(
          'Begins or renews the silence of one asset until {until}; also filled in: {name}, {address}, {key}, {reason}.',
        ),
        release: commandOf(values.filter((value) => value !== 'until' && value !== 'reason')).describe(
          'Ends the silence of one asset; {name}, {address} and {key} are filled in.',
        ),
        timeout: duration({ unit: 's', minimum: 1, maximum: 60 }).prefault('10 s').describe('How long each may take.'),
      }),
      check(silence, _, notes) {
        for (const key of ['hold', 'release'] as const) {
          if (silence[key].some(isAboutAsset)) continue
          notes.problem([key], 'is not told which server it is about', 'Add {name} or {address} to its arguments.')
        }
      },
      create: ({ hold, release, timeout }, { name }) =>
        createCommandSilence({ name, hold, release, timeoutSeconds: timeout }),
    },
  },
})
