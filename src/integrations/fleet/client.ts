/** Calls of Fleet's REST API. All of them read only. */

import type { z } from 'zod'
import { schemaProblem } from '../feeds/schema-problem.ts'
import { ApiProblem, createJsonApi, type JsonApi, type JsonCall } from '../http/json-api.ts'
import type { RetryPauses } from '../http/retry.ts'
import { inputLimits } from '../input-limits.ts'
import { type FleetHost, hostCount, hostIn, hostList, liveAnswer, oneHost, version } from './schema.ts'

export interface FleetOptions {
  /** Address of the server, such as `https://fleet.example.net`. */
  readonly url: string
  /** `null`: it is not set, and every call fails. */
  readonly token: string | null
  /** The variable that holds the token, for people. */
  readonly variable: string
  readonly clock: () => Date
  readonly fetch?: typeof fetch
  readonly pauses?: RetryPauses
}

export interface Fleet {
  /** For people. */
  readonly name: string
  version(signal: AbortSignal): Promise<{ readonly version: string; readonly saidAt: string | null }>
  count(signal: AbortSignal): Promise<number>
  /** A page of hosts in the order of their ids. `unread`: rows that cannot be read. */
  page(asked: PageAsked, signal: AbortSignal): Promise<HostPage>
  /** A host with its software; `null`: Fleet has no such host any more. */
  host(id: number, signal: AbortSignal): Promise<FleetHost | null>
  /** Asks a host now, over osquery. Waits until it has answered, or Fleet gives up. */
  live(id: number, sql: string, seconds: number, signal: AbortSignal): Promise<LiveAnswer>
}

export interface PageAsked {
  /** From 0. */
  readonly page: number
  readonly rows: number
  readonly software: boolean
}

export interface HostPage {
  readonly hosts: readonly FleetHost[]
  readonly unread: number
  readonly bytes: number
}

export type LiveAnswer = z.output<typeof liveAnswer>

const BASE = '/api/v1/fleet'
const SECONDS = 60

export function createFleet({ url, token, variable, clock, fetch, pauses }: FleetOptions): Fleet {
  const name = `Fleet at ${url}`
  const api = createJsonApi({
    ...{ name, base: `${url.replace(/\/+$/, '')}${BASE}`, clock },
    ...{ timeoutSeconds: SECONDS, maxBytes: inputLimits.hostOutputBytes },
    async login() {
      if (token === null)
        throw new ApiProblem(`${variable} is not set: put the token of a user of Fleet into the environment.`, 0)
      return { authorization: `Bearer ${token}` }
    },
    mend(status) {
      if (status === 401) return `it does not take ${variable}: make a user for the API in Fleet, and use its token.`
      if (status === 403) return `the owner of ${variable} may not do that: docs/integrations/fleet.md has the rights.`
      if (status === 402) return 'this needs a licence of Fleet Premium.'
      return null
    },
    ...(fetch === undefined ? {} : { fetch }),
    ...(pauses === undefined ? {} : { pauses }),
  })
  const ask = <T extends z.ZodType>(call: JsonCall, shape: T, signal: AbortSignal) => read(api, call, shape, signal)

  return {
    name,
    async version(signal) {
      const { value, saidAt } = await ask({ path: '/version' }, version, signal)
      return { version: value.version, saidAt }
    },
    count: async (signal) => (await ask({ path: '/hosts/count' }, hostCount, signal)).value.count,
    async page({ page, rows, software }, signal) {
      const query = {
        ...{ page: String(page), per_page: String(rows), order_key: 'id', order_direction: 'asc' },
        // Before Fleet 4.60 any value means yes; afterwards this one leaves out the flaws, which make it ten times longer.
        ...(software ? { populate_software: 'without_vulnerability_details' } : {}),
      }
      const { value, bytes } = await ask({ path: '/hosts', query }, hostList, signal)
      const hosts = (value.hosts ?? []).flatMap((one) => hostIn(one) ?? [])
      return { hosts, unread: (value.hosts ?? []).length - hosts.length, bytes }
    },
    async host(id, signal) {
      try {
        return (await ask({ path: `/hosts/${id}` }, oneHost, signal)).value.host
      } catch (error) {
        if (error instanceof ApiProblem && error.status === 404) return null
        throw error
      }
    },
    async live(id, sql, seconds, signal) {
      const call = {
        method: 'POST' as const,
        path: `/hosts/${id}/query`,
        json: { query: sql },
        timeoutSeconds: seconds,
      }
      return (await ask(call, liveAnswer, signal)).value
    },
  }
}

async function read<T extends z.ZodType>(api: JsonApi, call: JsonCall, shape: T, signal: AbortSignal) {
  const { body, saidAt, bytes, status } = await api.ask(call, signal)
  const parsed = shape.safeParse(body)
  if (parsed.success) return { value: parsed.data, saidAt, bytes }
  throw new ApiProblem(`${api.name} answers ${call.path} with something else: ${schemaProblem(parsed.error)}.`, status)
}
