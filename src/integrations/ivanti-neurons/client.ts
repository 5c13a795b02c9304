/** Calls of the Patch Management API of Ivanti Neurons. It is made for reports, and all calls here read only. */

import { setTimeout as sleep } from 'node:timers/promises'
import { z } from 'zod'
import { ApiProblem, createJsonApi, type JsonApi } from '../http/json-api.ts'
import type { RetryPauses } from '../http/retry.ts'
import { inputLimits } from '../input-limits.ts'
import { deployment, deviceIn, type NeuronsDevice, page as pageSchema, token as tokenSchema } from './schema.ts'

export interface NeuronsOptions {
  /** The host of the tenant's landscape, such as `https://nvuprd-sfc.ivanticloud.com`. */
  readonly url: string
  readonly tenant: string
  readonly client: string
  /** `null`: it is not set, and every call fails. */
  readonly secret: string | null
  /** The variable that holds the secret, for people. */
  readonly variable: string
  /** Where the API is on the host. */
  readonly prefix: string
  /** Tokens are asked for at `/TENANT/connect/token`, or, as in older descriptions, at `PREFIX/authentication`. */
  readonly login: 'connect' | 'authentication'
  readonly clock: () => Date
  readonly fetch?: typeof fetch
  readonly pauses?: RetryPauses
  /** Waits, in milliseconds. Replaced in tests. */
  readonly wait?: (ms: number, signal: AbortSignal) => Promise<void>
}

export interface DevicePage {
  readonly devices: readonly NeuronsDevice[]
  /** Rows that cannot be read. */
  readonly unread: number
  /** `null`: it does not say. */
  readonly pages: number | null
  readonly total: number | null
  readonly saidAt: string | null
}

export interface Neurons {
  readonly name: string
  /** `page`: from 1. `filter`: in the words of the API; left out: all devices. */
  devices(page: number, filter: string | null, signal: AbortSignal): Promise<DevicePage>
  /** The words for the ends of the last deployments. */
  deploymentWords(signal: AbortSignal): Promise<readonly string[]>
}

export const PAGE_SIZE = 150
const SECONDS = 60
/** The API allows 150 calls a minute, of all who use the tenant. */
const CALLS_A_MINUTE = 100
const MINUTE_MS = 60_000
/** So long before its end a token is not used any more. */
const TOKEN_MARGIN_MS = 60_000

export function createNeurons(options: NeuronsOptions): Neurons {
  const { url, prefix, clock } = options
  const name = `Ivanti Neurons at ${url}`
  const base = url.replace(/\/+$/, '')
  const common = { name, clock, timeoutSeconds: SECONDS, maxBytes: inputLimits.hostOutputBytes, mend: mendOf(options) }
  const own = {
    ...(options.fetch === undefined ? {} : { fetch: options.fetch }),
    ...(options.pauses === undefined ? {} : { pauses: options.pauses }),
  }
  const open = createJsonApi({ ...common, ...own, base, login: async () => ({}) })
  const login = createLogin(open, options)
  const api = createJsonApi({ ...common, ...own, base: `${base}${prefix}`, login, loginEnds: true })
  const pace = createPace(clock, options.wait ?? ((ms, signal) => sleep(ms, undefined, { signal })))

  async function rows(path: string, query: Readonly<Record<string, string>>, signal: AbortSignal) {
    await pace(signal)
    const { body, saidAt, status } = await api.ask({ path, query }, signal)
    const parsed = pageSchema.safeParse(body)
    if (!parsed.success) throw new ApiProblem(`${name} answers ${path} with something that is no page of rows.`, status)
    return { ...parsed.data, data: parsed.data.data ?? [], saidAt }
  }

  return {
    name,
    async devices(page, filter, signal) {
      const query = {
        ...{ PageNumber: String(page), PageSize: String(PAGE_SIZE) },
        ...(filter === null ? {} : { Filter: filter }),
      }
      const { data, pageCount, totalRecords, saidAt } = await rows('/endpoint-vulnerability', query, signal)
      const devices = data.flatMap((row) => deviceIn(row) ?? [])
      const unread = data.length - devices.length
      return { devices, unread, pages: pageCount ?? null, total: totalRecords ?? null, saidAt }
    },
    async deploymentWords(signal) {
      const { data } = await rows('/deployment-history', { PageNumber: '1', PageSize: String(PAGE_SIZE) }, signal)
      return data.flatMap((row) => {
        const parsed = deployment.safeParse(row)
        return parsed.success ? [parsed.data.deploymentStatus] : []
      })
    },
  }
}

function mendOf({ variable }: NeuronsOptions) {
  return (status: number): string | null => {
    if (status === 400 || status === 401)
      return `it does not take the client, the tenant or ${variable}: docs/integrations/ivanti-neurons.md says where they stand.`
    if (status === 403) return 'the registration may not read this, or Patch Management is not licensed.'
    if (status === 404) return 'there is nothing: look at url and prefix.'
    return null
  }
}

/** A token is asked for when there is none, when its time is over, and once more when it was refused. */
function createLogin(api: JsonApi, options: NeuronsOptions) {
  const { tenant, client, secret, variable, prefix, login, clock } = options
  let kept: { readonly token: string; readonly until: number } | null = null

  async function asked(given: string, signal: AbortSignal) {
    const { body, status } =
      login === 'connect'
        ? await api.ask(
            {
              method: 'POST',
              path: `/${encodeURIComponent(tenant)}/connect/token`,
              form: { grant_type: 'client_credentials', client_id: client, client_secret: given },
            },
            signal,
          )
        : await api.ask(
            {
              path: `${prefix}/authentication`,
              headers: { 'X-ClientId': client, 'X-ClientSecret': given, 'X-TenantId': tenant },
            },
            signal,
          )
    const parsed = z
      .union([
        tokenSchema,
        z
          .string()
          .min(1)
          .transform((token) => ({ access_token: token, expires_in: 0 })),
      ])
      .safeParse(body)
    if (parsed.success) return parsed.data
    throw new ApiProblem(`${api.name} gives no token: look at client, tenant and ${variable}.`, status)
  }

  return async (again: boolean, signal: AbortSignal) => {
    if (secret === null) throw new ApiProblem(`${variable} is not set: put the client secret into the environment.`, 0)
    if (kept === null || again || clock().getTime() >= kept.until) {
      const { access_token: token, expires_in: seconds } = await asked(secret, signal)
      kept = { token, until: clock().getTime() + Math.max(seconds * 1_000 - TOKEN_MARGIN_MS, TOKEN_MARGIN_MS) }
    }
    return { authorization: `Bearer ${kept.token}` }
  }
}

/** Lets so many calls through in any minute, and the next one when its minute begins. */
function createPace(clock: () => Date, wait: (ms: number, signal: AbortSignal) => Promise<void>) {
  const calls: number[] = []
  return async (signal: AbortSignal): Promise<void> => {
    const [oldest] = calls.length < CALLS_A_MINUTE ? [] : calls.splice(0, 1)
    const ms = oldest === undefined ? 0 : oldest + MINUTE_MS - clock().getTime()
    if (ms > 0) await wait(ms, signal)
    calls.push(clock().getTime())
  }
}
