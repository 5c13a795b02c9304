/**
 * What an integration says about itself, in `kind.ts` of its folder. Patchwarden knows nothing else about it.
 * docs/decisions/0026-kinds.md
 */

import type { z } from 'zod'
import type { Asset } from '../core/asset.ts'
import type {
  CatalogFeed,
  DeployEngine,
  HealthProbe,
  InventorySource,
  LoadSource,
  MetricSource,
  MonitoringSilence,
  PeopleSource,
} from '../core/ports.ts'
import type { Values, Variables } from '../core/variables.ts'
import type {
  AnySettings,
  FeedSettings,
  InventorySettings,
  OnCallSettings,
  RoleSettings,
  SystemSettings,
} from './kind-settings.ts'
import type { Finding } from './problem.ts'
import type { Config, EntryConfig, Settings, SourceConfig } from './schema.ts'

/** How a setting names a file. */
export type PathSetting =
  | 'path'
  /** What begins like `https://` is an address. */
  | 'address or path'
  /** A bare name is looked for in PATH. */
  | 'program'

/** What `create` is given beside the settings of the entry. */
export interface Given<Connection = unknown> {
  /** The name of the entry. */
  readonly name: string
  /** The whole configuration, for what an entry names elsewhere in it. */
  readonly config: Config
  /** The variables of the environment that are set. Secrets. */
  readonly values: Values
  readonly clock: () => Date
  /** What `open` of the kind made: the same for all roles of a system. */
  readonly connection: Connection
}

/** A name of something that is defined elsewhere in the file. */
export interface Reference {
  readonly path: readonly PropertyKey[]
  readonly section: 'teams' | 'sources' | 'metrics'
  readonly name: string | null
}

/** Takes the problems of one entry, by the path within it. */
export interface EntryNotes {
  problem(path: readonly PropertyKey[], what: string, mend: string, at?: Finding['at']): void
}

/** Where an entry stands. */
export interface EntryPlace {
  readonly name: string
  readonly settings: Settings
}

/** A role. Its functions are methods, so that a kind with settings of its own is one of `Kind`. */
interface Role<S extends AnySettings, Entry, Product, G> extends RoleSettings<S> {
  /** Settings that are paths: relative ones count from the folder of the file. */
  readonly paths?: Readonly<Record<string, PathSetting>>
  /** Names that it takes from elsewhere in the file, beside those that every entry of the section has. */
  refersTo?(entry: Entry): readonly Reference[]
  /** Checks what a single setting cannot show by itself. */
  check?(entry: Entry, place: EntryPlace, notes: EntryNotes): void
  create(entry: Entry, given: G): Product
}

interface InventoryRole<S extends InventorySettings, Entry, C> extends Role<S, Entry, InventorySource, Given<C>> {
  /** The assets, where the file itself lists them. Left out: only a look tells which there are. */
  listed?(entry: Entry, place: EntryPlace): readonly Asset[]
}

interface EngineRole<S extends AnySettings, Entry, C> extends Role<S, Entry, DeployEngine, Given<C>> {
  /**
   * Why it could not change what the source lists, and how to mend that; `null`: it could, as far as the file tells.
   */
  obstacle?(entry: Entry, source: SourceConfig): { readonly what: string; readonly mend: string } | null
  /** What checks the health of its assets, where the assets themselves are not asked. */
  health?(entry: Entry, otherwise: HealthProbe): HealthProbe
}

/** What is the same for every role, for those who go through all entries. */
export interface AnyRole {
  readonly paths?: Readonly<Record<string, PathSetting>>
  refersTo?(entry: EntryConfig): readonly Reference[]
  check?(entry: EntryConfig, place: EntryPlace, notes: EntryNotes): void
}

/** Needs nothing from the rest of the file, because it is also made in a thread of its own. */
export type FeedGiven = Pick<Given, 'name' | 'clock'>

interface FeedRole<S extends FeedSettings, Entry> extends Role<S, Entry, CatalogFeed, FeedGiven> {
  /** Whether it is so small that starting a thread would take longer. */
  isSmall?(entry: Entry): Promise<boolean>
}

/** An entry once it was read. */
type Read<S extends AnySettings> =
  z.output<S> extends Readonly<Record<string, never>> ? EntryConfig : z.output<S> & EntryConfig

/** With the settings of each role as that kind reads them. */
interface KindOf<
  Connection,
  Inventory extends InventorySettings,
  Feed extends FeedSettings,
  Engine extends AnySettings,
  Metrics extends AnySettings,
  Load extends AnySettings,
  Silence extends AnySettings,
  OnCall extends OnCallSettings,
> {
  /** What stands behind `kind:`. */
  readonly name: string
  /** Its page in `docs/`. */
  readonly page: string
  /** What it reads from the environment: tokens and passwords. */
  readonly variables?: Variables
  /** What its roles share. Called once for each system, and once for all entries of the kind that are in no system. */
  open?(): Connection
  readonly roles: {
    readonly inventory?: InventoryRole<Inventory, Read<Inventory>, Connection>
    readonly feed?: FeedRole<Feed, Read<Feed>>
    readonly engine?: EngineRole<Engine, Read<Engine>, Connection>
    readonly metrics?: Role<Metrics, Read<Metrics>, MetricSource, Given<Connection>>
    readonly load?: Role<Load, Read<Load>, LoadSource, Given<Connection>>
    readonly silence?: Role<Silence, Read<Silence>, MonitoringSilence, Given<Connection>>
    readonly onCall?: Role<OnCall, Read<OnCall>, PeopleSource, Given<Connection>>
  }
  /** Where it can be configured once for several roles. */
  readonly system?: SystemSettings
}

/** A kind as the list of kinds has it: an entry is only ever given to the kind that read it. */
export type Kind = KindOf<
  unknown,
  InventorySettings,
  FeedSettings,
  AnySettings,
  AnySettings,
  AnySettings,
  AnySettings,
  OnCallSettings
>

/** Declares a kind; its functions are typed by its own settings. */
export function kind<
  Connection = unknown,
  Inventory extends InventorySettings = InventorySettings,
  Feed extends FeedSettings = FeedSettings,
  Engine extends AnySettings = AnySettings,
  Metrics extends AnySettings = AnySettings,
  Load extends AnySettings = AnySettings,
  Silence extends AnySettings = AnySettings,
  OnCall extends OnCallSettings = OnCallSettings,
>(one: KindOf<Connection, Inventory, Feed, Engine, Metrics, Load, Silence, OnCall>): Kind {
  return one
}

/** The kind of an entry in its role, by today's or an older name. */
export function kindOf<Name extends keyof Kind['roles']>(kinds: readonly Kind[], role: Name, entry: EntryConfig): Kind {
  const found = kinds.find(({ name, roles }) => {
    const own = roles[role]
    return own !== undefined && (name === entry.kind || own.olderNames?.includes(entry.kind))
  })
  if (found === undefined) throw new Error(`There is no kind ${entry.kind} for this.`)
  return found
}

/** What the kind of an entry is in that role. */
export function roleOf<Name extends keyof Kind['roles']>(
  kinds: readonly Kind[],
  role: Name,
  entry: EntryConfig,
): NonNullable<Kind['roles'][Name]> {
  const own = kindOf(kinds, role, entry).roles[role]
  if (own === undefined) throw new Error(`There is no kind ${entry.kind} for this.`)
  return own
}
