import { dirname } from 'node:path'
import { z } from 'zod'
import { absolutePath } from '../../config/absolute-path.ts'
import {
  address,
  allowShrinking,
  changedBy,
  everyInventory,
  facts,
  host,
  tagsOfAll,
  user,
} from '../../config/asset-settings.ts'
import { patienceOf, upgradeTimes } from '../../config/engine-settings.ts'
import { count, duration, filePath, optional, port, reference, tags, text, yesOrNo } from '../../config/fields.ts'
import { type EntryNotes, kind } from '../../config/kind.ts'
import { present } from '../../config/present.ts'
import { quote } from '../../config/problem.ts'
import { timeZoneFor } from '../../config/resolve.ts'
import type { Settings, SourceConfig } from '../../config/schema.ts'
import { type Asset, changedAs } from '../../core/asset.ts'
import { errorText } from '../../core/error-text.ts'
import { expandRanges } from '../host-list/ranges.ts'
import { hostColumns, hostListFormats } from '../host-list/read.ts'
import { createSshConnections } from './connections.ts'
import { createSshEngine } from './engine.ts'
import { hostsOf } from './hosts-from.ts'
import { createSshInventory } from './inventory.ts'
import type { SshTarget } from './target.ts'

const MINUTE = 60

const sshHost = z.strictObject({
  name: host.describe('Short name of the asset.'),
  address: optional(address).describe('Host name or address to connect to. Default: the name.'),
  user: optional(user).describe('Login on this host.'),
  port: optional(port).describe('SSH port of this host.'),
  ...facts,
  tags: tags.describe('Tags of this host, added to the tags of the source.'),
})

const login = {
  user: optional(user).describe('Login on the hosts. Default: what the SSH configuration says.'),
  port: optional(port).describe('SSH port. Default: what the SSH configuration says.'),
  identityFile: optional(filePath).describe('Private key. Default: what the SSH configuration says.'),
  knownHostsFile: optional(filePath).describe('Known host keys. Default: what the SSH configuration says.'),
  sshConfig: optional(filePath).describe("SSH configuration to use. Default: the user's own."),
}

const looking = {
  refresh: yesOrNo.default(true).describe('Let each host refresh its package lists before it is looked at.'),
  concurrency: count(1, 200, 'Write how many hosts at the same time: 1 to 200.')
    .default(8)
    .describe('Hosts asked at the same time, beside those that have not answered for 2 s.'),
}

const connectTimeout = duration({ unit: 's', minimum: 1, maximum: 5 * MINUTE })
  .prefault('10 s')
  .describe('How long to wait for a connection.')

/** Ansible's ranges, for hosts of which nothing else is to be said. */
const range = z
  .string()
  .regex(/^[A-Za-z0-9._-]*\[[^\]]*\][A-Za-z0-9._[\]:-]*$/, {
    error: 'Write a host name, an alias from the SSH configuration, or a range such as web[01:20].',
  })
  .transform((written, context) => {
    try {
      return expandRanges(written).map((name) => sshHost.parse({ name }))
    } catch (error) {
      context.addIssue({
        code: 'custom',
        message: 'Write a range such as web[01:20].',
        params: { what: errorText(error) },
      })
      return z.NEVER
    }
  })

const hosts = z
  .array(z.union([host.transform((name) => sshHost.parse({ name })), sshHost, range]), {
    error: 'Write a list of hosts, such as [web01, web02].',
  })
  .transform((list) => list.flat())
  .pipe(
    z
      .array(z.custom<z.output<typeof sshHost>>())
      .min(1, { error: 'Write at least one host, such as [web01].' })
      .max(10_000, { error: 'Use at most 10,000 hosts in one source.' }),
  )
  .default([])
  .describe('The hosts: a name or a range such as web[01:20] each, or a name with what is different about it.')

const fromMend = 'Write a path, or a program with its arguments, such as [ansible-inventory, --list].'
const columnMend = `Write which column says what, such as { name: Hostname, address: FQDN }. Known: ${hostColumns.join(', ')}.`

/** States of hosts that are no longer there, as configuration databases call them. */
const usualLeftOut = ['retired', 'decommissioned', 'disposed', 'absent', 'deleted', 'inactive', 'in stock', 'stolen']

/** How a list is read where the configuration says nothing else. */
export const hostListDefaults = { hostsFormat: null, hostsColumns: {}, hostsLeaveOut: usualLeftOut, user: null }

const word = text('Write a word.', 200)

const hostsFromSettings = {
  hostsFrom: optional(
    z.union([filePath, z.array(z.string().min(1).max(4_096)).min(1).max(50)], { error: fromMend }),
  ).describe(
    'A file with the hosts, or a program (a list with its arguments) that prints them: an Ansible inventory (INI, YAML, `ansible-inventory --list`), a CSV, or one name a line. Read again at each look.',
  ),
  hostsFormat: optional(
    z.enum(hostListFormats, {
      error: `Write ${hostListFormats.slice(0, -1).join(', ')} or ${hostListFormats.at(-1)}.`,
    }),
  ).describe('What that is; one name a line is ini. Default: told from its content.'),
  hostsColumns: z
    .partialRecord(z.enum(hostColumns, { error: columnMend }), word, { error: columnMend })
    .default({})
    .describe(
      'Of a CSV: the columns, by what they say. Default: the usual names, such as hostname, fqdn, owner, status.',
    ),
  hostsLeaveOut: z
    .array(word, { error: 'Write a list of states, such as [retired].' })
    .default(usualLeftOut)
    .describe('Of a CSV: hosts in these states are left out.'),
  hostsTeams: z
    .record(word, reference('a team'), { error: 'Write teams by group or owner, such as { db: data }.' })
    .default({})
    .describe('Teams by group of the inventory, or by owner in the CSV. Default: the team of that name, else `team`.'),
}

const inventory = z.strictObject({
  engine: changedBy,
  ...login,
  ...looking,
  connectTimeout,
  ...facts,
  tags: tagsOfAll,
  hosts,
  ...hostsFromSettings,
  allowShrinking,
})

const engine = z.strictObject({
  concurrency: count(1, 200, 'Write how many hosts at the same time: 1 to 200.')
    .default(8)
    .describe('Hosts worked on at the same time.'),
  ...upgradeTimes,
})

type SshSource = z.output<typeof inventory>
type SshHost = z.output<typeof sshHost>

export const ssh = kind({
  name: 'ssh',
  page: 'integrations/ssh.md',
  open: createSshConnections,
  roles: {
    inventory: {
      summary: 'Hosts whose inventory is read over SSH.',
      looksAt: 'the machine itself',
      settings: inventory,
      paths: { identityFile: 'path', knownHostsFile: 'path', sshConfig: 'path', hostsFrom: 'path' },
      refersTo: ({ hosts, hostsTeams }) => [
        ...hosts.map(({ team }, index) => ({ path: ['hosts', index, 'team'], section: 'teams' as const, name: team })),
        ...Object.entries(hostsTeams).map(([word, name]) => ({
          path: ['hostsTeams', word],
          section: 'teams' as const,
          name,
        })),
      ],
      check: (source, _, notes) => checkHosts(source, notes),
      listed: (source, { name, settings }) =>
        source.hostsFrom === null ? source.hosts.map((one) => assetOf(settings, name, source, one)) : null,
      create: (source, { name, config, connection, clock }) =>
        createSshInventory({
          name,
          hosts: async (signal) =>
            (await currentHosts(config, name, source, signal)).map(({ one, target, problem }) => ({
              asset: assetOf(config, name, source, one),
              target,
              sudo: upgradedOverSsh(config, source.engine),
              problem,
            })),
          from:
            source.hostsFrom === null
              ? `${source.hosts.length} hosts`
              : `The hosts of ${[source.hostsFrom].flat().join(' ')}`,
          ...(source.hostsFrom === null || source.allowShrinking ? {} : { shrinking: 'held back' as const }),
          refresh: source.refresh,
          concurrency: source.concurrency,
          connections: connection,
          clock,
        }),
    },
    engine: {
      summary:
        'Upgrades over SSH with the package manager that the host has (apt, dnf, zypper), as the source of each asset connects to it. `ssh-apt` is its older name.',
      olderNames: ['ssh-apt'],
      settings: engine,
      obstacle: (own, source) =>
        source.kind === 'ssh'
          ? null
          : {
              what: `is of kind ${own.kind}, and a source of kind ${source.kind} does not say how to connect`,
              mend: 'List the hosts in a source of kind ssh, this machine too, or leave the key out to only watch.',
            },
      create(own, { name, config, connection, clock }) {
        return createSshEngine({
          name,
          target: (asset, signal) => targetOfAsset(config, asset, signal),
          concurrency: own.concurrency,
          connections: connection,
          ...patienceOf(own),
          clock,
        })
      },
    },
  },
  system: {
    summary: 'Hosts that are reached over SSH with one login: they are watched, and upgraded where `engine` stands.',
    connection: z.strictObject({ ...login, connectTimeout }),
    inventory: z.strictObject({ ...looking, ...everyInventory, hosts, ...hostsFromSettings, allowShrinking }),
    engine,
  },
})

export function isSshSource(source: SourceConfig): source is SourceConfig & SshSource {
  return source.kind === 'ssh'
}

/** How to connect to a host of the source. */
export function targetOf(source: SshSource, one: SshHost): SshTarget {
  return {
    host: one.address ?? one.name,
    connectTimeoutSeconds: source.connectTimeout,
    ...present({
      user: one.user ?? source.user,
      port: one.port ?? source.port,
      identityFile: source.identityFile,
      knownHostsFile: source.knownHostsFile,
      configFile: source.sshConfig,
    }),
  }
}

interface CurrentHost {
  readonly one: SshHost
  readonly target: SshTarget
  /** Why it cannot be reached as it is listed; `null`: it can. */
  readonly problem: string | null
}

/** What was read last, so that an engine need not read a list again for each of its hosts. */
const lastRead = new WeakMap<Settings, Map<string, ReadonlyMap<string, CurrentHost>>>()

/** Reads the hosts of the source as they are listed now. Throws a sentence. */
async function currentHosts(
  settings: Settings,
  name: string,
  source: SshSource,
  signal: AbortSignal,
): Promise<readonly CurrentHost[]> {
  const own = source.hosts.map((one) => ({ one, target: targetOf(source, one), problem: null }))
  const folder = typeof source.hostsFrom === 'string' ? dirname(source.hostsFrom) : process.cwd()
  const elsewhere = (await hostsOf(source, settings.teams, signal)).map((host) => {
    const one = { ...sshHost.parse({ name: 'x' }), ...present(host), tags: [...host.tags] }
    // The key that the source names is for all.
    const key = source.identityFile ?? host.identityFile
    const target = { ...targetOf(source, one), ...present({ identityFile: key && absolutePath(key, folder) }) }
    return { one, target, problem: host.problem }
  })
  const hosts = new Map([...elsewhere, ...own].map((host) => [host.one.name, host]))
  const read = lastRead.get(settings) ?? new Map<string, ReadonlyMap<string, CurrentHost>>()
  lastRead.set(settings, read.set(name, hosts))
  return [...hosts.values()]
}

/** How to connect to a host of the source, by its name; `null`: it lists none of that name. Throws a sentence. */
export async function targetNamed(
  settings: Settings,
  source: string,
  host: string,
  signal: AbortSignal,
): Promise<SshTarget | null> {
  const entry = settings.sources[source]
  if (entry === undefined || !isSshSource(entry)) return null
  if (lastRead.get(settings)?.get(source) === undefined) await currentHosts(settings, source, entry, signal)
  const found = lastRead.get(settings)?.get(source)?.get(host)
  return found === undefined || found.problem !== null ? null : found.target
}

/** Several sources may know the asset. Its engine reaches it as the source does from which it is changed. */
function targetOfAsset(settings: Settings, asset: Asset, signal: AbortSignal): Promise<SshTarget | null> {
  const id = changedAs(asset)
  const end = id.indexOf('/')
  return targetNamed(settings, id.slice(0, end), id.slice(end + 1), signal)
}

/** True when the engine upgrades over SSH. Then the login has sudo. */
function upgradedOverSsh({ engines }: Settings, engine: string | null): boolean {
  const kind = engine === null ? null : engines[engine]?.kind
  return kind === 'ssh' || kind === 'ssh-apt'
}

function assetOf(settings: Settings, name: string, source: SshSource, one: SshHost): Asset {
  const team = one.team ?? source.team ?? ''
  return {
    id: `${name}/${one.name}`,
    name: one.name,
    platform: '',
    team,
    tags: [...new Set([...source.tags, ...one.tags])],
    exposure: one.exposure ?? source.exposure ?? null,
    criticality: one.criticality ?? source.criticality ?? null,
    timeZone: one.timeZone ?? source.timeZone ?? timeZoneFor(settings, team),
    source: name,
    engine: source.engine ?? null,
    address: one.address ?? one.name,
    simulated: false,
  }
}

function checkHosts(source: SshSource, notes: EntryNotes): void {
  if (source.hosts.length === 0 && source.hostsFrom === null) {
    notes.problem(
      ['hosts'],
      'is missing',
      'Write a list of hosts, such as [web01, web02], or where they are listed: hostsFrom.',
    )
  }
  const names = new Set<string>()
  const addresses = new Map<string, string>()
  for (const [index, one] of source.hosts.entries()) {
    const path = ['hosts', index]
    if (names.has(one.name)) notes.problem(path, `is ${quote(one.name)} again`, 'List each host once.')
    else {
      const place = `${one.address ?? one.name}:${one.port ?? source.port ?? ''}`.toLowerCase()
      const other = addresses.get(place)
      if (other !== undefined) {
        const mend = 'List each machine once: two names would be patched as two machines.'
        notes.problem(path, `has the same address as ${quote(other)}`, mend)
      }
      addresses.set(place, one.name)
    }
    names.add(one.name)
    if (one.team === null && source.team === null) {
      notes.problem([...path, 'team'], 'is missing', 'Write the team that owns the host, here or for the whole source.')
    }
  }
}
