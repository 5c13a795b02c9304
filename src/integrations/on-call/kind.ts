/** Two kinds that say who is on call: PagerDuty, and a calendar that anybody can keep. */

import { z } from 'zod'
import { optional, text, timeZone, urlOrPath } from '../../config/fields.ts'
import { fallback } from '../../config/group-settings.ts'
import { kind } from '../../config/kind.ts'
import { timeZoneOfGroup } from '../../config/resolve.ts'
import { apiAddress, formed } from '../../core/variables.ts'
import { createCalendar } from './calendar.ts'
import { createPagerDuty } from './pagerduty.ts'

export const pagerduty = kind({
  name: 'pagerduty',
  page: 'configuration.md#groups',
  variables: {
    about: 'PagerDuty, for groups of that kind: a read-only API key.',
    named: {
      PAGERDUTY_TOKEN: {
        meaning: 'groups of kind `pagerduty`: a read-only API key',
        example: '...',
        secret: true,
        required: true,
        mistake: formed(/^.{8,}$/s, 'Write a read-only API key of PagerDuty.'),
      },
      PAGERDUTY_API_URL: apiAddress('https://api.pagerduty.com'),
    },
  },
  roles: {
    onCall: {
      summary: 'Who is on call in a PagerDuty schedule; PAGERDUTY_TOKEN in .env.',
      settings: z.strictObject({
        schedule: text('Write the id of the schedule, such as PABC123.', 40)
          .regex(/^[A-Z0-9]+$/, { error: 'Write the id of the schedule, such as PABC123.' })
          .describe('Id of the schedule.'),
        fallback,
      }),
      create({ schedule }, { values, clock }) {
        const { PAGERDUTY_TOKEN: token, PAGERDUTY_API_URL: apiUrl = null } = values
        if (token !== undefined) return createPagerDuty({ schedule, token, apiUrl, clock })
        return { describe: 'PagerDuty', names: () => Promise.reject(new Error('PAGERDUTY_TOKEN is not set.')) }
      },
    },
  },
})

export const calendar = kind({
  name: 'calendar',
  page: 'configuration.md#groups',
  roles: {
    onCall: {
      summary: 'Who is named by the present event in an iCalendar file.',
      settings: z.strictObject({
        location: urlOrPath.describe('Address or path of the iCalendar file.'),
        timeZone: optional(timeZone).describe(
          'IANA zone of dates, and of times without a zone, where the calendar names none. Default: that of its teams.',
        ),
        fallback,
      }),
      create: ({ location, timeZone: own }, { name, config, clock }) =>
        createCalendar({ location, timeZone: own ?? timeZoneOfGroup(config, name), clock }),
    },
  },
})
