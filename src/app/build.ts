/** What stands outside, by its kind in the configuration: sources, feeds, engines, monitoring, groups. Connects nothing yet. */

import { hostname } from 'node:os'
import path from 'node:path'
import type { AccountPlatform, Accounts } from '../chat/accounts.ts'
import type { ChatConnection } from '../chat/platform.ts'
import type { Environment } from '../config/environment.ts'
import { calendarFreezes, timeZoneFor } from '../config/resolve.ts'
import type {
  AnsibleEngineConfig,
  Config,
  EngineConfig,
  GroupConfig,
  LoadConfig,
  MetricConfig,
  SourceConfig,
  SshHostConfig,
  SshSourceConfig,
  TimesConfig,
} from '../config/schema.ts'
import type { Asset } from '../core/asset.ts'
import type {
  CatalogFeed,
  DeployEngine,
  HealthProbe,
  InventorySource,
  LoadSource,
  MetricSource,
  MonitoringSilence,
} from '../core/ports.ts'
import { readRealmId } from '../core/realm.ts'
import { createAnsibleEngine, createAnsibleModuleEngine } from '../integrations/ansible/index.ts'
import { createSsmEngine } from '../integrations/aws-ssm/index.ts'
import { createAwxEngine } from '../integrations/awx/index.ts'
import { createFileInventory } from '../integrations/file-inventory/index.ts'
import { createFreezeCalendar } from '../integrations/freeze-calendar/index.ts'
import { createHealthProbe, createSimulatedProbe } from '../integrations/health/index.ts'
import { createCsvLoad } from '../integrations/load-csv/index.ts'
import { createLocalInventory } from '../integrations/local-host/index.ts'
import { createCalendar } from '../integrations/on-call/calendar.ts'
import { createPagerDuty } from '../integrations/on-call/pagerduty.ts'
import { type PeopleSource, peopleNamed } from '../integrations/on-call/people-source.ts'
import {
  createPrometheusLoad,
  createPrometheusMetrics,
  type PrometheusAccess,
  type PrometheusServer,
} from '../integrations/prometheus/index.ts'
import { createSarLoad } from '../integrations/sar/index.ts'
import { createAlertmanagerSilence, createCommandSilence } from '../integrations/silence/index.ts'
import { createSimulatedEngine } from '../integrations/simulated/index.ts'
import { createSshConnections, createSshEngine, createSshInventory, type SshTarget } from '../integrations/ssh/index.ts'
import type { GroupReader } from '../workflow/directory.ts'
import type { FreezeCalendar } from '../workflow/freeze-calendars.ts'
import { buildFeedInThread } from './feed-in-thread.ts'
import { buildPeople } from './people.ts'
import { present } from './present.ts'

type Clock = () => Date

export function buildFreezeCalendars(config: Config): readonly FreezeCalendar[] {
  return calendarFreezes(config).map(({ calendar, match, teams }) =>
    createFreezeCalendar({ location: calendar, match, teams, timeZone: config.timeZone }),
  )
}

/** One for the process: a look at a host goes over the connection that its upgrade left open. */
const sshConnections = createSshConnections()

export function buildSources(config: Config, clock: Clock): readonly InventorySource[] {
  return Object.entries(config.sources).map(([name, source]) => buildSource(config, name, source, clock))
}

function buildSource(config: Config, name: string, source: SourceConfig, clock: Clock): InventorySource {
  const team = source.team ?? ''
  const facts = {
    team,
    tags: source.tags,
    exposure: source.exposure ?? null,
    criticality: source.criticality ?? null,
    timeZone: source.timeZone ?? timeZoneFor(config, team),
    engine: source.engine ?? null,
  }
  switch (source.kind) {
    case 'local': {
      const host = source.name ?? hostname()
      return createLocalInventory({
        name,
        asset: {
          ...facts,
          id: `${name}/${host}`,
          name: host,
          address: '127.0.0.1',
          source: name,
          simulated: false,
          platform: '',
        },
        clock,
      })
    }
    case 'file': {
      const { path, format, platform, address } = source
      const given = {
        name: source.name,
        platform,
        address,
        team: source.team,
        tags: source.tags,
        exposure: source.exposure,
        criticality: source.criticality,
        timeZone: facts.timeZone,
        engine: source.engine,
      }
      return createFileInventory({ name, path, format, defaults: present(given), clock })
    }
    case 'ssh':
      return createSshInventory({
        name,
        hosts: source.hosts.map((host) => ({
          asset: sshAsset(config, name, source, host),
          target: sshTarget(source, host),
          sudo: upgradedOverSsh(config, source.engine),
        })),
        refresh: source.refresh,
        concurrency: source.concurrency,
        connections: sshConnections,
        clock,
      })
  }
}

/** Its login has sudo then, for the upgrade. */
function upgradedOverSsh({ engines }: Config, engine: string | null): boolean {
  const kind = engine === null ? null : engines[engine]?.kind
  return kind === 'ssh' || kind === 'ssh-apt'
}

function sshAsset(config: Config, name: string, source: SshSourceConfig, host: SshHostConfig): Asset {
  const team = host.team ?? source.team ?? ''
  return {
    id: `${name}/${host.name}`,
    name: host.name,
    platform: '',
    team,
    tags: [...new Set([...source.tags, ...host.tags])],
    exposure: host.exposure ?? source.exposure ?? null,
    criticality: host.criticality ?? source.criticality ?? null,
    timeZone: host.timeZone ?? source.timeZone ?? timeZoneFor(config, team),
    source: name,
    engine: source.engine ?? null,
    address: host.address ?? host.name,
    simulated: false,
  }
}

function sshTarget(source: SshSourceConfig, host: SshHostConfig): SshTarget {
  return {
    host: host.address ?? host.name,
    connectTimeoutSeconds: source.connectTimeout,
    ...present({
      user: host.user ?? source.user,
      port: host.port ?? source.port,
      identityFile: source.identityFile,
      knownHostsFile: source.knownHostsFile,
      configFile: source.sshConfig,
    }),
  }
}

export function buildFeeds(config: Config, clock: Clock): readonly CatalogFeed[] {
  return Object.entries(config.feeds).map(([name, feed]) => buildFeedInThread(name, feed, clock))
}

export function buildEngines(
  config: Config,
  environment: Environment,
  clock: Clock,
): ReadonlyMap<string, DeployEngine> {
  const targets = new Map<string, SshTarget>()
  for (const [name, source] of Object.entries(config.sources)) {
    if (source.kind !== 'ssh') continue
    for (const host of source.hosts) targets.set(`${name}/${host.name}`, sshTarget(source, host))
  }
  const engines = new Map<string, DeployEngine>()
  for (const [name, engine] of Object.entries(config.engines)) {
    const built =
      engine.kind === 'ansible'
        ? buildAnsibleEngine(config, name, engine, clock)
        : buildEngine(name, engine, targets, environment, clock)
    engines.set(name, built)
  }
  return engines
}

function buildEngine(
  name: string,
  engine: Exclude<EngineConfig, AnsibleEngineConfig>,
  targets: ReadonlyMap<string, SshTarget>,
  environment: Environment,
  clock: Clock,
): DeployEngine {
  switch (engine.kind) {
    case 'simulated':
      return createSimulatedEngine({ name, stateFile: engine.state, pace: engine.pace, clock })
    case 'ssh':
    case 'ssh-apt':
      return createSshEngine({
        name,
        target: (asset) => targets.get(asset.id) ?? null,
        concurrency: engine.concurrency,
        connections: sshConnections,
        ...patienceOf(engine),
        clock,
      })
    case 'awx':
      return createAwxEngine({
        name,
        url: engine.url,
        token: environment.awxToken,
        template: engine.template,
        lockWaitSeconds: engine.lockTimeout,
        previewSeconds: engine.previewTimeout,
        ...present({ inventory: engine.inventory }),
        clock,
      })
    case 'aws-ssm':
      return createSsmEngine({
        name,
        region: engine.region,
        document: engine.document,
        ...patienceOf(engine),
        ...present({ endpoint: engine.endpoint }),
        clock,
      })
  }
}

function buildAnsibleEngine(config: Config, name: string, engine: AnsibleEngineConfig, clock: Clock): DeployEngine {
  const { playbook, inventory, command, forks } = engine
  const settings = {
    ...{ name, playbook, inventory, command, forks },
    ...present({ configFile: engine.config, vaultPasswordFile: engine.vaultPasswordFile }),
  }
  if (engine.mode === 'module') {
    return createAnsibleModuleEngine({
      ...settings,
      transactionSeconds: engine.transactionTimeout,
      stateFolder: path.join(config.dataDir, 'ansible', name),
      clock,
    })
  }
  return createAnsibleEngine({
    ...settings,
    ...patienceOf(engine),
    lookEverySeconds: engine.lookEvery,
    clock,
  })
}

/** How long a host at work is waited for. */
function patienceOf(engine: TimesConfig) {
  return {
    lockWaitSeconds: engine.lockTimeout,
    rebootWaitSeconds: engine.rebootTimeout,
    silenceSeconds: engine.unreachableAfter,
    transactionSeconds: engine.transactionTimeout,
  }
}

export function buildHealth(config: Config): HealthProbe {
  let probe = createHealthProbe()
  for (const engine of Object.values(config.engines)) {
    if (engine.kind === 'simulated') probe = createSimulatedProbe({ stateFile: engine.state, otherwise: probe })
  }
  return probe
}

type Secrets = Pick<Environment, 'prometheus'>

export function buildMetrics(config: Config, secrets: Secrets): ReadonlyMap<string, MetricSource> {
  const metrics = new Map<string, MetricSource>()
  for (const [name, metric] of Object.entries(config.metrics))
    metrics.set(name, createPrometheusMetrics(prometheusServer(name, metric, secrets)))
  return metrics
}

function prometheusServer(name: string, metric: MetricConfig, secrets: Secrets): PrometheusServer {
  return { name, url: metric.url, access: accessTo(name, metric, secrets), timeoutSeconds: metric.timeout }
}

function accessTo(name: string, { user, secret }: MetricConfig, { prometheus }: Secrets): PrometheusAccess {
  const variable = secret ?? 'PROMETHEUS_TOKEN'
  const value = prometheus[variable] ?? null
  if (value !== null) return user === null ? { kind: 'bearer', token: value } : { kind: 'basic', user, password: value }
  if (secret === null && user === null) return { kind: 'open' }
  return { kind: 'missing', problem: `${variable} is not set, and Prometheus ${name} is asked with it.` }
}

/** Histories of load. */
export function buildLoads(config: Config, secrets: Secrets, clock: Clock): ReadonlyMap<string, LoadSource> {
  return new Map(
    Object.entries(config.loads).map(([name, load]) => [name, buildLoad(config, name, load, secrets, clock)]),
  )
}

function buildLoad(config: Config, name: string, load: LoadConfig, secrets: Secrets, clock: Clock): LoadSource {
  switch (load.kind) {
    case 'csv':
      return createCsvLoad({ name, path: load.path })
    case 'prometheus': {
      const metric = config.metrics[load.source]
      if (metric === undefined)
        throw new Error(`The load ${name} names the metric source ${load.source}, which is none.`)
      const server = prometheusServer(load.source, metric, secrets)
      return createPrometheusLoad({ name, server, query: load.query, stepSeconds: load.step })
    }
    case 'sar': {
      const source = config.sources[load.source]
      const { measure } = load
      if (source?.kind === 'local')
        return createSarLoad({ name, host: source.name ?? hostname(), target: null, measure, clock })
      const host = source?.kind === 'ssh' ? source.hosts.find((each) => each.name === load.host) : undefined
      if (source?.kind !== 'ssh' || host === undefined)
        throw new Error(`The load ${name} names a host that the source ${load.source} does not list.`)
      return createSarLoad({ name, host: host.name, target: sshTarget(source, host), measure, clock })
    }
  }
}

export function buildSilences(config: Config, environment: Environment): ReadonlyMap<string, MonitoringSilence> {
  const silences = new Map<string, MonitoringSilence>()
  for (const [name, silence] of Object.entries(config.silences)) {
    if (silence.kind === 'alertmanager') {
      const { url, matchers } = silence
      silences.set(name, createAlertmanagerSilence({ name, url, matchers, access: environment.alertmanager }))
      continue
    }
    const { hold, release, timeout } = silence
    silences.set(name, createCommandSilence({ name, hold, release, timeoutSeconds: timeout }))
  }
  return silences
}

/** The groups that other systems keep. */
export function buildGroupReaders(
  config: Config,
  environment: Environment,
  { connections, accounts, clock }: { connections: readonly ChatConnection[]; accounts: Accounts; clock: Clock },
): readonly GroupReader[] {
  const people = buildPeople(config)
  const named = (source: PeopleSource) => async (signal: AbortSignal) => peopleNamed(await source.names(signal), people)

  function onPlatform(platform: AccountPlatform, group: { readonly server: string | null; readonly id: string }) {
    return async () => {
      const connection = connections.find((item) => item.platform.name === platform)
      if (!connection) throw new Error(`There is no connection to ${platform}.`)
      const found: string[] = []
      for (const account of await connection.accountsIn(group)) {
        const person = await accounts.personOf(account)
        if (person !== null) found.push(person.id)
      }
      return found
    }
  }

  function reader(group: GroupConfig): GroupReader['read'] | null {
    switch (group.kind) {
      case 'rota':
        return null
      case 'slack user group': {
        const { realm, id } = readRealmId(group.id)
        return onPlatform('slack', { server: realm, id })
      }
      case 'discord role':
        return onPlatform('discord', group)
      case 'calendar':
        return named(createCalendar({ location: group.location, clock }))
      case 'pagerduty': {
        const { pagerduty } = environment
        if (pagerduty === null) return () => Promise.reject(new Error('PAGERDUTY_TOKEN is not set.'))
        return named(createPagerDuty({ schedule: group.schedule, ...pagerduty, clock }))
      }
    }
  }
  return Object.entries(config.groups).flatMap(([name, group]) => {
    const read = reader(group)
    return read === null ? [] : [{ name, read }]
  })
}
