/** The schema of patchwarden.yaml. After reading, durations are in seconds and shares in percent. */

import { z } from 'zod'
import { groupings } from '../core/draft.ts'
import { priorities } from '../core/priority/priority.ts'
import type { SourceConfig } from './asset-settings.ts'
import type { FeedConfig } from './feed-settings.ts'
import {
  byName,
  count,
  criticality,
  exposure,
  filePath,
  optional,
  patchType,
  port,
  text,
  timeZone,
  webAddress,
} from './fields.ts'
import type { GroupConfig } from './group-settings.ts'
import { type EntryConfig, type KindSettings, kindSections, type SystemConfig } from './kind-settings.ts'
import { machines } from './machines-schema.ts'
import { absence, channel, identity, person, roleHolders, team } from './people-schema.ts'
import { policy, standingApproval } from './policy-schema.ts'
import { rollout } from './rollout-schema.ts'
import { freeze, schedule, window } from './time-schema.ts'

const consoleSettings = z.strictObject({
  host: text('Write an address to listen on, such as 127.0.0.1.', 253)
    .default('127.0.0.1')
    .describe('Address to listen on. PATCHWARDEN_HOST overrides it.'),
  port: port.default(7878).describe('Port to listen on. PORT overrides it.'),
  publicUrl: optional(webAddress).describe(
    "Address under which people reach the console, for all links. With https the session's cookie is Secure.",
  ),
})

const dueMend = 'Write a number of days, or never.'
const dueDays = z.union([count(1, 3_650, dueMend), z.literal('never', { error: dueMend }).transform(() => null)])

const outcome = z.strictObject({
  priority: z
    .enum(priorities, { error: `Write ${priorities.slice(0, -1).join(', ')} or ${priorities.at(-1)}.` })
    .describe('The priority that the outcome means.'),
  days: dueDays.optional().describe('Days to patch; never sets no date. Default: dueDays of the priority.'),
  also: text('Write what is to be done besides patching.').optional().describe('What it asks for besides patching.'),
})

const prioritySettings = z.strictObject({
  table: text('Write ssvc-deployer, cisa-bod-26-04 or the path of a table of your own.', 4_096)
    .default('ssvc-deployer')
    .describe('The decision table that judges: ssvc-deployer, cisa-bod-26-04, or a CSV file in the same format.'),
  outcomes: z
    .record(z.string().min(1).max(200), outcome)
    .default({})
    .describe("What the outcomes of a table of one's own mean, by the table's words."),
  defaultExposure: exposure.default('open').describe('What is assumed of an asset that does not say: the careful one.'),
  defaultCriticality: criticality.default('medium').describe('What is assumed of an asset that does not say.'),
  dueDays: z
    .strictObject({
      immediate: dueDays.prefault(3).describe('Days to patch what is immediate.'),
      'out-of-cycle': dueDays.prefault(14).describe('Days to patch what cannot wait for the next cycle.'),
      scheduled: dueDays.prefault(60).describe('Days to patch what goes with the next cycle.'),
      defer: dueDays.prefault('never').describe('Days to patch what may wait; never sets no date.'),
    })
    .prefault({})
    .describe('By when each priority is due, in days.'),
})

const proposalSettings = z.strictObject({
  groupBy: z
    .enum(groupings, { error: `Write ${groupings.slice(0, -1).join(', ')} or ${groupings.at(-1)}.` })
    .default('tier')
    .describe('One proposal for each: tier (platform and priority), platform, or team.'),
  types: z
    .array(patchType, { error: 'Write a list, such as [security, bugfix].' })
    .min(1, { error: 'Write at least one of security, bugfix and feature.' })
    .default(['security', 'bugfix', 'feature'])
    .describe('Types of patches that are proposed.'),
  minPriority: z
    .enum(priorities, { error: `Write ${priorities.slice(0, -1).join(', ')} or ${priorities.at(-1)}.` })
    .default('defer')
    .describe('The lowest priority that is proposed; defer proposes everything.'),
})

/** The schema of a file that may use these kinds. */
export function settingsSchemaOf(kinds: readonly KindSettings[]) {
  const { sources, feeds, engines, metrics, loads, silences, groups, systems } = kindSections(kinds)
  return z.strictObject({
    name: text('Write a name, such as "Example Ltd".', 100)
      .default('Patchwarden')
      .describe('Name of this installation, shown in the console.'),
    timeZone: timeZone.default('UTC').describe('IANA zone where nothing else says one.'),
    console: consoleSettings.prefault({}).describe('The web console.'),
    dataDir: filePath
      .default('.patchwarden')
      .describe('Folder for the embedded database and other data. PATCHWARDEN_DATA overrides it.'),
    ca: z
      .union([filePath.transform((path) => [path]), z.array(filePath).max(20, { error: 'Use at most 20 files.' })], {
        error: 'Write the path of a file with certificates (PEM), or a list of paths.',
      })
      .default([])
      .describe(
        'Files with certificates (PEM) of private authorities, trusted in every TLS connection beside the usual ones.',
      ),
    schedule: schedule.prefault({}).describe('How often sources and feeds are asked.'),
    people: byName(person).describe('Everybody who votes, by a short name.'),
    roles: roleHolders.describe('Who holds which role for every team.'),
    teams: byName(team).describe('Who owns assets and decides about them.'),
    away: z
      .array(absence, { error: 'Write a list, each with person, from and until.' })
      .max(500, { error: 'Use at most 500 absences.' })
      .default([])
      .describe('Who is away, and who stands in for them.'),
    groups: byName(groups).describe('People by rota, user group, role or calendar: what roles may name beside people.'),
    identity: identity.prefault({}).describe('How people on chat platforms are recognised.'),
    channels: byName(channel).describe('Where proposals are posted.'),
    policies: byName(policy).describe('Who must approve, how many, by when.'),
    standingApprovals: byName(standingApproval).describe('Rules that are voted once and approve until they expire.'),
    windows: byName(window).describe('When assets may be touched.'),
    freezes: z
      .array(freeze, { error: 'Write a list, each with name, from and to, or with calendar.' })
      .max(500, { error: 'Use at most 500 freezes.' })
      .default([])
      .describe('When nothing may be touched.'),
    rollouts: byName(rollout).describe('In which rings and batches patches go out.'),
    silences: byName(silences).describe('What keeps the monitoring from paging about assets being worked on.'),
    systems: byName(systems).describe(
      'Systems that do several of these for one login: each is an entry of sources, engines and feeds, as it has parts.',
    ),
    sources: byName(sources).describe('Where the inventory comes from.'),
    machines: machines.prefault({}).describe('How assets of several sources that are one machine become one.'),
    feeds: byName(feeds).describe('Where advisories and evidence come from.'),
    engines: byName(engines).describe('What changes assets.'),
    metrics: byName(metrics).describe('Monitoring systems that are asked for values.'),
    loads: byName(loads).describe('Histories of load, by which windows are measured.'),
    priority: prioritySettings.prefault({}).describe('How urgency is judged.'),
    proposals: proposalSettings.prefault({}).describe('What is proposed.'),
  })
}

/** The schema of patchwarden.yaml for some kinds. */
export type SettingsSchema = ReturnType<typeof settingsSchemaOf>

type Written = z.infer<SettingsSchema>

/** The settings as seen by code that does not know the kinds. Settings of single kinds have the type unknown. */
export type Settings = Omit<Written, keyof OfKinds> & OfKinds

interface OfKinds {
  readonly sources: Record<string, SourceConfig>
  readonly feeds: Record<string, FeedConfig>
  readonly engines: Record<string, EntryConfig>
  readonly metrics: Record<string, EntryConfig>
  readonly loads: Record<string, EntryConfig>
  readonly silences: Record<string, EntryConfig>
  readonly groups: Record<string, GroupConfig>
  readonly systems: Record<string, SystemConfig>
}

/** The settings in force, after environment variables were applied and relative paths made absolute. */
export interface Config extends Settings {
  /** The file with the settings; `null`: there is no file, and the labelled example runs. */
  readonly file: string | null
  /** True for the built-in example. It is shown wherever people look. */
  readonly example: boolean
}

export type { SourceConfig } from './asset-settings.ts'
export type { FeedConfig } from './feed-settings.ts'
export type { GroupConfig, RotaConfig } from './group-settings.ts'
export type { HealthConfig } from './health-schema.ts'
export type { EntryConfig, SystemConfig } from './kind-settings.ts'
export type { ChannelConfig, PersonConfig, TeamConfig } from './people-schema.ts'
export type { PolicyConfig, StandingApprovalConfig } from './policy-schema.ts'
export type { RingConfig, RolloutConfig, ServiceCheckConfig } from './rollout-schema.ts'
export type {
  CalendarFreezeConfig,
  FreezeConfig,
  MeasuredConfig,
  ScheduleConfig,
  WeeklyRuleConfig,
  WindowConfig,
  WindowRuleConfig,
} from './time-schema.ts'
