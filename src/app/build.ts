/**
 * Builds the systems outside Patchwarden (sources, feeds, engines, monitoring, groups) by their kind in the
 * configuration. Nothing connects yet.
 */

import type { AccountPlatform, Accounts } from '../chat/accounts.ts'
import type { ChatConnection } from '../chat/platform.ts'
import { isDiscordRole, isRota, isSlackGroup } from '../config/group-settings.ts'
import { type Given, type Kind, kindOf, roleOf } from '../config/kind.ts'
import type { RoleName } from '../config/kind-settings.ts'
import { machineRule } from '../config/machine-rule.ts'
import { calendarFreezes } from '../config/resolve.ts'
import type { Config, EntryConfig, GroupConfig } from '../config/schema.ts'
import type {
  CatalogFeed,
  DeployEngine,
  HealthProbe,
  InventorySource,
  Keeping,
  LoadSource,
  MetricSource,
  MonitoringSilence,
  PeopleSource,
} from '../core/ports.ts'
import { readRealmId } from '../core/realm.ts'
import type { Values } from '../core/variables.ts'
import type { MachineRule } from '../core/witnesses.ts'
import { feedKinds } from '../integrations/feeds/registry.ts'
import { createFreezeCalendar } from '../integrations/freeze-calendar/index.ts'
import { createHealthProbe } from '../integrations/health/index.ts'
import { keptInMemory } from '../integrations/kept-in-memory.ts'
import { placeNames } from '../integrations/on-call/people-named.ts'
import { kinds as everyKind } from '../integrations/registry.ts'
import type { GroupReader } from '../workflow/directory.ts'
import type { FreezeCalendar } from '../workflow/freeze-calendars.ts'
import { buildFeedInThread } from './feed-in-thread.ts'
import { buildPeople } from './people.ts'

type Clock = () => Date

export function buildFreezeCalendars(config: Config): readonly FreezeCalendar[] {
  return calendarFreezes(config).map(({ calendar, match, teams }) =>
    createFreezeCalendar({ location: calendar, match, teams, timeZone: config.timeZone }),
  )
}

/**
 * Connections that the roles of a kind share: one for each system, and one for all entries that belong to no system.
 */
const opened = new WeakMap<Config, Map<string, unknown>>()

function connectionOf(config: Config, kind: Kind, name: string): unknown {
  const connections = opened.get(config) ?? new Map<string, unknown>()
  opened.set(config, connections)
  const key = `${kind.name} ${Object.hasOwn(config.systems, name) ? name : ''}`
  if (!connections.has(key)) connections.set(key, kind.open?.())
  return connections.get(key)
}

type RoleOf<Name extends RoleName> = NonNullable<Kind['roles'][Name]>

/**
 * For each entry of a section: the entry, its kind's part for that role (`own`), and the argument for its `create`
 * (`given`).
 */
function* entriesOf<Name extends RoleName, Entry extends EntryConfig>(
  role: Name,
  section: Readonly<Record<string, Entry>>,
  { kinds = everyKind, keeping = keptInMemory(), ...outer }: Outer,
): Generator<{ readonly entry: Entry; readonly own: RoleOf<Name>; readonly given: Given }> {
  for (const [name, entry] of Object.entries(section)) {
    const kind = kindOf(kinds, role, entry)
    const given = { ...outer, name, keeping, connection: connectionOf(outer.config, kind, name) }
    yield { entry, own: roleOf(kinds, role, entry), given }
  }
}

interface Made<Product> {
  readonly entry: EntryConfig
  readonly own: { create(entry: EntryConfig, given: Given): Product }
  readonly given: Given
}

function madeByName<Product>(entries: Iterable<Made<Product>>): ReadonlyMap<string, Product> {
  return new Map(Array.from(entries, ({ entry, own, given }) => [given.name, own.create(entry, given)]))
}

/** The part of `given` that is the same for all entries. */
interface Outer extends Pick<Given, 'config' | 'values' | 'clock'> {
  /** Default: all kinds of the registry. */
  readonly kinds?: readonly Kind[] | undefined
  /** Default: kept as long as the process lives. */
  readonly keeping?: Keeping | undefined
}

const now: Clock = () => new Date()

export function buildSources(
  config: Config,
  values: Values,
  clock: Clock,
  kinds?: readonly Kind[],
  keeping?: Keeping,
): readonly InventorySource[] {
  const entries = entriesOf('inventory', config.sources, { config, values, clock, kinds, keeping })
  return Array.from(entries, ({ entry, own, given }) => own.create(entry, given))
}

/** How assets of several sources become one machine. */
export function buildMachineRule(config: Config, kinds: readonly Kind[] = everyKind): MachineRule {
  return machineRule(config, kinds)
}

/** Feeds of kinds that the reading thread does not know are read in this thread. */
export function buildFeeds(
  config: Config,
  values: Values,
  clock: Clock,
  kinds?: readonly Kind[],
  keeping?: Keeping,
): readonly CatalogFeed[] {
  const entries = entriesOf('feed', config.feeds, { config, values, clock, kinds, keeping })
  return Array.from(entries, ({ entry, own, given }) =>
    feedKinds.some(({ roles }) => roles.feed === own)
      ? buildFeedInThread(given.name, entry, clock)
      : own.create(entry, given),
  )
}

export function buildEngines(
  config: Config,
  values: Values,
  clock: Clock,
  kinds?: readonly Kind[],
  keeping?: Keeping,
): ReadonlyMap<string, DeployEngine> {
  return madeByName(entriesOf('engine', config.engines, { config, values, clock, kinds, keeping }))
}

export function buildHealth(config: Config, kinds?: readonly Kind[]): HealthProbe {
  let probe = createHealthProbe()
  for (const { entry, own } of entriesOf('engine', config.engines, { config, values: {}, clock: now, kinds }))
    probe = own.health?.(entry, probe) ?? probe
  return probe
}

export function buildMetrics(
  config: Config,
  values: Values,
  kinds?: readonly Kind[],
): ReadonlyMap<string, MetricSource> {
  return madeByName(entriesOf('metrics', config.metrics, { config, values, clock: now, kinds }))
}

/** Builds the sources of load histories. */
export function buildLoads(
  config: Config,
  values: Values,
  clock: Clock,
  kinds?: readonly Kind[],
): ReadonlyMap<string, LoadSource> {
  return madeByName(entriesOf('load', config.loads, { config, values, clock, kinds }))
}

export function buildSilences(
  config: Config,
  values: Values,
  kinds?: readonly Kind[],
): ReadonlyMap<string, MonitoringSilence> {
  return madeByName(entriesOf('silence', config.silences, { config, values, clock: now, kinds }))
}

/** The systems that say who is on call, by the name of the group. */
export function buildOnCall(
  config: Config,
  values: Values,
  clock: Clock,
  kinds: readonly Kind[] = everyKind,
): ReadonlyMap<string, PeopleSource> {
  const sources = new Map<string, PeopleSource>()
  for (const [name, group] of Object.entries(config.groups)) {
    if (isRota(group) || isSlackGroup(group) || isDiscordRole(group)) continue
    const connection = connectionOf(config, kindOf(kinds, 'onCall', group), name)
    const given = { name, config, values, clock, connection, keeping: keptInMemory() }
    sources.set(name, roleOf(kinds, 'onCall', group).create(group, given))
  }
  return sources
}

/** Builds a reader for each group that another system keeps. A rota needs none. */
export function buildGroupReaders(
  config: Config,
  values: Values,
  { connections, accounts, clock }: { connections: readonly ChatConnection[]; accounts: Accounts; clock: Clock },
  kinds: readonly Kind[] = everyKind,
): readonly GroupReader[] {
  const people = buildPeople(config)
  const sources = buildOnCall(config, values, clock, kinds)
  const named = (source: PeopleSource) => async (signal: AbortSignal) => placeNames(await source.names(signal), people)

  function onPlatform(platform: AccountPlatform, group: { readonly server: string | null; readonly id: string }) {
    return async () => {
      const connection = connections.find((item) => item.platform.name === platform)
      if (!connection) throw new Error(`There is no connection to ${platform}.`)
      const found = new Set<string>()
      const vain: string[] = []
      for (const account of await connection.accountsIn(group)) {
        const person = await accounts.personOf(account)
        if (person !== null) found.add(person.id)
        else
          vain.push(
            `its member ${account.label} is nobody's account of ${platform} in "people", and linked with nobody.`,
          )
      }
      return { people: [...found], vain }
    }
  }

  function reader(name: string, group: GroupConfig): GroupReader['read'] | null {
    if (isRota(group)) return null
    if (isSlackGroup(group)) {
      const { realm, id } = readRealmId(group.id)
      return onPlatform('slack', { server: realm, id })
    }
    if (isDiscordRole(group)) return onPlatform('discord', group)
    const source = sources.get(name)
    return source === undefined ? null : named(source)
  }
  return Object.entries(config.groups).flatMap(([name, group]) => {
    const read = reader(name, group)
    return read === null ? [] : [{ name, read }]
  })
}
