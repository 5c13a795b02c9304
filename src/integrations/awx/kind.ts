import { z } from 'zod'
import { upgradeTimes } from '../../config/engine-settings.ts'
import { duration, hasLogin, optional, text } from '../../config/fields.ts'
import { kind } from '../../config/kind.ts'
import { present } from '../../config/present.ts'
import { HOUR_SECONDS } from '../../core/time/instant.ts'
import { formed } from '../../core/variables.ts'
import { createAwxEngine } from './index.ts'

const MINUTE = 60
const urlMend =
  'Write the address of AWX, such as https://awx.example.net; a token goes over http only to this machine.'

export const awx = kind({
  name: 'awx',
  page: 'integrations/awx.md',
  variables: {
    about: 'AWX, for engines of kind awx: a token with the scope write.',
    named: {
      AWX_TOKEN: {
        meaning: 'engines of kind `awx`: a token with the scope write',
        example: '...',
        secret: true,
        required: true,
        mistake: formed(/^.{8,}$/s, 'Write a token of AWX with the scope write.'),
      },
    },
  },
  roles: {
    engine: {
      summary: 'Launches a job template of AWX or Automation Controller. Needs AWX_TOKEN.',
      settings: z.strictObject({
        url: z
          .string({ error: urlMend })
          .refine((url) => /^(https:\/\/|http:\/\/(localhost|127\.0\.0\.1)[:/]?)/.test(url) && URL.canParse(url), {
            error: urlMend,
          })
          .refine((url) => !hasLogin(url), {
            error: 'Write it without user and password: AWX_TOKEN opens it.',
            params: { what: 'holds a user name or a password' },
          })
          .describe(
            'Its address. Without a path /api/v2 is added; a path, such as /api/controller/v2 behind a gateway, is used as it stands.',
          ),
        template: text('Write the name of the job template.').describe('Name of the job template.'),
        inventory: optional(text('Write the name of an inventory in AWX.')).describe(
          "Name of the inventory. Default: the template's own.",
        ),
        lockTimeout: upgradeTimes.lockTimeout,
        previewTimeout: duration({ unit: 'min', minimum: MINUTE, maximum: 4 * HOUR_SECONDS })
          .prefault('10 min')
          .describe('How long a preview may take, in the queue of AWX too.'),
      }),
      create: ({ url, template, inventory, lockTimeout, previewTimeout }, { name, values, clock }) =>
        createAwxEngine({
          name,
          url,
          token: values.AWX_TOKEN ?? null,
          template,
          lockWaitSeconds: lockTimeout,
          previewSeconds: previewTimeout,
          ...present({ inventory }),
          clock,
        }),
    },
  },
})
