/**
 * Converts the configuration to the types of the core. For a team that is not configured or is only watched, everything
 * that depends on the team is `null`; then nothing is proposed for it.
 */

import { DateTime } from 'luxon'
import type { Absence } from '../core/deputies.ts'
import type { DigestRule } from '../core/digest.ts'
import type { MeasureRule } from '../core/load.ts'
import type { AcknowledgementRule, Member, Policy, RoleCount, StandingRule } from '../core/policy.ts'
import { type HealthCheck, type Hook, hookMoments } from '../core/ports.ts'
import type { ServiceCheck } from '../core/proposal/proposal.ts'
import { groupOf } from '../core/record/configuration.ts'
import type { RingRule, TeamPlan } from '../core/ring-rule.ts'
import type { Rota } from '../core/rota.ts'
import { dayEnds } from '../core/time/calendar-day.ts'
import type { Weekday } from '../core/time/local-time.ts'
import type { Freeze, WindowPlan, WindowRule } from '../core/window.ts'
import { isRota, type RotaConfig } from './group-settings.ts'
import { named } from './named.ts'
import type {
  CalendarFreezeConfig,
  Config,
  FreezeConfig,
  HealthConfig,
  PolicyConfig,
  RingConfig,
  ServiceCheckConfig,
  Settings,
  WeeklyRuleConfig,
  WindowRuleConfig,
} from './schema.ts'

/** The policy of a team; `null`: none. */
export function policyFor(config: Settings, team: string): Policy | null {
  const name = named(config.teams, team)?.policy ?? null
  return name === null ? null : policyNamed(config, name)
}

/** The policy with this name; `null`: none. Also used for policies under which people vote on standing rules. */
export function policyNamed(config: Settings, name: string): Policy | null {
  const policy = named(config.policies, name)
  if (policy === null) return null
  return {
    name,
    approval: approvalOf(policy),
    selfApproval: policy.selfApproval,
    cli: policy.cli,
    expiresAfterSeconds: policy.expiresAfter,
    remindAfterSeconds: policy.remindAfter,
    messageAfterSeconds: policy.messageAfter,
    escalateAfterSeconds: policy.escalateAfter,
    escalateTo: policy.escalateTo ?? policy.stop,
    urgent:
      policy.urgent === null
        ? null
        : {
            messageAfterSeconds: policy.urgent.messageAfter,
            escalateAfterSeconds: policy.urgent.escalateAfter,
            repeatEverySeconds: policy.urgent.repeatEvery,
          },
    stop: policy.stop,
    resume: roleCounts(policy.resume),
    breakGlass:
      policy.breakGlass === null
        ? null
        : { roles: policy.breakGlass.roles, reviewWithinSeconds: policy.breakGlass.reviewWithin },
    reboot: policy.reboot,
    restartServices: policy.restartServices,
    testRing: policy.testRing,
    inventoryMaxAgeSeconds: policy.inventoryMaxAge,
    acknowledgement: acknowledgementOf(policy),
    stepUpRings: policy.stepUp,
  }
}

const askingByDefault = {
  ask: 1_800,
  remindEvery: 600,
  escalateAfter: 1_200,
  escalateTo: null,
  otherwise: 'wait',
} as const

function acknowledgementOf({ acknowledgement, stop }: PolicyConfig): AcknowledgementRule | null {
  if (acknowledgement === false) return null
  const asked = acknowledgement === true ? askingByDefault : acknowledgement
  return {
    askBeforeSeconds: asked.ask,
    remindEverySeconds: asked.remindEvery,
    escalateAfterSeconds: asked.escalateAfter,
    escalateTo: asked.escalateTo ?? stop,
    otherwise: asked.otherwise,
  }
}

function approvalOf(policy: PolicyConfig): Policy['approval'] {
  switch (policy.kind) {
    case 'quorum':
      return { kind: 'quorum', needs: roleCounts(policy.approvals) }
    case 'lazy consensus':
      return { kind: 'lazy consensus', noticeSeconds: policy.notice, objectors: policy.objectors }
    case 'standing':
      return {
        kind: 'standing',
        rule: policy.rule,
        noticeSeconds: policy.notice,
        objectors: policy.objectors,
        fallback: roleCounts(policy.fallback),
      }
  }
}

export function roleCounts(counts: Readonly<Record<string, number>>): readonly RoleCount[] {
  return Object.entries(counts).map(([role, count]) => ({ role, count }))
}

/** Returns the ids of the people who are in a group now. */
export type InGroup = (group: string) => readonly string[]

/**
 * Everybody who holds a role for the team: roles of the team and of the organisation. In the order of `people`. Without
 * `inGroup`, a group contains the people that the configuration itself names for it.
 */
export function membersFor(
  config: Settings,
  team: string,
  inGroup: InGroup = (group) => namedBy(config, group),
): readonly Member[] {
  const held = [...Object.entries(config.roles), ...Object.entries(named(config.teams, team)?.roles ?? {})].map(
    ([role, holders]) => [role, new Set(holders.flatMap((holder) => holdersOf(holder, inGroup)))] as const,
  )
  const members: Member[] = []
  for (const [id, person] of Object.entries(config.people)) {
    const roles = held.filter(([, holders]) => holders.has(id)).map(([role]) => role)
    if (roles.length > 0) members.push({ id, name: person.name, roles: [...new Set(roles)] })
  }
  return members
}

/** The absences that the file names, with their instants. */
export function absencesIn(config: Settings): readonly Absence[] {
  return config.away.map(({ person, from, until, deputy }) => {
    const zone = named(config.people, person)?.timeZone ?? config.timeZone
    return { person, deputy, from: instant(from, zone, 'start'), until: instant(until, zone, 'end') }
  })
}

/** Ids of the operators. Operator is a role of the whole organisation; the configuration must name each of them. */
export function operators(config: Settings, inGroup: InGroup = (group) => namedBy(config, group)): readonly string[] {
  const holders = (config.roles.operator ?? []).flatMap((holder) => holdersOf(holder, inGroup))
  return Object.keys(config.people).filter((id) => holders.includes(id))
}

function holdersOf(holder: string, inGroup: InGroup): readonly string[] {
  const group = groupOf(holder)
  return group === null ? [holder] : inGroup(group)
}

function namedBy(config: Settings, name: string): readonly string[] {
  const group = named(config.groups, name)
  if (group === null) return []
  return isRota(group)
    ? [...new Set([...group.people, ...group.overrides.map(({ person }) => person)])]
    : group.fallback
}

/** A rota with its instants. If it has no zone, the zone of the whole configuration is used. */
export function rotaOf(config: Settings, group: RotaConfig): Rota {
  const timeZone = group.timeZone ?? config.timeZone
  return {
    people: group.people,
    start: group.start,
    handover: group.handover,
    everyDays: group.every,
    timeZone,
    overrides: group.overrides.map(({ from, to, person }) => ({
      from: instant(from, timeZone, 'start'),
      to: instant(to, timeZone, 'end'),
      person,
    })),
  }
}

/** Whether the role contains a group whose people only another system knows. */
export function heldElsewhere(config: Settings, team: string, role: string): boolean {
  const holders = [...(named(config.roles, role) ?? []), ...(named(named(config.teams, team)?.roles ?? {}, role) ?? [])]
  return holders.some((holder) => {
    const name = groupOf(holder)
    const group = name === null ? null : named(config.groups, name)
    return group !== null && !isRota(group)
  })
}

/** IANA zone of the team. An unknown team gets the zone of the whole configuration. */
export function timeZoneFor(config: Settings, team: string): string {
  return named(config.teams, team)?.timeZone ?? config.timeZone
}

/** IANA zone of the teams in which the group holds a role, where they have one zone; else that of the file. */
export function timeZoneOfGroup(config: Settings, group: string): string {
  const teams = Object.entries(config.teams).filter(([, { roles }]) =>
    Object.values(roles).some((holders) => holders.some((holder) => groupOf(holder) === group)),
  )
  const [zone, ...others] = new Set(teams.map(([team]) => timeZoneFor(config, team)))
  return zone !== undefined && others.length === 0 ? zone : config.timeZone
}

/** When assets of the team may be touched; `null`: never. */
export function windowFor(config: Settings, team: string): WindowPlan | null {
  const name = named(config.teams, team)?.window ?? null
  return name === null ? null : windowNamed(config, name, timeZoneFor(config, team))
}

/** Windows of the team's assets that have their own window. */
export function assetWindowsFor(config: Settings, team: string): NonNullable<TeamPlan['assetWindows']> {
  return (named(config.teams, team)?.windows ?? []).flatMap((own) => {
    const window = windowNamed(config, own.window, timeZoneFor(config, team))
    if (window === null) return []
    return [{ of: 'tag' in own ? { tag: own.tag } : { asset: own.asset }, window }]
  })
}

/** The engines of the team that wait for another one. */
export function lanesFor(config: Settings, team: string): Pick<TeamPlan, 'lanes'> {
  const lanes = named(config.teams, team)?.lanes ?? []
  return lanes.length === 0 ? {} : { lanes }
}

/** The window with this name; `null`: none. Rules without a zone get `timeZone`. */
export function windowNamed(config: Settings, name: string, timeZone: string): WindowPlan | null {
  const window = named(config.windows, name)
  if (window === null) return null
  return {
    name,
    rules: window.rules.map((rule) => windowRule(rule, timeZone)),
    ...(window.lead === null ? {} : { leadSeconds: window.lead }),
    ...(window.notice === null ? {} : { noticeSeconds: window.notice }),
  }
}

const weekdayNumbers = { mon: 1, tue: 2, wed: 3, thu: 4, fri: 5, sat: 6, sun: 7 } as const
const weekdaySets = { weekdays: [1, 2, 3, 4, 5], weekends: [6, 7], 'every day': [1, 2, 3, 4, 5, 6, 7] } as const

function weekdays(days: WeeklyRuleConfig['days']): readonly Weekday[] {
  return typeof days === 'string' ? weekdaySets[days] : days.map((day) => weekdayNumbers[day])
}

/** Windows that are measured by a history of load. The result may be used or only shown. */
export function measureRules(config: Settings): readonly MeasureRule[] {
  return Object.entries(config.windows).flatMap(([window, { measured }]) => {
    if (measured === null) return []
    const [from = '', to = ''] = measured.between?.split('-') ?? []
    return [
      {
        window,
        load: measured.load,
        durationSeconds: measured.duration,
        weeks: measured.weeks,
        timeZone: measured.timeZone ?? config.timeZone,
        use: measured.use,
        ...(measured.days === null ? {} : { days: weekdays(measured.days) }),
        ...(measured.between === null ? {} : { between: { from, to } }),
      },
    ]
  })
}

function windowRule(rule: WindowRuleConfig, zoneOfTeam: string): WindowRule {
  const timing = { durationSeconds: rule.duration, timeZone: rule.timeZone ?? zoneOfTeam }
  if ('rrule' in rule) return { rrule: rule.rrule, startsAt: rule.startsAt, ...timing }
  if ('afterPatchTuesday' in rule)
    return { afterPatchTuesdayDays: rule.afterPatchTuesday, start: rule.start, ...timing }
  return { days: weekdays(rule.days), start: rule.start, everyWeeks: rule.every, anchor: rule.from, ...timing }
}

/** The parts of the team's plan that come from its rollout; `null`: the team has none. */
export function rolloutFor(config: Settings, team: string): RolloutPlan | null {
  const rollout = named(config.rollouts, named(config.teams, team)?.rollout ?? null)
  if (rollout === null) return null
  const hooks = hookMoments.flatMap((moment): readonly Hook[] => {
    const hook = rollout.hooks[moment]
    if (hook === null) return []
    const early = 'early' in hook && hook.early ? ({ early: true } as const) : {}
    return [{ moment, command: hook.command, timeoutSeconds: hook.timeout, ...early }]
  })
  return {
    rings: rollout.rings.map(ringRule),
    ...(rollout.failureBudget === null ? {} : { failureBudget: rollout.failureBudget }),
    ...(rollout.clusters.length === 0 ? {} : { clusters: rollout.clusters }),
    ...(hooks.length === 0 ? {} : { hooks }),
    ...(rollout.silence === null ? {} : { silence: rollout.silence }),
  }
}

type RolloutPlan = Pick<TeamPlan, 'rings' | 'failureBudget' | 'clusters' | 'hooks' | 'silence'>

function ringRule(ring: RingConfig): RingRule {
  const { minSuccess, maxFailures, unreachable, waitingForReboot, go, checks } = ring.gate
  return {
    name: ring.name,
    select: selection(ring.select),
    batch: ring.batch,
    ...(ring.concurrency === null ? {} : { concurrency: ring.concurrency }),
    ...(ring.beforeVote ? { beforeVote: true } : {}),
    soakSeconds: ring.soak,
    gate: {
      minSuccessPercent: minSuccess,
      maxFailures,
      unreachable,
      ...(waitingForReboot === 'as success' ? { waitingForReboot } : {}),
      ...(go === null ? {} : { go }),
      ...(checks.length === 0 ? {} : { checks: checks.map(serviceCheck) }),
    },
  }
}

function serviceCheck(check: ServiceCheckConfig): ServiceCheck {
  if ('metric' in check) {
    const { metric: source, query, atMost, atLeast } = check
    return { kind: 'metric', source, query, atMost, atLeast }
  }
  if (!('tcp' in check)) return { kind: 'health', check: healthCheck(check) }
  return { kind: 'health', check: { kind: 'tcp', host: check.host, port: check.tcp, timeoutSeconds: check.timeout } }
}

function selection(select: RingConfig['select']): RingRule['select'] {
  if (select === 'rest') return { kind: 'rest' }
  if ('tag' in select) return { kind: 'tag', tag: select.tag }
  if ('list' in select) return { kind: 'list', assets: select.list }
  if ('count' in select) return { kind: 'count', count: select.count }
  return { kind: 'percent', percent: select.percent }
}

/** How proposals of low priority are announced to the team; `null`: with one card each, like any other. */
export function digestFor(config: Settings, team: string): DigestRule | null {
  const digest = named(config.teams, team)?.digest ?? null
  if (digest === null) return null
  return { priorities: digest.priorities, at: digest.at, timeZone: digest.timeZone ?? timeZoneFor(config, team) }
}

/** Checks that each asset of the team must pass; empty for an unknown team. */
export function healthFor(config: Settings, team: string): readonly HealthCheck[] {
  return (named(config.teams, team)?.health ?? []).map(healthCheck)
}

function healthCheck(check: HealthConfig): HealthCheck {
  const { timeout: timeoutSeconds } = check
  const on = selectorOf(check)
  if ('tcp' in check) return { kind: 'tcp', port: check.tcp, timeoutSeconds, ...on }
  if ('command' in check) return { kind: 'command', command: check.command, timeoutSeconds, ...on }
  if ('query' in check) return { kind: 'query', query: check.query, source: check.system, timeoutSeconds, ...on }
  return { kind: 'http', url: check.http, expectStatus: check.status, timeoutSeconds, ...on }
}

function selectorOf(check: HealthConfig): Pick<HealthCheck, 'on'> {
  const { tags, engines } = check.on ?? {}
  if (tags === undefined && engines === undefined) return {}
  return { on: { ...(tags === undefined ? {} : { tags }), ...(engines === undefined ? {} : { engines }) } }
}

/** Rules that people can vote on. A rule ends at the first minute of its expiry date in the team's zone. */
export function standingRules(config: Settings): readonly StandingRule[] {
  return Object.entries(config.standingApprovals).map(([name, rule]) => ({
    name,
    team: rule.team,
    tags: rule.tags,
    types: rule.types,
    expiresAt: lastInstant(rule.expires, timeZoneFor(config, rule.team)),
  }))
}

/** The policy under which people vote on a standing rule; `null`: none. */
export function policyForStandingRule(config: Settings, rule: string): Policy | null {
  const decidedBy = named(config.standingApprovals, rule)?.decidedBy ?? null
  return decidedBy === null ? null : policyNamed(config, decidedBy)
}

/** Freezes that the file itself contains, without those of calendars. */
export function freezes(config: Settings): readonly Freeze[] {
  return config.freezes.flatMap((freeze) => ('calendar' in freeze ? [] : [datedFreeze(config, freeze)]))
}

/** Dates count as whole days in the zone of the configuration, so the freeze is never too short. */
export function datedFreeze(config: Settings, freeze: Exclude<FreezeConfig, CalendarFreezeConfig>): Freeze {
  return {
    name: freeze.name,
    from: instant(freeze.from, config.timeZone, 'start'),
    to: instant(freeze.to, config.timeZone, 'end'),
    teams: freeze.teams,
  }
}

/** Calendars whose events are freezes. */
export function calendarFreezes(config: Settings): readonly CalendarFreezeConfig[] {
  return config.freezes.flatMap((freeze) => ('calendar' in freeze ? [freeze] : []))
}

/** The instant, ISO 8601, UTC. For a date: its first instant, or with `end` the first instant of the next day. */
function instant(written: string, zone: string, edge: 'start' | 'end'): string {
  const at = DateTime.fromISO(written, { zone })
  const whole = !written.includes('T') && edge === 'end' ? at.plus({ days: 1 }) : at
  return whole.toUTC().toISO() ?? ''
}

/** The instant, ISO 8601, UTC. For a date: the last second of that day, so that it is read as that day. */
function lastInstant(written: string, zone: string): string {
  return written.includes('T') ? instant(written, zone, 'start') : dayEnds(written, zone)
}

/** Teams whose proposals are posted to the channel. */
export function teamsOfChannel(config: Config, channel: string): readonly string[] {
  return Object.entries(config.teams)
    .filter(([, team]) => team.channel === channel)
    .map(([name]) => name)
}
