/** Asks the AdminService of Configuration Manager, reading only: one request at a time, page after page. */

import { ApiProblem, createJsonApi } from '../http/json-api.ts'
import type { RetryPauses } from '../http/retry.ts'
import { isRow } from './rows.ts'

export interface ClientOptions {
  /** `https://cm01.corp.example`: the server of the SMS provider. */
  readonly url: string
  /** Runs one request while no other process sends one. */
  readonly alone: <T>(signal: AbortSignal, work: (signal: AbortSignal) => Promise<T>) => Promise<T>
  readonly timeoutSeconds: number
  readonly clock: () => Date
  /** It signs us in. */
  readonly fetch: typeof fetch
  readonly pauses?: RetryPauses
}

export interface Query {
  readonly filter?: string
  readonly select?: readonly string[]
}

export interface Client {
  /** For people: a host name. */
  readonly server: string
  /** All rows of a class. Throws an ApiProblem. */
  rows(className: string, query: Query, signal: AbortSignal): Promise<readonly unknown[]>
  /**
   * One object with all its fields, also those that lists leave out; `null`: it is not there, or the login may not see it.
   * `key`: as it stands between the brackets.
   */
  one(className: string, key: string, signal: AbortSignal): Promise<unknown>
  /** When the server says that it answered last, ISO 8601; `null`: it does not say. */
  clockThere(): string | null
}

/** Bytes of one answer: a page of 1,000 rows with all fields has under 10 MB. */
const MOST_BYTES = 50_000_000
/** Of one list: 10 million rows at 1,000 a page. */
const MOST_PAGES = 10_000

export function createClient({ url, alone, fetch, ...options }: ClientOptions): Client {
  const { host } = new URL(url)
  let saidAt: string | null = null
  const api = createJsonApi({
    ...options,
    name: host,
    base: url.replace(/\/+$/, ''),
    login: async () => ({}),
    mend,
    maxBytes: MOST_BYTES,
    fetch,
  })

  async function ask(path: string, signal: AbortSignal): Promise<unknown> {
    try {
      const answer = await alone(signal, (mine) => api.ask({ path }, mine))
      saidAt = answer.saidAt ?? saidAt
      return answer.body
    } catch (error) {
      if (!(error instanceof ApiProblem)) throw error
      // A filter may be long, and says nothing to people.
      throw new ApiProblem(error.message.replace(path, path.replace(/\?.*$/s, '')), error.status)
    }
  }

  return {
    server: host,
    clockThere: () => saidAt,
    async rows(className, { filter, select }, signal) {
      const options = [
        ...(filter === undefined ? [] : [`$filter=${encodeURIComponent(filter)}`]),
        ...(select === undefined ? [] : [`$select=${select.join(',')}`]),
      ]
      const found: unknown[] = []
      const seen = new Set<string>()
      let path: string | null = `/AdminService/wmi/${className}${options.length === 0 ? '' : `?${options.join('&')}`}`
      while (path !== null) {
        if (seen.has(path) || seen.size === MOST_PAGES)
          throw new ApiProblem(`${host} gives the pages of ${className} in a circle, so its list cannot be read.`, 200)
        seen.add(path)
        const body = await ask(path, signal)
        if (!isRow(body) || !Array.isArray(body.value))
          throw new ApiProblem(`${host} answers ${className} without a list.`, 200)
        // A page of a hundred thousand rows is no argument list.
        for (const row of body.value) found.push(row)
        path = nextPath(body['@odata.nextLink'], host)
      }
      return found
    },
    async one(className, key, signal) {
      try {
        const body = await ask(`/AdminService/wmi/${className}(${encodeURIComponent(key)})`, signal)
        // One object comes by itself, or as a list of one.
        return isRow(body) && Array.isArray(body.value) ? (body.value[0] ?? null) : (body ?? null)
      } catch (error) {
        if (error instanceof ApiProblem && error.status === 404) return null
        throw error
      }
    },
  }
}

/** The next page is asked of the same server, whatever name it gives itself: the sign-in is for this one. */
function nextPath(link: unknown, host: string): string | null {
  if (typeof link !== 'string' || link === '') return null
  const [, path] = /^(?:https?:\/\/[^/]+)?(\/AdminService\/wmi\/.+)$/i.exec(link) ?? []
  if (path === undefined) throw new ApiProblem(`${host} gives an address of its next page that cannot be read.`, 200)
  return path
}

/** What to do about an answer with this status. */
function mend(status: number): string | null {
  if (status === 401) return 'it does not take the sign-in.'
  if (status === 403) return NO_RIGHTS
  // It says "access denied" with 404, too.
  if (status === 404) return `it does not have it, or does not show it to this login (it answers both so): ${NO_RIGHTS}`
  if (status === 400) return 'it does not understand the question: is its version older than 2107?'
  return null
}

const NO_RIGHTS =
  'the login must be an administrative user of Configuration Manager, at least Read-only Analyst, with the scopes of these machines.'

/** `'P0100044'`, as a key or in a filter. */
export function quoted(value: string): string {
  return `'${value.replaceAll("'", "''")}'`
}

/** A filter that takes one of these values. */
export function oneOf(field: string, values: readonly (string | number)[]): string {
  const tests = values.map((value) => `${field} eq ${typeof value === 'number' ? value : quoted(value)}`)
  return tests.length === 1 ? (tests[0] ?? '') : `(${tests.join(' or ')})`
}
