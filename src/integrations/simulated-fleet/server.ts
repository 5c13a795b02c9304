/**
 * Fleet's REST API in miniature, as far as it is asked: version, hosts, one host, live query. Nothing is installed by it.
 *
 * What it rests on, and how sure that is:
 * - verified in Fleet's documentation of its REST API: paths, paging from 0, fields of hosts and software, the envelope of
 *   errors, 401, 403, 404, 402 without Premium; live query with 25 s of patience, rows of texts, an answer with neither
 *   rows nor error;
 * - verified in issues and pull requests of fleetdm/fleet: the new names since 4.82, which come beside the old ones
 *   (#39344); parameters that are not known are ignored (#47776); an offline host answers `error: null, rows: []`
 *   (#16792); a host may answer at the second or third try (#3594); `populate_software=without_vulnerability_details`
 *   (#23712); the epoch of RPM packages is not kept (#49485); enrolling again makes another host (#31934);
 * - remembered only: which role may ask live queries, that a lists' `per_page` is capped at 500, how often hosts refresh;
 * - not known: how the path of live queries is called after 4.82, if it has another name.
 */

import type { FleetFaults, FleetHostState, FleetPackage } from './state.ts'

export interface FleetServerOptions {
  readonly token: string
  readonly clock: () => Date
  /** The hosts as they are now. */
  readonly hosts: () => Promise<readonly FleetHostState[]>
  readonly faults?: FleetFaults
}

/** One request as the server got it. */
export interface FleetRequest {
  readonly method: string
  readonly path: string
  readonly query: Readonly<Record<string, string>>
}

export interface FleetServer {
  /** Answers a request as `fetch` does. */
  readonly fetch: typeof fetch
  readonly requests: FleetRequest[]
}

const BASE = '/api/v1/fleet'

export function createFleetServer({ token, clock, hosts, faults = {} }: FleetServerOptions): FleetServer {
  const requests: FleetRequest[] = []
  let busy = faults.busy ?? 0
  const tries = new Map<number, number>()

  async function answer(request: Request): Promise<Response> {
    const url = new URL(request.url)
    const query = Object.fromEntries(url.searchParams)
    requests.push({ method: request.method, path: url.pathname.slice(BASE.length), query })
    if (faults.loginPage === true) return new Response('<!doctype html><title>Sign in</title>', { status: 200 })
    if (busy > 0) {
      busy--
      return problem(429, 'limit exceeded', { 'retry-after': String(faults.retryAfter ?? 0) })
    }
    if (request.headers.get('authorization') !== `Bearer ${token}`) return problem(401, 'Authentication required')
    const known = Object.fromEntries(Object.entries(query).filter(([name]) => !faults.ignores?.includes(name)))
    return route(request, url.pathname.slice(BASE.length), known)
  }

  async function hostsNow(): Promise<readonly FleetHostState[]> {
    const all = await hosts()
    const { deletes = [], enrols = [], changesAfter = 2 } = faults
    return requests.length <= changesAfter ? all : [...all.filter(({ id }) => !deletes.includes(id)), ...enrols]
  }

  async function route(request: Request, path: string, query: Readonly<Record<string, string>>): Promise<Response> {
    const all = await hostsNow()
    if (request.method === 'GET' && path === '/version') return json({ version: faults.version ?? '4.89.1' })
    if (request.method === 'GET' && path === '/hosts/count') return json({ count: all.length })
    if (request.method === 'GET' && path === '/hosts') return json({ hosts: pageOf(all, query) })
    const [, id, rest = ''] = /^\/hosts\/(\d+)(\/\w+)?$/.exec(path) ?? []
    const host = all.find((one) => String(one.id) === id)
    if (id === undefined) return problem(404, 'Resource Not Found')
    if (request.method === 'POST' && rest === '/query') return live(host, await request.json())
    if (host === undefined) return problem(404, 'Host was not found in the datastore')
    return request.method === 'GET' && rest === ''
      ? json({ host: hostRow(host, true) })
      : problem(404, 'Resource Not Found')
  }

  function pageOf(all: readonly FleetHostState[], query: Readonly<Record<string, string>>) {
    const asked = Number(query.per_page ?? 100)
    const rows = Math.min(asked, faults.mostRows ?? 500)
    const from = Number(query.page ?? 0) * rows
    const ceiling = all.slice(0, faults.ceiling ?? all.length)
    return ceiling.slice(from, from + rows).map((host) => hostRow(host, query.populate_software !== undefined))
  }

  function hostRow(host: FleetHostState, software: boolean) {
    const team = faults.free === true ? null : host.team
    const names =
      faults.names === 'old'
        ? { team_name: team }
        : faults.names === 'new'
          ? { fleet_name: team }
          : { team_name: team, fleet_name: team }
    return {
      ...{ id: host.id, hostname: host.hostname, computer_name: host.hostname, uuid: host.uuid },
      ...{ platform: host.platform, os_version: host.osVersion, cpu_type: 'x86_64', primary_ip: host.address },
      ...{ status: host.online ? 'online' : 'offline', seen_time: host.seenAt, detail_updated_at: host.detailAt },
      ...{ software_updated_at: host.softwareAt, ...names, uptime: 1_000_000_000, public_ip: '' },
      ...(software ? { software: host.listed.map((item, index) => softwareRow(item, index, faults)) } : {}),
    }
  }

  async function live(host: FleetHostState | undefined, asked: unknown): Promise<Response> {
    if (faults.observer === true) return problem(403, 'forbidden')
    if (faults.noLiveQuery === true) return problem(404, 'Resource Not Found')
    if (host === undefined) return problem(404, 'Host was not found in the datastore')
    const sql = typeof asked === 'object' && asked !== null && 'query' in asked ? String(asked.query) : ''
    const said = { host_id: host.id, query: sql, status: host.online ? 'online' : 'offline', error: null }
    if (!host.online) return json({ ...said, rows: [] })
    const already = tries.get(host.id) ?? 0
    tries.set(host.id, already + 1)
    if (already < (faults.silentTries ?? 0)) return json({ ...said, rows: [] })
    if (faults.osqueryError !== undefined) return json({ ...said, error: faults.osqueryError })
    return json({ ...said, rows: rowsFor(host, sql) })
  }

  const problem = (status: number, reason: string, headers: Readonly<Record<string, string>> = {}) =>
    json({ message: reason, errors: [{ name: 'base', reason }], uuid: 'invented' }, status, headers)

  function json(body: unknown, status = 200, headers: Readonly<Record<string, string>> = {}): Response {
    const date = clock().toUTCString()
    return new Response(JSON.stringify(body), {
      status,
      headers: { 'content-type': 'application/json; charset=utf-8', date, ...headers },
    })
  }

  return { requests, fetch: (input, init) => answer(new Request(input, init)) }
}

function softwareRow({ name, version, release, arch, vendor, source }: FleetPackage, id: number, faults: FleetFaults) {
  const flaw = { cve: 'CVE-2026-9999999', details_link: 'https://nvd.nist.gov/vuln/detail/CVE-2026-9999999' }
  return {
    ...{ id, name, version, release, arch, vendor, source: source === 'rpm' ? 'rpm_packages' : 'deb_packages' },
    ...{ browser: '', extension_id: '', generated_cpe: '' },
    // Flaws linger after an upgrade, and are often wrong.
    vulnerabilities: faults.lingering === true ? [flaw] : null,
  }
}

/** What osquery answers, in texts, to the questions that are put to it. */
function rowsFor(host: FleetHostState, sql: string): readonly Readonly<Record<string, string>>[] {
  if (sql.startsWith('SELECT count(*)')) return [{ found: String(host.answers[sql] ?? countedRows(host, sql)) }]
  if (sql.includes('osquery_info')) return [{ version: '5.15.0' }]
  if (sql.includes('os_version')) {
    const [, build = '', revision = ''] = /(10\.0\.\d+)\.(\d+)/.exec(host.build) ?? []
    const rows = [
      { kind: 'build', name: build },
      { kind: 'revision', name: revision },
    ]
    return host.reboot ? [...rows, { kind: 'reboot', name: 'RebootRequired' }] : rows
  }
  if (!sql.includes('deb_packages') && !sql.includes('rpm_packages')) return []
  const table = sql.includes('rpm_packages') ? 'rpm' : 'deb'
  const packages = host.packages
    .filter(({ source }) => source === table)
    .map(({ name, version, release, arch, vendor, epoch, builtFrom }) => ({
      ...{ kind: 'package', name, version, arch, source: builtFrom, release, epoch, vendor },
    }))
  const nothing = { name: '', arch: '', source: '', release: '', epoch: '', vendor: '' }
  const kernel = { ...nothing, kind: 'kernel', version: host.kernel }
  return [...packages, kernel, ...(host.reboot ? [{ ...nothing, kind: 'reboot', version: '' }] : [])]
}

/** A question for a process by its name has a row where the host runs it. */
function countedRows({ processes }: FleetHostState, sql: string): number {
  const [, name = ''] = /name = '([^']*)'/.exec(sql) ?? []
  return processes.includes(name) ? 1 : 0
}
