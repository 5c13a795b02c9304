/** The hosts of a source that takes them from a file or a program. They are read again at each look. */

import { comparable } from '../../core/comparable.ts'
import { firstNames } from '../../core/first-names.ts'
import { readBoundedFile, unpackText } from '../bounded-file.ts'
import { runBounded } from '../bounded-process.ts'
import { MOST_HOSTS } from '../host-list/ranges.ts'
import { type HostList, type HostListFormat, type ListedHost, readHosts } from '../host-list/read.ts'
import { inputLimits } from '../input-limits.ts'
import { describeEnd } from '../process-end.ts'

export interface HostsFrom {
  readonly hostsFrom: string | readonly string[] | null
  readonly hostsFormat: HostListFormat | null
  readonly hostsColumns: Readonly<Record<string, string | undefined>>
  readonly hostsLeaveOut: readonly string[]
  readonly hostsTeams: Readonly<Record<string, string>>
  readonly team: string | null
  /** The login of hosts whose own is not known. */
  readonly user: string | null
  /** The list may become much shorter, and empty. */
  readonly allowShrinking: boolean
}

/** Where a list is, and how it is read. */
export type ListFrom = Pick<HostsFrom, 'hostsFormat' | 'hostsColumns' | 'hostsLeaveOut' | 'user'> & {
  readonly hostsFrom: NonNullable<HostsFrom['hostsFrom']>
}

/** A host with its team. */
export interface OwnedHost extends ListedHost {
  /** Empty: it has none, and `problem` says so. */
  readonly team: string
}

/** Reads the hosts. `teams`: the teams of the configuration, by id. Throws a sentence. */
export async function hostsOf(
  source: HostsFrom,
  teams: Readonly<Record<string, { readonly name: string }>>,
  signal: AbortSignal,
): Promise<readonly OwnedHost[]> {
  if (source.hostsFrom === null) return []
  const { hosts, leftOut } = await readList({ ...source, hostsFrom: source.hostsFrom }, signal)
  if (hosts.length === 0 && !source.allowShrinking) {
    const out = [...leftOut].map(([why, many]) => `${many} ${why}`)
    const left = out.length === 0 ? '' : ` (left out: ${out.join(', ')})`
    throw new Error(`${shownPlace(source.hostsFrom)} lists no host${left}: look at it, or say allowShrinking: true.`)
  }
  return ofTeams(hosts, source, teams)
}

/** Reads a list of hosts from a file or a program. Throws a sentence. */
export async function readList(
  { hostsFrom, hostsFormat, hostsColumns, hostsLeaveOut, user }: ListFrom,
  signal: AbortSignal,
): Promise<HostList> {
  const what = shownPlace(hostsFrom)
  const read = typeof hostsFrom === 'string' ? await textOfFile(hostsFrom) : await textOfProgram(hostsFrom, signal)
  const list = readHosts(read, what, {
    format: hostsFormat ?? formatOfName(hostsFrom),
    columns: hostsColumns,
    leaveOut: hostsLeaveOut,
    user,
  })
  if (list.hosts.length > MOST_HOSTS)
    throw new Error(`${what} lists ${list.hosts.length} hosts, more than the limit of ${MOST_HOSTS}`)
  return list
}

/** The hosts with their teams. One that is listed twice for different teams can be given to neither. */
function ofTeams(
  listed: readonly ListedHost[],
  source: HostsFrom,
  teams: Readonly<Record<string, { readonly name: string }>>,
): readonly OwnedHost[] {
  const owned = new Map<string, OwnedHost>()
  for (const host of listed) {
    const own = owner(host, source, teams)
    const before = owned.get(host.name)
    owned.set(host.name, before === undefined ? own : listedTwice(before, own))
  }
  return [...owned.values()]
}

export function shownPlace(place: ListFrom['hostsFrom']): string {
  return typeof place === 'string' ? place : `The answer of ${place[0]}`
}

/** A second entry that says the same is no matter. */
function listedTwice(first: OwnedHost, second: OwnedHost): OwnedHost {
  if (first.team !== second.team)
    return { ...first, problem: `is listed for the teams ${first.team} and ${second.team}: list it once` }
  const [one, other] = [first, second].map(({ address, name, port }) => `${address ?? name}${port ? `:${port}` : ''}`)
  return one === other ? first : { ...first, problem: `is listed at ${one} and at ${other}: list it once` }
}

/** An inventory in YAML or a CSV mostly says so by its name; the content says the rest. */
function formatOfName(place: string | readonly string[]): HostsFrom['hostsFormat'] {
  const [, ending = ''] = typeof place === 'string' ? (/\.(\w+)(?:\.gz)?$/.exec(place) ?? []) : []
  const known = new Map(Object.entries({ yml: 'yaml', yaml: 'yaml', json: 'json', csv: 'csv', ini: 'ini' } as const))
  return known.get(ending.toLowerCase()) ?? null
}

async function textOfFile(path: string): Promise<string> {
  const { bytes } = await readBoundedFile(path, inputLimits.inventoryFileBytes)
  return (await unpackText(bytes, path, inputLimits.inventoryFileBytes)).toString('utf8')
}

const PROGRAM_SECONDS = 60

/** Ansible works in UTF-8 only. An inventory that it cannot parse is a failure, where it would print an empty list. */
const programEnvironment = {
  LC_ALL: 'C.UTF-8',
  ANSIBLE_NOCOLOR: '1',
  ANSIBLE_DEPRECATION_WARNINGS: '0',
  ANSIBLE_INVENTORY_UNPARSED_FAILED: '1',
  ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED: '1',
}

async function textOfProgram([command = '', ...args]: readonly string[], signal: AbortSignal): Promise<string> {
  const ran = await runBounded({
    command,
    args,
    input: '',
    timeoutSeconds: PROGRAM_SECONDS,
    maxBytes: inputLimits.hostOutputBytes,
    environment: programEnvironment,
    signal,
  })
  signal.throwIfAborted()
  if (ran.end === 'exited' && ran.status === 0) return ran.stdout
  const last = ran.stderr.trim().split('\n').at(-1)?.slice(0, 200) ?? ''
  throw new Error(
    `The hosts cannot be listed by ${command}: ${describeEnd(ran, command, PROGRAM_SECONDS)}${last === '' ? '' : ` (${last})`}.`,
  )
}

function owner(
  host: ListedHost,
  { hostsTeams, team }: HostsFrom,
  teams: Readonly<Record<string, { readonly name: string }>>,
): OwnedHost {
  const said = host.owner === null ? host.tags : [host.owner]
  const byRule = Object.entries(hostsTeams).filter(([word]) => said.some((one) => comparable(one) === comparable(word)))
  const ruled = [...new Set(byRule.map(([, to]) => to))]
  const named = [
    ...new Set(
      said.flatMap((one) => Object.entries(teams).flatMap(([id, { name }]) => (isOf(one, id, name) ? [id] : []))),
    ),
  ]
  const found = ruled.length > 0 ? ruled : host.owner !== null || team === null ? named : []
  if (found.length > 1) {
    return {
      ...host,
      team: team ?? '',
      problem: `is of the teams ${firstNames(found)}: say in hostsTeams which one it is`,
    }
  }
  const own = found[0] ?? host.owner ?? team
  const problem = own === null ? 'has no team: name it by a group in hostsTeams, or for the whole source' : null
  return { ...host, team: own ?? '', problem: host.problem ?? problem }
}

function isOf(word: string, id: string, name: string): boolean {
  return comparable(word) === comparable(id) || comparable(word) === comparable(name)
}
