/** The part of a kind that the schema of patchwarden.yaml needs: its name, and its settings in each role. */

import { z } from 'zod'
import type { everyInventory, everySource } from './asset-settings.ts'
import type { everyFeed } from './feed-settings.ts'
import { optional } from './fields.ts'
import { discordRole, type fallback, ownGroups, rota, slackGroup } from './group-settings.ts'
import { list } from './problem.ts'

/** Settings with at least these keys. Unknown keys are refused. */
export type SettingsOf<Shape extends z.ZodRawShape> = z.ZodObject<Shape, z.core.$strict>

export type InventorySettings = SettingsOf<typeof everySource>
export type FeedSettings = SettingsOf<typeof everyFeed>
export type OnCallSettings = SettingsOf<{ readonly fallback: typeof fallback }>
/** For roles whose kinds share no settings. */
export type AnySettings = SettingsOf<Readonly<Record<never, z.ZodType>>>

/** The section of patchwarden.yaml for each role. */
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
  /** A sentence that describes the kind, for editors and docs/configuration.md. */
  readonly summary: string
  /** Older names of the kind that are still accepted in this role. */
  readonly olderNames?: readonly string[]
  /** All settings except `kind`. */
  readonly settings: Settings
}

/** Settings that a system has once, and settings of each of its roles. */
export interface SystemSettings {
  /** A sentence that describes the system. */
  readonly summary: string
  /** Settings for reaching the system and logging in. */
  readonly connection: AnySettings
  /** Settings of the inventory. They exclude the connection, and `engine`, because a system is its own engine. */
  readonly inventory: SettingsOf<typeof everyInventory>
  readonly engine?: AnySettings
  /** Settings of the catalog, if the system has one. They exclude the connection. */
  readonly feed?: AnySettings
}

export interface KindSettings {
  /** The value of `kind:`. */
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

/** An entry as it is configured. Only its kind knows the other settings. */
export interface EntryConfig {
  readonly kind: string
  readonly [setting: string]: unknown
}

/** A system as it is configured. Only its kind knows the other settings. */
export interface SystemConfig extends EntryConfig {
  readonly inventory: z.output<SystemSettings['inventory']>
  /** Left out or `null`: the assets that it lists are only watched. */
  readonly engine?: Readonly<Record<string, unknown>> | null
  /** Left out: a system of this kind has no catalog. */
  readonly feed?: Readonly<Record<string, unknown>>
}

/** The names of the kinds that have the role, without older names. */
export function kindsIn(kinds: readonly KindSettings[], role: RoleName): readonly string[] {
  return kinds.flatMap((kind) => (kind.roles[role] === undefined ? [] : [kind.name]))
}

/** The settings of a kind together with `kind`. */
function withKind<Shape extends z.ZodRawShape>(
  name: string,
  { summary, olderNames, settings }: RoleSettings<SettingsOf<Shape>>,
) {
  const kind = olderNames === undefined ? z.literal(name) : z.enum([name, ...olderNames])
  return z.strictObject({ kind: kind.describe(summary), ...settings.shape })
}

/** The sections whose entries have a kind. `groups` also has the kinds of Patchwarden itself. */
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

/** Descriptions of the parts of a system. */
export const systemParts = {
  inventory: 'What it lists: these assets are watched.',
  engine: 'It changes the assets, once approved. Default: none, they are only watched.',
  feed: 'What it knows of updates.',
} as const

function systemsOf(kinds: readonly KindSettings[]) {
  const options = kinds.flatMap(({ name, system }) => {
    if (system === undefined) return []
    const { summary, connection, inventory, engine, feed } = system
    const watched = z.strictObject({
      kind: z.literal(name).describe(summary),
      ...connection.shape,
      inventory: inventory.describe(systemParts.inventory),
    })
    const changed = engine && optional(engine).describe(systemParts.engine)
    const known = feed?.prefault({}).describe(systemParts.feed)
    if (changed && known) return [z.strictObject({ ...watched.shape, engine: changed, feed: known })]
    if (known) return [z.strictObject({ ...watched.shape, feed: known })]
    return changed ? [z.strictObject({ ...watched.shape, engine: changed })] : [watched]
  })
  return oneOf(options, choiceOf(kinds.flatMap(({ name, system }) => (system === undefined ? [] : [name]))))
}

/** The error text for a wrong `kind`. */
function choiceOf(names: readonly string[]): string {
  return names.length > 6 ? `Write one of ${names.join(', ')}.` : `Write ${list(names, 'or')}.`
}
