import { z } from 'zod'
import type { PeopleSource } from '../../core/ports.ts'
import { request } from '../http/request.ts'
import { inputLimits } from '../input-limits.ts'
import { parseJson } from '../json-text.ts'

export interface PagerDutyOptions {
  /** Id of the schedule, e.g. `PABC123`. */
  readonly schedule: string
  readonly token: string
  /** `null`: PagerDuty's own address. */
  readonly apiUrl: string | null
  readonly clock: () => Date
}

const answer = z.object({ users: z.array(z.object({ email: z.string().optional(), name: z.string().optional() })) })
const CALL_SECONDS = 15

/**
 * Returns e-mail addresses, or names where there is none, of the people who are on call now. PagerDuty REST API v2, "List users on call" (GET
 * /schedules/{id}/users with since and until).
 */
export function createPagerDuty({ schedule, token, apiUrl, clock }: PagerDutyOptions): PeopleSource {
  const base = apiUrl ?? 'https://api.pagerduty.com'
  return {
    describe: `PagerDuty schedule ${schedule}`,
    async names(signal) {
      const since = clock()
      const until = new Date(since.getTime() + 1_000)
      const url = new URL(`${base.replace(/\/$/, '')}/schedules/${encodeURIComponent(schedule)}/users`)
      url.searchParams.set('since', since.toISOString())
      url.searchParams.set('until', until.toISOString())
      const headers = { accept: 'application/vnd.pagerduty+json;version=2', authorization: `Token token=${token}` }
      const asked = await request(
        { url, headers, timeoutSeconds: CALL_SECONDS, maxBytes: inputLimits.onCallBytes },
        signal,
      )
      if (asked.kind === 'none') {
        const why = asked.timedOut ? `no answer in full within ${CALL_SECONDS} s` : asked.problem
        throw new Error(`PagerDuty does not answer: ${why}.`)
      }
      const { response, body } = asked
      if (response.status === 401) throw new Error('PagerDuty does not take PAGERDUTY_TOKEN: make a read-only API key.')
      if (response.status === 404) throw new Error(`PagerDuty has no schedule ${schedule}.`)
      if (!response.ok) throw new Error(`PagerDuty answers ${response.status} for the schedule ${schedule}.`)
      const read = answer.safeParse(jsonOf(body))
      if (!read.success) throw new Error('PagerDuty answers something that is not a list of users.')
      return read.data.users.flatMap(({ email, name }) => email ?? name ?? [])
    },
  }
}

/** Returns `null` when the body is too long or is not JSON. */
function jsonOf(body: Buffer | null): unknown {
  try {
    return body === null ? null : parseJson(body.toString('utf8'), 'The answer of PagerDuty')
  } catch {
    return null
  }
}
