/** The part of a kind that the shape of patchwarden.yaml is made from: what it is called, and its settings in each role. */

import { z } from 'zod'
import type { everyInventory, everySource } from './asset-settings.ts'
import type { everyFeed } from './feed-settings.ts'
import { optional } from './fields.ts'
import { discordRole, type fallback, ownGroups, rota, slackGroup } from './group-settings.ts'
import { list } from './problem.ts'

/** Settings that have at least these, and refuse what they do not know. */
export type SettingsOf<Shape extends z.ZodRawShape> = z.ZodObject<Shape, z.core.$strict>

export type InventorySettings = SettingsOf<typeof everySource>
export type FeedSettings = SettingsOf<typeof everyFeed>
export type OnCallSettings = SettingsOf<{ readonly fallback: typeof fallback }>
/** For a role in which kinds have nothing in common. */
export type AnySettings = SettingsOf<Readonly<Record<never, z.ZodType>>>

/** The section of patchwarden.yaml in which a kind is named for each role. */
export const sectionOf = {
  inventory: 'sources',
  feed: 'feeds',
  engine: 'engines',
  metrics: 'metrics',
  load: 'loads',
  silence: 'silences',
  onCall: 'groups',
} as const

export type RoleName = keyof typeof sectionOf

export interface RoleSettings<Settings extends AnySettings> {
  /** A sentence that says what it is, for editors and docs/configuration.md. */
  readonly summary: string
  /** Other names that the kind goes on being known by in this role. */
  readonly olderNames?: readonly string[]
  /** Without `kind`. */
  readonly settings: Settings
}

/** What a system of the kind says once, and what each role says beside it. */
export interface SystemSettings {
  /** A sentence that says what it is. */
  readonly summary: string
  /** How it is reached and logged in to. */
  readonly connection: AnySettings
  /**
   * The settings of the role, without those of the connection and without `engine`, because a system is its own engine.
   */
  readonly inventory: SettingsOf<typeof everyInventory>
  readonly engine?: AnySettings
}

export interface KindSettings {
  /** What stands behind `kind:`. */
  readonly name: string
  readonly page: string
  readonly roles: {
    readonly inventory?: RoleSettings<InventorySettings>
    readonly feed?: RoleSettings<FeedSettings>
    readonly engine?: RoleSettings<AnySettings>
    readonly metrics?: RoleSettings<AnySettings>
    readonly load?: RoleSettings<AnySettings>
    readonly silence?: RoleSettings<AnySettings>
    readonly onCall?: RoleSettings<OnCallSettings>
  }
  readonly system?: SystemSettings
}

/** An entry as it is configured. Only its kind knows its other settings. */
export interface EntryConfig {
  readonly kind: string
  readonly [setting: string]: unknown
}

/** A system as it is configured. Only its kind knows its other settings. */
export interface SystemConfig extends EntryConfig {
  readonly inventory: z.output<SystemSettings['inventory']>
  /** Left out or `null`: what it lists is only watched. */
  readonly engine?: Readonly<Record<string, unknown>> | null
}

/** The names of the kinds that play the role, older ones left out. */
export function kindsIn(kinds: readonly KindSettings[], role: RoleName): readonly string[] {
  return kinds.flatMap((kind) => (kind.roles[role] === undefined ? [] : [kind.name]))
}

/** `kind`, and the settings of that kind. */
function withKind<Shape extends z.ZodRawShape>(
  name: string,
  { summary, olderNames, settings }: RoleSettings<SettingsOf<Shape>>,
) {
  const kind = olderNames === undefined ? z.literal(name) : z.enum([name, ...olderNames])
  return z.strictObject({ kind: kind.describe(summary), ...settings.shape })
}

/** The sections whose entries are of kinds, `groups` with those that it has by itself. */
export function kindSections(kinds: readonly KindSettings[]) {
  function playing<Shape extends z.ZodRawShape>(
    role: (roles: KindSettings['roles']) => RoleSettings<SettingsOf<Shape>> | undefined,
  ) {
    return kinds.flatMap((kind) => {
      const own = role(kind.roles)
      return own === undefined ? [] : [withKind(kind.name, own)]
    })
  }
  const choice = (role: RoleName) => choiceOf(kindsIn(kinds, role))
  const onCall = playing(({ onCall }) => onCall)
  return {
    sources: oneOf(
      playing(({ inventory }) => inventory),
      choice('inventory'),
    ),
    feeds: oneOf(
      playing(({ feed }) => feed),
      choice('feed'),
    ),
    engines: oneOf(
      playing(({ engine }) => engine),
      choice('engine'),
    ),
    metrics: oneOf(
      playing(({ metrics }) => metrics),
      choice('metrics'),
    ),
    loads: oneOf(
      playing(({ load }) => load),
      choice('load'),
    ),
    silences: oneOf(
      playing(({ silence }) => silence),
      choice('silence'),
    ),
    groups: z.discriminatedUnion('kind', [rota, slackGroup, discordRole, ...onCall], {
      error: choiceOf([...ownGroups, ...kindsIn(kinds, 'onCall')]),
    }),
    systems: systemsOf(kinds),
  }
}

/** One of several shapes, chosen by `kind`. */
function oneOf<Options extends z.core.$ZodTypeDiscriminable>(options: readonly Options[], error: string) {
  const [first, ...rest] = options
  if (first === undefined) throw new Error('There must be a kind for each role.')
  return z.discriminatedUnion('kind', [first, ...rest], { error })
}

/** What the parts of a system are. */
export const systemParts = {
  inventory: 'What it lists: these assets are watched.',
  engine: 'It changes the assets, once approved. Default: none, they are only watched.',
} as const

function systemsOf(kinds: readonly KindSettings[]) {
  const options = kinds.flatMap(({ name, system }) => {
    if (system === undefined) return []
    const { summary, connection, inventory, engine } = system
    const watched = z.strictObject({
      kind: z.literal(name).describe(summary),
      ...connection.shape,
      inventory: inventory.describe(systemParts.inventory),
    })
    if (engine === undefined) return [watched]
    const changed = optional(engine).describe(systemParts.engine)
    return [z.strictObject({ ...watched.shape, engine: changed })]
  })
  return oneOf(options, choiceOf(kinds.flatMap(({ name, system }) => (system === undefined ? [] : [name]))))
}

/** What a mistake in `kind` is answered with. */
function choiceOf(names: readonly string[]): string {
  return names.length > 6 ? `Write one of ${names.join(', ')}.` : `Write ${list(names, 'or')}.`
}
