/**
 * What an integration declares about itself, in `kind.ts` of its folder. Patchwarden knows nothing else about it. See
 * docs/decisions/0026-kinds.md.
 */

import type { z } from 'zod'
import type { Asset } from '../core/asset.ts'
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
  /** Text that begins like `https://` is an address. */
  | 'address or path'
  /** A name without a slash is searched in PATH. */
  | 'program'

/** What `create` gets in addition to the settings of the entry. */
export interface Given<Connection = unknown> {
  /** The name of the entry. */
  readonly name: string
  /** The whole configuration, because an entry may name other parts of it. */
  readonly config: Config
  /** The environment variables that are set. Secret. */
  readonly values: Values
  readonly clock: () => Date
  /** What outlives the process. */
  readonly keeping: Keeping
  /** The result of the kind's `open`. All roles of a system get the same one. */
  readonly connection: Connection
}

/** A name of something that is defined elsewhere in the file. */
export interface Reference {
  readonly path: readonly PropertyKey[]
  readonly section: 'teams' | 'sources' | 'metrics'
  readonly name: string | null
}

/** Takes the problems of one entry. `path` is the path within the entry. */
export interface EntryNotes {
  problem(path: readonly PropertyKey[], what: string, mend: string, at?: Finding['at']): void
}

/** The name of an entry and the settings that contain it. */
export interface EntryPlace {
  readonly name: string
  readonly settings: Settings
}

/** A role. Its functions are methods, so TypeScript accepts a kind with its own settings as a `Kind`. */
interface Role<S extends AnySettings, Entry, Product, G> extends RoleSettings<S> {
  /** Settings that are paths. Relative paths count from the folder of the file. */
  readonly paths?: Readonly<Record<string, PathSetting>>
  /** Names that the entry takes from elsewhere in the file, without those that every entry of the section has. */
  refersTo?(entry: Entry): readonly Reference[]
  /** Checks what needs more than one setting. */
  check?(entry: Entry, place: EntryPlace, notes: EntryNotes): void
  create(entry: Entry, given: G): Product
}

/** What a source looks at. Of a machine that several sources know, the nearest one counts first. */
export const nearness = [
  'the machine itself',
  'what machines report',
  'what a system that only watches reports',
  'a list',
] as const

interface InventoryRole<S extends InventorySettings, Entry, C> extends Role<S, Entry, InventorySource, Given<C>> {
  readonly looksAt: (typeof nearness)[number]
  /** The assets, if the file itself lists them. Left out or `null`: only a look shows which assets exist. */
  listed?(entry: Entry, place: EntryPlace): readonly Asset[] | null
}

interface EngineRole<S extends AnySettings, Entry, C> extends Role<S, Entry, DeployEngine, Given<C>> {
  /**
   * Why the engine could not change the source's assets, and what to do; `null`: it could, as far as the file tells.
   */
  obstacle?(entry: Entry, source: SourceConfig): { readonly what: string; readonly mend: string } | null
  /** The probe for the health of its assets, if the assets themselves are not asked. `otherwise`: the usual probe. */
  health?(entry: Entry, otherwise: HealthProbe): HealthProbe
}

/** The part of a role that is the same for all roles, for code that handles all entries. */
export interface AnyRole {
  readonly paths?: Readonly<Record<string, PathSetting>>
  refersTo?(entry: EntryConfig): readonly Reference[]
  check?(entry: EntryConfig, place: EntryPlace, notes: EntryNotes): void
}

/**
 * A feed of the list of feeds gets nothing from the rest of the file, because it is created in another thread. The feed
 * of a system gets what every role gets.
 */
export type FeedGiven<Connection = unknown> = Pick<Given, 'name' | 'clock'> &
  Partial<Pick<Given<Connection>, 'keeping' | 'connection' | 'values'>>

interface FeedRole<S extends FeedSettings, Entry, C> extends Role<S, Entry, CatalogFeed, FeedGiven<C>> {
  /** Whether the feed is so small that starting a thread would take longer. */
  isSmall?(entry: Entry): Promise<boolean>
}

/** An entry after reading. */
type Read<S extends AnySettings> =
  z.output<S> extends Readonly<Record<string, never>> ? EntryConfig : z.output<S> & EntryConfig

/** A kind with its own types for the settings of each role. */
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
  /** The value of `kind:`. */
  readonly name: string
  /** The page of the kind in `docs/`. */
  readonly page: string
  /** Variables that the kind reads from the environment: tokens and passwords. */
  readonly variables?: Variables
  /** Makes what the roles share. Called once per system, and once for all entries of the kind outside systems. */
  open?(): Connection
  readonly roles: {
    readonly inventory?: InventoryRole<Inventory, Read<Inventory>, Connection>
    readonly feed?: FeedRole<Feed, Read<Feed>, Connection>
    readonly engine?: EngineRole<Engine, Read<Engine>, Connection>
    readonly metrics?: Role<Metrics, Read<Metrics>, MetricSource, Given<Connection>>
    readonly load?: Role<Load, Read<Load>, LoadSource, Given<Connection>>
    readonly silence?: Role<Silence, Read<Silence>, MonitoringSilence, Given<Connection>>
    readonly onCall?: Role<OnCall, Read<OnCall>, PeopleSource, Given<Connection>>
  }
  /** Set if the kind can be configured once for several roles. */
  readonly system?: SystemSettings
}

/** A kind in the list of kinds. An entry is only given to the kind that read it. */
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

/** Declares a kind, with the types of its own settings. */
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

/** The kind of an entry in a role, found by its name or an older name. Throws if there is none. */
export function kindOf<Name extends keyof Kind['roles']>(kinds: readonly Kind[], role: Name, entry: EntryConfig): Kind {
  const found = kinds.find(({ name, roles }) => {
    const own = roles[role]
    return own !== undefined && (name === entry.kind || own.olderNames?.includes(entry.kind))
  })
  if (found === undefined) throw new Error(`There is no kind ${entry.kind} for this.`)
  return found
}

/** The role of an entry's kind. Throws if there is none. */
export function roleOf<Name extends keyof Kind['roles']>(
  kinds: readonly Kind[],
  role: Name,
  entry: EntryConfig,
): NonNullable<Kind['roles'][Name]> {
  const own = kindOf(kinds, role, entry).roles[role]
  if (own === undefined) throw new Error(`There is no kind ${entry.kind} for this.`)
  return own
}
