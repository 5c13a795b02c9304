/** Asks a Fleet, reading only, what only a real one can tell, and says it in lines that name no host and no person. */

import { errorText } from '../../core/error-text.ts'
import { hardwareId } from '../../core/identity.ts'
import { ApiProblem } from '../http/json-api.ts'
import type { Fleet } from './client.ts'
import { type HostList, LIST_PAGE, type ListedHost, listHosts, SOFTWARE_PAGE } from './hosts.ts'
import { isLeftOut, namedHosts, platformOf } from './machine.ts'
import { askHost } from './question.ts'

const HOUR_MS = 3_600_000
/** A clock that is off by more makes the times of all words wrong by as much. */
const CLOCK_SECONDS = 60

export interface Probing {
  readonly live: boolean
  readonly clock: () => Date
}

export async function checkFleet(fleet: Fleet, { live, clock }: Probing, signal: AbortSignal): Promise<string> {
  const { version, saidAt } = await fleet.version(signal)
  const list = await listHosts(fleet, [], signal)
  const lines = [
    'What follows names nothing, and can be pasted:',
    `Fleet ${version}: ${isRenamed(version) ? 'teams are called fleets there, and both names are read' : 'from before the new names of 4.82'}.`,
    clockLine(saidAt, clock()),
    listLine(list),
    ...hostLines(list.hosts, clock()),
    ...(await softwareLines(fleet, list.hosts, signal)),
    ...(await liveLines(fleet, list.hosts, live, clock, signal)),
  ]
  return lines.join('\n')
}

function isRenamed(version: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map((part) => Number.parseInt(part, 10))
  return major > 4 || (major === 4 && minor >= 82)
}

function clockLine(saidAt: string | null, now: Date): string {
  if (saidAt === null) return 'Its clock is not known: the answer has no date.'
  const seconds = Math.round((Date.parse(saidAt) - now.getTime()) / 1_000)
  if (Math.abs(seconds) <= CLOCK_SECONDS) return 'Its clock agrees with the one here.'
  return `Its clock is ${Math.abs(seconds)} s ${seconds > 0 ? 'ahead of' : 'behind'} the one here: its times are off by as much.`
}

function listLine({ hosts, partial }: HostList): string {
  const read = `${number(hosts.length)} hosts, read ${LIST_PAGE} a page in the order of their ids`
  return partial === null
    ? `${read}: as many as it counts.`
    : `${read}: not as many as it counts, so no host would count as gone.`
}

function hostLines(hosts: readonly ListedHost[], now: Date): readonly string[] {
  const share = (of: (host: ListedHost) => boolean) => `${number(hosts.filter(of).length)} of ${number(hosts.length)}`
  const within = (at: string | null, hours: number) => at !== null && now.getTime() - Date.parse(at) <= hours * HOUR_MS
  const named = namedHosts(hosts)
  const uuids = hosts.flatMap(({ uuid }) => hardwareId(uuid) ?? [])
  const windows = hosts.filter(({ platform }) => platform === 'windows')
  const builds = windows.filter(({ os_version }) => /10\.0\.\d+\.\d+/.test(os_version)).length
  const unknown = hosts.filter((host) => !isLeftOut(host) && platformOf(host) === null)
  return [
    `Online now: ${share(({ status }) => status === 'online')}; seen in the last day: ${share(({ seen_time }) => within(seen_time, 24))}.`,
    `Software told in the last 2 hours: ${share(({ software_updated_at }) => within(software_updated_at, 2))}; never: ${share(({ software_updated_at }) => software_updated_at === null)}.`,
    `Left out, because nothing here patches them (macOS, iOS, Android, ChromeOS): ${share(isLeftOut)}; of a system that is not known here: ${number(unknown.length)}${kindsOf(unknown)}.`,
    `A hardware id that recognises the machine: ${share(({ uuid }) => hardwareId(uuid) !== null)}, of them on several hosts: ${number(uuids.length - new Set(uuids).size)}; a name with its domain: ${share(({ hostname }) => hostname.includes('.'))}.`,
    `Listed twice (enrolled again) or with the name of another: ${number(named.filter(({ warnings }) => warnings.length > 0).length)}.`,
    `In a team (Premium): ${share(({ team }) => team !== '')}.`,
    ...(windows.length === 0
      ? []
      : [`Windows with all four numbers of its build: ${number(builds)} of ${number(windows.length)}.`]),
  ]
}

/** The first words of systems, which name no machine. */
function kindsOf(hosts: readonly ListedHost[]): string {
  const kinds = [...new Set(hosts.map(({ platform }) => platform.replaceAll(/[^a-z0-9_-]/gi, '').slice(0, 20)))]
  return kinds.length === 0 ? '' : ` (${kinds.slice(0, 10).join(', ')})`
}

async function softwareLines(
  fleet: Fleet,
  hosts: readonly ListedHost[],
  signal: AbortSignal,
): Promise<readonly string[]> {
  if (hosts.length === 0) return []
  const began = performance.now()
  const page = await fleet.page({ page: 0, rows: SOFTWARE_PAGE, software: true }, signal)
  const took = ((performance.now() - began) / 1_000).toFixed(1)
  const given = page.hosts.filter(({ software }) => software !== undefined)
  const rows = given.flatMap(({ software }) => software?.rows ?? [])
  const rpm = rows.filter(({ source }) => source === 'rpm_packages')
  const size = `${number(Math.ceil(page.bytes / 1024))} kB in ${took} s`
  if (given.length === 0) return [`A page of hosts with software (${size}) has none: the parameter was ignored.`]
  return [
    `A page of ${number(page.hosts.length)} hosts with software: ${size}, ${number(rows.length)} rows.`,
    `Rows with an architecture: ${number(rows.filter(({ arch }) => arch !== '').length)}; RPM packages: ${number(rpm.length)}, with a release: ${number(rpm.filter(({ release }) => release !== '').length)}, with an epoch in the version: ${number(rpm.filter(({ version }) => /^\d+:/.test(version)).length)}.`,
  ]
}

async function liveLines(
  fleet: Fleet,
  hosts: readonly ListedHost[],
  live: boolean,
  clock: () => Date,
  signal: AbortSignal,
): Promise<readonly string[]> {
  if (!live) return ['Machines are not asked themselves (live: false): verified is by lists alone.']
  const online = hosts.find((host) => host.status === 'online' && !isLeftOut(host))
  if (online === undefined) return ['No host is online, so nobody can say whether machines may be asked themselves.']
  const began = clock().getTime()
  try {
    const answer = await askHost(fleet, online.id, 'SELECT version FROM osquery_info', signal)
    const seconds = Math.round((clock().getTime() - began) / 1_000)
    return answer.kind === 'told'
      ? [`A live query was answered in ${seconds} s.`]
      : [`A live query had no answer after ${seconds} s, although the host counts as online.`]
  } catch (error) {
    signal.throwIfAborted()
    return [whyNotAsked(error)]
  }
}

function whyNotAsked(error: unknown): string {
  const status = error instanceof ApiProblem ? error.status : null
  if (status === 403)
    return 'The token may not ask machines (403): verification uses lists, and checks that ask are not healthy. Give its user the role observer+, or set live: false.'
  if (status === 404)
    return 'Live queries have another path in this version (404): tell us. Until then verification uses lists.'
  return status === null || status === 0
    ? `A live query failed: ${errorText(error).replace(/ at https?:\S+/, '')}`
    : `A live query was refused with ${status}.`
}

function number(count: number): string {
  return count.toLocaleString('en')
}
