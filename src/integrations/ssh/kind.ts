import { z } from 'zod'
import { address, changedBy, everyInventory, facts, host, tagsOfAll, user } from '../../config/asset-settings.ts'
import { patienceOf, upgradeTimes } from '../../config/engine-settings.ts'
import { count, duration, filePath, optional, port, tags, yesOrNo } from '../../config/fields.ts'
import { type EntryNotes, kind } from '../../config/kind.ts'
import { present } from '../../config/present.ts'
import { quote } from '../../config/problem.ts'
import { timeZoneFor } from '../../config/resolve.ts'
import type { Settings, SourceConfig } from '../../config/schema.ts'
import { type Asset, changedAs } from '../../core/asset.ts'
import { createSshConnections } from './connections.ts'
import { createSshEngine } from './engine.ts'
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
    .describe('Hosts asked at the same time.'),
}

const connectTimeout = duration({ unit: 's', minimum: 1, maximum: 5 * MINUTE })
  .prefault('10 s')
  .describe('How long to wait for a connection.')

const hosts = z
  .array(z.union([host.transform((name) => sshHost.parse({ name })), sshHost]), {
    error: 'Write a list of hosts, such as [web01, web02].',
  })
  .min(1, { error: 'Write at least one host, such as [web01].' })
  .max(10_000, { error: 'Use at most 10,000 hosts in one source.' })
  .describe('The hosts: a name each, or a name with what is different about it.')

const inventory = z.strictObject({
  engine: changedBy,
  ...login,
  ...looking,
  connectTimeout,
  ...facts,
  tags: tagsOfAll,
  hosts,
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
      paths: { identityFile: 'path', knownHostsFile: 'path', sshConfig: 'path' },
      refersTo: ({ hosts }) =>
        hosts.map(({ team }, index) => ({ path: ['hosts', index, 'team'], section: 'teams', name: team })),
      check: (source, _, notes) => checkHosts(source, notes),
      listed: (source, { name, settings }) => source.hosts.map((one) => assetOf(settings, name, source, one)),
      create: (source, { name, config, connection, clock }) =>
        createSshInventory({
          name,
          hosts: source.hosts.map((one) => ({
            asset: assetOf(config, name, source, one),
            target: targetOf(source, one),
            sudo: upgradedOverSsh(config, source.engine),
          })),
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
        const targets = targetsOf(config)
        return createSshEngine({
          name,
          target: (asset) => targets.get(changedAs(asset)) ?? null,
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
    inventory: z.strictObject({ ...looking, ...everyInventory, hosts }),
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

/** The targets of all sources, by asset id. */
function targetsOf({ sources }: Settings): ReadonlyMap<string, SshTarget> {
  const targets = new Map<string, SshTarget>()
  for (const [name, source] of Object.entries(sources)) {
    if (!isSshSource(source)) continue
    for (const one of source.hosts) targets.set(`${name}/${one.name}`, targetOf(source, one))
  }
  return targets
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
