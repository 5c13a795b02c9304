/** Reads a list of hosts that people keep elsewhere. docs/bring-what-you-have.md */

import { parse } from 'csv-parse/sync'
import { comparable } from '../../core/comparable.ts'
import { csvProblem } from '../csv-problem.ts'
import { csvSeparator } from '../csv-separator.ts'
import { readIni, readList, readYaml } from './ansible.ts'
import { type GroupedHost, groupedHosts, type Inventory } from './inventory.ts'
import { expandRanges } from './ranges.ts'

export const hostListFormats = ['ini', 'yaml', 'json', 'csv'] as const
export type HostListFormat = (typeof hostListFormats)[number]

/** What a column of a CSV file says. */
export const hostColumns = ['name', 'address', 'user', 'port', 'team', 'state', 'tags'] as const
export type HostColumn = (typeof hostColumns)[number]

export interface ListedHost {
  readonly name: string
  readonly address: string | null
  readonly user: string | null
  readonly port: number | null
  /** Path of the private key. */
  readonly identityFile: string | null
  /** Groups of an inventory, or what the column for tags says. */
  readonly tags: readonly string[]
  /** What the column for the team says; `null`: nothing. */
  readonly owner: string | null
  /** Why it cannot be reached as it is listed; `null`: it can. */
  readonly problem: string | null
}

export interface Reading {
  /** `null`: told from the content. */
  readonly format: HostListFormat | null
  readonly columns: Readonly<Partial<Record<HostColumn, string>>>
  /** States in which a host of a CSV file is left out. */
  readonly leaveOut: readonly string[]
  /** The login where an inventory has one that only Ansible knows; `null`: there is none. */
  readonly user: string | null
}

export interface HostList {
  readonly hosts: readonly ListedHost[]
  /** Rows of a CSV file that are no hosts to reach, by why: `in the state "Retired"`. */
  readonly leftOut: ReadonlyMap<string, number>
}

/** Reads the hosts in the text; `what` names it in messages. Throws a sentence. */
export function readHosts(text: string, what: string, reading: Reading): HostList {
  if (text.startsWith('$ANSIBLE_VAULT')) {
    throw new Error(`${what} is encrypted by ansible-vault: let hostsFrom run ansible-inventory --list, which opens it`)
  }
  switch (reading.format ?? formatOf(text)) {
    case 'ini':
      return ofInventory(readIni(text, what), reading)
    case 'yaml':
      return ofInventory(readYaml(text, what), reading)
    case 'json':
      return ofInventory(readList(text, what), reading)
    case 'csv':
      return readCsv(text, what, reading)
  }
}

function ofInventory(inventory: Inventory, { user }: Reading): HostList {
  return { hosts: groupedHosts(inventory).map((host) => fromAnsible(host, user)), leftOut: new Map() }
}

function formatOf(text: string): HostListFormat {
  const lines = text.split(/\r\n|\n|\r/).filter((line) => !/^\s*(#|;|$)/.test(line))
  const [first = ''] = lines
  if (/^\s*(\{|\[\s*("|$|\{))/.test(first)) return 'json'
  if (/^---/.test(first) || /^[^\s[=,]+:(\s|$)/.test(first)) return 'yaml'
  if (lines.some((line) => /^\[[^\]]+\]\s*(#.*)?$/.test(line))) return 'ini'
  const isCsv = /[,;\t]/.test(first) && !first.includes('=') && !first.startsWith('[')
  return isCsv || /^sep=/i.test(first) ? 'csv' : 'ini'
}

/** Connections that are not SSH. */
const otherWays = new Set(['local', 'winrm', 'psrp', 'docker', 'podman', 'network_cli', 'netconf', 'httpapi'])

function fromAnsible({ name, groups, variables }: GroupedHost, login: string | null): ListedHost {
  const said = (...keys: readonly string[]) =>
    keys.map((key) => plainValue(variables[key])).find((value) => value !== null) ?? null
  const own = said('ansible_user', 'ansible_ssh_user')
  const identityFile = said('ansible_ssh_private_key_file', 'ansible_private_key_file')
  const way = said('ansible_connection')
  return made({
    name,
    tags: groups,
    owner: null,
    address: said('ansible_host', 'ansible_ssh_host'),
    user: own !== null && isAnsibles(own) ? (login ?? own) : own,
    port: said('ansible_port', 'ansible_ssh_port'),
    identityFile: identityFile !== null && isAnsibles(identityFile) ? null : identityFile,
    problem: way !== null && otherWays.has(way) ? `is reached by ${way} in the inventory, not over SSH` : null,
  })
}

/** `ansible-inventory` prints a value that it could not open as an object with the encrypted text. */
function plainValue(value: unknown): string | null {
  if (typeof value === 'object' && value !== null && '__ansible_vault' in value) return '$ANSIBLE_VAULT'
  if (typeof value === 'number') return String(value)
  return typeof value === 'string' && value !== '' ? value : null
}

/** True for a template and for a value of a vault. */
function isAnsibles(value: string): boolean {
  return /\{\{|\$ANSIBLE_VAULT/.test(value)
}

type Written = Omit<ListedHost, 'port'> & { readonly port: string | null }

const HOST = /^[A-Za-z0-9_:[][A-Za-z0-9._:[\]-]*$/
const USER = /^[A-Za-z_][A-Za-z0-9._-]*\$?$/

/** Says what cannot be used. */
function made({ port, ...host }: Written): ListedHost {
  const number = port === null ? null : Number(port)
  const isPort = number === null || (Number.isInteger(number) && number >= 1 && number <= 65_535)
  const isName = /^[A-Za-z0-9_][A-Za-z0-9._-]*$/.test(host.name) || (host.address !== null && host.name.length <= 253)
  const problem =
    host.address !== null && !HOST.test(host.address)
      ? unusable('an address', host.address, 'list it under "hosts", too, with its address')
      : host.user !== null && !USER.test(host.user)
        ? unusable('a login', host.user, 'say `user` for the whole source')
        : !isPort
          ? unusable('a port', port ?? '', 'list it under "hosts", too, with its port')
          : !isName
            ? unusable('a name', host.name, 'list it by another name')
            : host.problem
  return { ...host, port: problem === null ? number : null, problem }
}

function unusable(what: string, value: string, mend: string): string {
  return isAnsibles(value)
    ? `has ${what} that only Ansible can fill in: ${mend}`
    : `has ${what} that cannot be used: ${JSON.stringify(value.slice(0, 60))}`
}

/** Names of columns in the exports of inventories and of configuration databases, without blanks and signs. */
const usualColumns: Readonly<Record<HostColumn, readonly string[]>> = {
  name: [
    'name',
    'hostname',
    'host',
    'server',
    'servername',
    'asset',
    'assetname',
    'ciname',
    'displayname',
    'computername',
    'vm',
  ],
  address: ['address', 'fqdn', 'ip', 'ipaddress', 'ipv4', 'dns', 'dnsname', 'primaryip', 'primaryip4'],
  user: ['user', 'login', 'sshuser', 'username'],
  port: ['port', 'sshport'],
  team: ['team', 'owner', 'ownerteam', 'ownedby', 'supportgroup', 'assignmentgroup', 'managedby', 'tenant'],
  state: ['state', 'status', 'lifecycle', 'installstatus', 'operationalstatus', 'lifecyclestage'],
  tags: ['tags', 'groups', 'role', 'environment'],
}

function readCsv(text: string, what: string, { columns, leaveOut }: Reading): HostList {
  const [header = [], ...rows] = rowsOf(text, what)
  const places = new Map(hostColumns.map((column) => [column, placeOf(column, header, columns[column], what)]))
  if (places.get('name') === -1) {
    throw new Error(
      `${what} has no column that is known as the name of a host (${header.slice(0, 10).join(', ')}): say which, as in hostsColumns: { name: "Configuration item" }`,
    )
  }
  const cell = (row: readonly string[], column: HostColumn) => row[places.get(column) ?? -1]?.trim() || null
  const out = leaveOut.map(comparable)
  const hosts: ListedHost[] = []
  const leftOut = new Map<string, number>()
  for (const row of rows) {
    const written = cell(row, 'name')
    const state = cell(row, 'state')
    const isOut = state !== null && out.includes(comparable(state))
    const why = isOut ? `in the state ${JSON.stringify(state)}` : written === null ? 'without a name' : null
    if (why !== null) leftOut.set(why, (leftOut.get(why) ?? 0) + 1)
    else
      for (const name of namesIn(written ?? '')) {
        hosts.push(
          made({
            name,
            address: cell(row, 'address'),
            user: cell(row, 'user'),
            port: cell(row, 'port'),
            identityFile: null,
            owner: cell(row, 'team'),
            tags: cell(row, 'tags')?.split(/[\s,;|]+/) ?? [],
            problem: null,
          }),
        )
      }
  }
  return { hosts, leftOut }
}

function rowsOf(text: string, what: string): readonly (readonly string[])[] {
  const { delimiter, skip } = csvSeparator(text.slice(0, 1_000))
  try {
    return parse(text.slice(skip), { delimiter, trim: true, skip_empty_lines: true, relax_column_count: true })
  } catch (error) {
    throw new Error(`${what} ${csvProblem(error)}`, { cause: error })
  }
}

/** A range that cannot be expanded is kept as a name, of which it is said that it is none. */
function namesIn(written: string): readonly string[] {
  try {
    return expandRanges(written)
  } catch {
    return [written]
  }
}

/** The place of a column; -1: there is none. Throws where a column that is named does not exist. */
function placeOf(column: HostColumn, header: readonly string[], named: string | undefined, what: string): number {
  if (named !== undefined) {
    const place = header.findIndex((one) => comparable(one) === comparable(named))
    if (place !== -1) return place
    throw new Error(
      `${what} has no column ${JSON.stringify(named)}: its first line is ${header.slice(0, 20).join(', ')}`,
    )
  }
  const plain = header.map((one) => comparable(one).replace(/[^a-z0-9]/g, ''))
  const usual = usualColumns[column].find((one) => plain.includes(one))
  return usual === undefined ? -1 : plain.indexOf(usual)
}
