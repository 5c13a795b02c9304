/** Reads a list of hosts that people keep elsewhere. docs/bring-what-you-have.md */

import { parse } from 'csv-parse/sync'
import { comparable } from '../../core/comparable.ts'
import { errorText } from '../../core/error-text.ts'
import { csvSeparator } from '../csv-separator.ts'
import { readIni, readList, readYaml } from './ansible.ts'
import { type GroupedHost, groupedHosts } from './inventory.ts'
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
}

/** Reads the hosts in the text; `what` names it in messages. Throws a sentence. */
export function readHosts(text: string, what: string, reading: Reading): readonly ListedHost[] {
  if (text.startsWith('$ANSIBLE_VAULT')) {
    throw new Error(`${what} is encrypted by ansible-vault: let hostsFrom run ansible-inventory --list, which opens it`)
  }
  switch (reading.format ?? formatOf(text)) {
    case 'ini':
      return groupedHosts(readIni(text, what)).map(fromAnsible)
    case 'yaml':
      return groupedHosts(readYaml(text, what)).map(fromAnsible)
    case 'json':
      return groupedHosts(readList(text, what)).map(fromAnsible)
    case 'csv':
      return readCsv(text, what, reading)
  }
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

function fromAnsible({ name, groups, variables }: GroupedHost): ListedHost {
  const said = (...keys: readonly string[]) => {
    const value = keys.map((key) => variables[key]).find((one) => typeof one === 'string' || typeof one === 'number')
    return value === undefined || value === '' ? null : String(value)
  }
  const [address, user] = [said('ansible_host', 'ansible_ssh_host'), said('ansible_user', 'ansible_ssh_user')]
  const port = said('ansible_port', 'ansible_ssh_port')
  const way = said('ansible_connection')
  return made({
    name,
    tags: groups,
    owner: null,
    ...{ address, user, port },
    problem: way !== null && otherWays.has(way) ? `is reached by ${way} in the inventory, not over SSH` : null,
  })
}

type Written = Omit<ListedHost, 'port'> & { readonly port: string | null }

const HOST = /^[A-Za-z0-9_:[][A-Za-z0-9._:[\]-]*$/
const USER = /^[A-Za-z_][A-Za-z0-9._-]*\$?$/

/** Says what cannot be used. A template or a value of a vault is known to Ansible alone. */
function made({ port, ...host }: Written): ListedHost {
  const number = port === null ? null : Number(port)
  const wrong = (what: string, value: string) =>
    /\{\{|\$ANSIBLE_VAULT/.test(value)
      ? `has ${what} that only Ansible can fill in: name it here, or in the SSH configuration`
      : `has ${what} that cannot be used: ${JSON.stringify(value.slice(0, 60))}`
  const problem =
    host.address !== null && !HOST.test(host.address)
      ? wrong('an address', host.address)
      : host.user !== null && !USER.test(host.user)
        ? wrong('a login', host.user)
        : number !== null && !(Number.isInteger(number) && number >= 1 && number <= 65_535)
          ? wrong('a port', String(port))
          : !/^[A-Za-z0-9_][A-Za-z0-9._-]*$/.test(host.name) && (host.address === null || host.name.length > 253)
            ? wrong('a name', host.name)
            : host.problem
  return { ...host, port: problem === null ? number : null, problem }
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

function readCsv(text: string, what: string, { columns, leaveOut }: Reading): readonly ListedHost[] {
  const { delimiter, skip } = csvSeparator(text.slice(0, 1_000))
  let rows: readonly (readonly string[])[]
  try {
    rows = parse(text.slice(skip), { delimiter, trim: true, skip_empty_lines: true, relax_column_count: true })
  } catch (error) {
    throw new Error(`${what} is not valid CSV: ${errorText(error)}`)
  }
  const [header = [], ...more] = rows
  const places = new Map(hostColumns.map((column) => [column, placeOf(column, header, columns[column], what)]))
  if (places.get('name') === -1) {
    throw new Error(
      `${what} has no column that is known as the name of a host (${header.slice(0, 10).join(', ')}): say which, as in columns: { name: "Configuration item" }`,
    )
  }
  const cell = (row: readonly string[], column: HostColumn) => row[places.get(column) ?? -1]?.trim() || null
  const out = leaveOut.map(comparable)
  return more.flatMap((row) => {
    const written = cell(row, 'name')
    const state = cell(row, 'state')
    if (written === null || (state !== null && out.includes(comparable(state)))) return []
    return expandRanges(written).map((name) =>
      made({
        name,
        address: cell(row, 'address'),
        user: cell(row, 'user'),
        port: cell(row, 'port'),
        owner: cell(row, 'team'),
        tags: cell(row, 'tags')?.split(/[\s,;|]+/) ?? [],
        problem: null,
      }),
    )
  })
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
