/** Converts the configuration to the form that the record keeps. */

import { groupOf, type RecordedConfiguration } from '../core/record/configuration.ts'
import { sha256 } from '../core/sha256.ts'
import { isShippedTable, readTable } from './decision-tables.ts'
import { type GroupConfig, isRota } from './group-settings.ts'
import type { Settings } from './schema.ts'

type Section = keyof Settings

/** Sections about who decides what and when, and how patches are judged. See docs/audit.md. */
export const recorded = [
  'timeZone',
  'people',
  'roles',
  'teams',
  'away',
  'groups',
  'identity',
  'channels',
  'policies',
  'standingApprovals',
  'windows',
  'freezes',
  'rollouts',
  'priority',
  'proposals',
] as const satisfies readonly Section[]

/** Sections about connections and names. What a source says about assets is in the decisions that people vote on. */
export const notRecorded = [
  'name',
  'ca',
  'console',
  'dataDir',
  'schedule',
  'silences',
  'systems',
  'sources',
  'machines',
  'feeds',
  'engines',
  'metrics',
  'loads',
] as const satisfies readonly Section[]

/** Addresses, commands and text of people may contain a secret or a name. The record keeps only their hash. */
const hashed = ['command', 'http', 'host', 'query', 'calendar', 'location', 'match', 'also']

/** `pseudonymOf` must know everybody under `people`. */
export function recordedConfiguration(
  settings: Settings,
  pseudonymOf: (person: string) => string,
): RecordedConfiguration {
  const people = (ids: readonly string[]) => ids.map(pseudonymOf)
  const roles = (held: Settings['roles']) =>
    each(held, (holders) => holders.map((holder) => (groupOf(holder) === null ? pseudonymOf(holder) : holder)))
  const group = (one: GroupConfig) =>
    isRota(one)
      ? {
          ...one,
          people: people(one.people),
          overrides: one.overrides.map((override) => ({ ...override, person: pseudonymOf(override.person) })),
        }
      : withHashes({ ...one, fallback: people(one.fallback) })
  const { priority } = settings
  const sections: { readonly [Name in (typeof recorded)[number]]: unknown } = {
    timeZone: settings.timeZone,
    people: people(Object.keys(settings.people)).sort(),
    roles: roles(settings.roles),
    teams: each(settings.teams, ({ name: _, lanes, ...team }) => ({
      ...team,
      // A team without this setting is recorded as it always was.
      ...(lanes.length === 0 ? {} : { lanes }),
      roles: roles(team.roles),
      health: withHashes(team.health),
    })),
    away: settings.away.map(({ person, deputy, ...times }) => ({
      ...times,
      person: pseudonymOf(person),
      deputy: deputy === null ? null : pseudonymOf(deputy),
    })),
    groups: each(settings.groups, group),
    identity: settings.identity,
    channels: each(settings.channels, ({ title: _, ...channel }) => channel),
    policies: settings.policies,
    standingApprovals: settings.standingApprovals,
    windows: settings.windows,
    // The name of a freeze does not change what is frozen. It stands beside the entry.
    freezes: settings.freezes.map((freeze) => {
      if ('calendar' in freeze) return withHashes(freeze)
      const { name: _, ...rest } = freeze
      return rest
    }),
    rollouts: withHashes(settings.rollouts),
    // For a user's own table, the content of the file counts, not its path.
    priority: withHashes({
      ...priority,
      table: isShippedTable(priority.table) ? priority.table : sha256(readTable(priority.table)),
    }),
    proposals: settings.proposals,
  }
  // A file without absences is recorded as it always was.
  const { away, ...others } = sections
  return (settings.away.length === 0 ? others : { ...others, away }) as RecordedConfiguration
}

function each<T, R>(entries: Readonly<Record<string, T>>, change: (entry: T) => R): Readonly<Record<string, R>> {
  return Object.fromEntries(Object.entries(entries).map(([name, entry]) => [name, change(entry)]))
}

function withHashes(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withHashes)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value).map(([key, member]) => [
      key,
      hashed.includes(key) && isText(member) ? sha256(JSON.stringify(member)) : withHashes(member),
    ]),
  )
}

function isText(value: unknown): boolean {
  return typeof value === 'string' || (Array.isArray(value) && value.every((part) => typeof part === 'string'))
}
