/**
 * The configuration as the record keeps it: who may decide what and when, and how patches are judged. It contains
 * pseudonyms instead of people, and no names or accounts. Addresses and commands are replaced by their hashes, so a
 * change is visible.
 */

import { differences } from './differences.ts'

/** Holders by role: pseudonyms, and `group:NAME` for everybody in a group. */
export type RecordedRoles = Readonly<Record<string, readonly string[]>>

export interface RecordedTeam {
  readonly roles?: RecordedRoles
  /** The chat channel of the team. */
  readonly channel?: string
  /** Name in `policies`; `null`: the team's assets are only watched. */
  readonly policy?: string | null
}

export interface RecordedGroup {
  readonly kind: string
  /** The people of a rota, in the order of their turns. */
  readonly people?: readonly string[]
  readonly overrides?: readonly { readonly person: string }[]
  /** For a group from another system: who holds the role while that system cannot be asked. */
  readonly fallback?: readonly string[]
}

/** Who is away, and who stands in: pseudonyms. Dates or instants as they are written. */
export interface RecordedAbsence {
  readonly person: string
  readonly deputy: string | null
  readonly from: string
  readonly until: string
}

type Value = string | number | boolean | null | readonly Value[] | { readonly [key: string]: Value | undefined }

/** The part of the recorded configuration that is read again here. The rest is as in patchwarden.yaml. */
export interface RecordedConfiguration {
  readonly roles?: RecordedRoles
  readonly teams?: Readonly<Record<string, RecordedTeam>>
  readonly groups?: Readonly<Record<string, RecordedGroup>>
  readonly away?: readonly RecordedAbsence[]
  readonly policies?: Readonly<Record<string, Readonly<Record<string, Value | undefined>>>>
}

/** Names of members whose text people wrote. */
const words: readonly string[] = ['match', 'also']

/** The differences between two recorded configurations. */
export function configurationDifferences(before: unknown, after: unknown) {
  return differences(before, after, (name) => words.includes(name))
}

/** A holder of a role or a member of a group. `holder`: a pseudonym, or `group:NAME`. */
export interface Holding {
  readonly role: string
  readonly holder: string
}

export interface Counted {
  readonly role: string
  readonly from: number
  readonly to: number
}

/** What has changed about who may decide for a team. */
export interface TeamChange {
  readonly team: string
  readonly gained: readonly Holding[]
  readonly lost: readonly Holding[]
  /** People who joined or left a group that holds a role for the team. `role`: the name of the group. */
  readonly joined: readonly Holding[]
  readonly left: readonly Holding[]
  /** Groups that hold a role for the team and are now read from elsewhere or have other turns. */
  readonly regrouped: readonly string[]
  /** Absences of people who hold a role for the team: named since, and named no more. */
  readonly away: readonly RecordedAbsence[]
  readonly back: readonly RecordedAbsence[]
  readonly policy: PolicyChange | null
}

export interface PolicyChange {
  /** Names of the policies; `null`: none, because the assets are only watched. */
  readonly before: string | null
  readonly after: string | null
  /** For each role: how many people the policy asks for, if the number changed. */
  readonly counts: readonly Counted[]
  /** The kinds of the policy, if they differ. */
  readonly kind: { readonly from: string; readonly to: string } | null
  /** Names of its other settings that differ. */
  readonly others: readonly string[]
}

/** The teams of now whose decisions are made by other people than before, or in another way. */
export function teamChanges(before: RecordedConfiguration, after: RecordedConfiguration): readonly TeamChange[] {
  return Object.keys(after.teams ?? {}).flatMap((team) => {
    const [was, is] = [holdingsOf(before, team), holdingsOf(after, team)]
    const [gained, lost] = [missingIn(is, was), missingIn(was, is)]
    // If a group came or went together with its role, only the role is reported.
    const kept = groupsIn(is).filter((group) => groupsIn(was).includes(group))
    const [peopleBefore, peopleAfter] = [inGroups(before, kept), inGroups(after, kept)]
    const [joined, left] = [missingIn(peopleAfter, peopleBefore), missingIn(peopleBefore, peopleAfter)]
    const moved = [...joined, ...left].map(({ role }) => role)
    const regrouped = kept.filter(
      (group) =>
        !moved.includes(group) &&
        differences(ownOf(before.groups, group) ?? null, ownOf(after.groups, group) ?? null).length > 0,
    )
    const policy = policyChange(before, after, team)
    const [wereAway, areAway] = [absencesOf(before, was), absencesOf(after, is)]
    const [away, back] = [absencesMissing(areAway, wereAway), absencesMissing(wereAway, areAway)]
    const all = [gained, lost, joined, left, regrouped, away, back]
    const some = all.some((list) => list.length > 0) || policy !== null
    return some ? [{ team, gained, lost, joined, left, regrouped, away, back, policy }] : []
  })
}

/** Absences of the people who hold these roles. */
function absencesOf(configuration: RecordedConfiguration, holdings: readonly Holding[]): readonly RecordedAbsence[] {
  const inGroup = inGroups(configuration, groupsIn(holdings))
  const people = new Set([...holdings, ...inGroup].map(({ holder }) => holder))
  return (configuration.away ?? []).filter(({ person }) => people.has(person))
}

function absencesMissing(list: readonly RecordedAbsence[], other: readonly RecordedAbsence[]) {
  const key = ({ person, deputy, from, until }: RecordedAbsence) => JSON.stringify([person, deputy, from, until])
  const known = new Set(other.map(key))
  return list.filter((one) => !known.has(key(one)))
}

/** The prefix by which a role lists everybody in a group. */
const GROUP_PREFIX = 'group:'

/** The name of the group that holds a role; `null`: the holder is a person. */
export function groupOf(holder: string): string | null {
  return holder.startsWith(GROUP_PREFIX) ? holder.slice(GROUP_PREFIX.length) : null
}

/** Everybody who holds a role for the team: roles of the team and of the organisation. */
function holdingsOf(configuration: RecordedConfiguration, team: string): readonly Holding[] {
  const roles = [configuration.roles, ownOf(configuration.teams, team)?.roles]
  const all = roles.flatMap((held) =>
    Object.entries(held ?? {}).flatMap(([role, holders]) => holders.map((holder) => ({ role, holder }))),
  )
  return missingIn(all, [])
}

/** The items of `list` that are not in `other`, each once. */
function missingIn(list: readonly Holding[], other: readonly Holding[]): readonly Holding[] {
  const key = ({ role, holder }: Holding) => JSON.stringify([role, holder])
  const seen = new Set(other.map(key))
  return list.filter((one) => {
    if (seen.has(key(one))) return false
    seen.add(key(one))
    return true
  })
}

function groupsIn(holdings: readonly Holding[]): readonly string[] {
  return [...new Set(holdings.flatMap(({ holder }) => groupOf(holder) ?? []))]
}

function inGroups({ groups }: RecordedConfiguration, names: readonly string[]): readonly Holding[] {
  return names.flatMap((name) => {
    const { people = [], overrides = [], fallback = [] } = ownOf(groups, name) ?? {}
    const all = [...people, ...overrides.map(({ person }) => person), ...fallback]
    return missingIn(
      all.map((holder) => ({ role: name, holder })),
      [],
    )
  })
}

/** Settings of a policy that say how many people of each role must agree. */
const countsOf: readonly string[] = ['approvals', 'fallback']

function policyChange(before: RecordedConfiguration, after: RecordedConfiguration, team: string): PolicyChange | null {
  const [was, is] = [before, after].map((one) => ownOf(one.teams, team)?.policy ?? null)
  if (was === undefined || is === undefined) return null
  if (was !== is) return { before: was, after: is, counts: [], kind: null, others: [] }
  if (is === null) return null
  const [old, now] = [ownOf(before.policies, is) ?? {}, ownOf(after.policies, is) ?? {}]
  const others = [...new Set(differences(old, now).map(({ at }) => at.split('.')[0] ?? ''))]
  if (others.length === 0) return null
  const kind = old.kind === now.kind ? null : { from: String(old.kind), to: String(now.kind) }
  const counts = kind === null ? countsOf.flatMap((name) => countChanges(old[name], now[name])) : []
  return {
    before: is,
    after: is,
    counts,
    kind,
    // A policy of another kind has other settings, so only the kind is reported.
    others: kind === null ? others.filter((name) => !countsOf.includes(name)) : [],
  }
}

function countChanges(before: unknown, after: unknown): readonly Counted[] {
  const [old, now] = [numbersIn(before), numbersIn(after)]
  return [...new Set([...old.keys(), ...now.keys()])].flatMap((role) => {
    const [from, to] = [old.get(role) ?? 0, now.get(role) ?? 0]
    return from === to ? [] : [{ role, from, to }]
  })
}

function numbersIn(value: unknown): ReadonlyMap<string, number> {
  const entries = typeof value === 'object' && value !== null ? Object.entries(value) : []
  return new Map(entries.flatMap(([role, count]) => (typeof count === 'number' ? [[role, count] as const] : [])))
}

function ownOf<T>(entries: Readonly<Record<string, T>> | undefined, name: string): T | undefined {
  return entries !== undefined && Object.hasOwn(entries, name) ? entries[name] : undefined
}
