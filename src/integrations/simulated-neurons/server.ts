/**
 * The Patch Management API of Ivanti Neurons in miniature, as far as it is asked: token, devices, history of deployments.
 * Nothing can be deployed by it.
 *
 * What it rests on, and how sure that is:
 * - verified in Ivanti's documentation: paths, both ways to a token, PageNumber from 1 and PageSize up to 150 (10 where none
 *   is asked for), the envelope of pages, 150 calls a minute with 429 above, `deploymentStatus` as a word where the filter
 *   of the same page has a number;
 * - read in a public client of the API, not in its documentation: the members of a device (discoveryId, machineName,
 *   domainName, osName, osVersion, ipAddress, lastScannedDate, missingPatches, deviceStatus with managedBy... and
 *   devicePatchSummaries, their patchStatus and kbNumber), and filters such as `missingPatches gt 0`;
 * - not known: words of patchStatus beside Missing, whether osVersion has all four numbers of Windows, whether
 *   lastScannedDate has a zone, the order of pages, the body of errors, what a token that is over is answered with.
 */

export interface NeuronsDeviceState {
  readonly discoveryId: string
  readonly machineName: string
  readonly domainName: string
  readonly ipAddress: string
  readonly osName: string
  readonly osVersion: string
  readonly platform: string
  /** As the server writes it, with a zone or without. */
  readonly lastScannedDate: string | null
  readonly assignedPolicy: string
  /** Flags such as `managedByPatchCloud`. */
  readonly managedBy: Readonly<Record<string, boolean>>
  readonly patches: readonly { readonly kbNumber: string; readonly patchStatus: string | number }[]
}

/** What a Neurons may do instead. Left out: not. Each is a trap of the real one, or one that nobody has excluded. */
export interface NeuronsFaults {
  /** So many calls are answered with 429, with this `Retry-After` in seconds. */
  readonly busy?: number
  readonly retryAfter?: number
  /** Tokens are over after so many calls, and then answered with 401. */
  readonly tokenCalls?: number
  /** The path that the API has, where it is another one. */
  readonly prefix?: string
  /** The token is a bare JSON text. */
  readonly bareToken?: boolean
  /** Rows that a page has at most, whatever is asked for. */
  readonly mostRows?: number
  /** Parameters that are ignored. */
  readonly ignores?: readonly string[]
  /** The order changes with each page, so that a device comes twice and another not at all. */
  readonly unordered?: boolean
  /** There is no history of deployments, or none that may be read. */
  readonly noHistory?: boolean
  /** Rows beside the devices that make no sense. */
  readonly odd?: readonly unknown[]
  /** Counts are left out of pages. */
  readonly uncounted?: boolean
}

export interface NeuronsServerOptions {
  readonly tenant: string
  readonly client: string
  readonly secret: string
  readonly clock: () => Date
  readonly devices: () => Promise<readonly NeuronsDeviceState[]>
  readonly faults?: NeuronsFaults
}

export interface NeuronsServer {
  /** Answers a request as `fetch` does. */
  readonly fetch: typeof fetch
  /** Method and path of each request. */
  readonly requests: string[]
}

const PAGE = 10
const MOST = 150

export function createNeuronsServer(options: NeuronsServerOptions): NeuronsServer {
  const { tenant, client, secret, clock, devices, faults = {} } = options
  const { prefix = '/api/patch/content/v1' } = faults
  const requests: string[] = []
  let busy = faults.busy ?? 0
  let tokens = 0
  let left = 0

  async function answer(request: Request): Promise<Response> {
    const { pathname, searchParams } = new URL(request.url)
    requests.push(`${request.method} ${pathname}`)
    if (request.method === 'POST' && pathname === `/${tenant}/connect/token`) {
      const form = new URLSearchParams(await request.text())
      return login(form.get('grant_type') === 'client_credentials', form.get('client_id'), form.get('client_secret'))
    }
    if (request.method === 'GET' && pathname === `${prefix}/authentication`) {
      const of = (name: string) => request.headers.get(name)
      return login(of('x-tenantid') === tenant, of('x-clientid'), of('x-clientsecret'))
    }
    if (busy > 0) {
      busy--
      return json({}, 429, { 'retry-after': String(faults.retryAfter ?? 0) })
    }
    if (request.headers.get('authorization') !== `Bearer token-${tokens}` || left-- <= 0) return json({}, 401)
    const query = Object.fromEntries([...searchParams].filter(([name]) => !faults.ignores?.includes(name)))
    if (pathname === `${prefix}/endpoint-vulnerability`) return json(pageOf(inTurn(await devices(), query), query))
    if (pathname !== `${prefix}/deployment-history` || faults.noHistory === true) return json({}, 404)
    return json(pageOf([() => ({ deploymentStatus: 'NotStarted' }), () => ({ deploymentStatus: 3 })], query))
  }

  function login(isRight: boolean, ...given: readonly (string | null)[]): Response {
    if (!isRight || given[0] !== client || given[1] !== secret) return json({ error: 'invalid_client' }, 400)
    tokens++
    left = faults.tokenCalls ?? Number.POSITIVE_INFINITY
    const token = `token-${tokens}`
    return json(faults.bareToken === true ? token : { access_token: token, expires_in: 3600, token_type: 'Bearer' })
  }

  function inTurn(all: readonly NeuronsDeviceState[], query: Readonly<Record<string, string>>): readonly Row[] {
    const turn = Number(query.PageNumber ?? 1)
    const ordered = faults.unordered === true ? [...all.slice(turn - 1), ...all.slice(0, turn - 1)] : all
    return [...ordered.map((device) => () => deviceRow(device)), ...(faults.odd ?? []).map((row) => () => row)]
  }

  /** Only the rows of the page are made. */
  function pageOf(rows: readonly Row[], query: Readonly<Record<string, string>>) {
    const size = Math.min(Number(query.PageSize ?? PAGE), MOST, faults.mostRows ?? MOST)
    const page = Number(query.PageNumber ?? 1)
    const counts = { pageCount: Math.ceil(rows.length / size), currentPage: page, totalRecords: rows.length }
    const data = rows.slice((page - 1) * size, page * size).map((row) => row())
    return { ...(faults.uncounted === true ? {} : counts), data }
  }

  function json(body: unknown, status = 200, headers: Readonly<Record<string, string>> = {}): Response {
    const own = { 'content-type': 'application/json', date: clock().toUTCString(), ...headers }
    return new Response(JSON.stringify(body), { status, headers: own })
  }

  return { requests, fetch: (input, init) => answer(new Request(input, init)) }
}

type Row = () => unknown

function deviceRow({ managedBy, patches, ...device }: NeuronsDeviceState): unknown {
  return {
    ...device,
    missingPatches: patches.filter(({ patchStatus }) => patchStatus === 'Missing').length,
    deviceStatus: { ...managedBy, devicePatchSummaries: patches },
  }
}
