import { z } from 'zod'
import type { hookMoments } from '../core/ports.ts'
import { DAY_SECONDS, HOUR_SECONDS } from '../core/time/instant.ts'
import { amount, command, count, duration, optional, percent, reference, roles, text, yesOrNo } from './fields.ts'
import { commandCheck, httpCheck, serviceTcpCheck } from './health-schema.ts'

const selectMend = 'Write { tag: canary }, { list: [web01] }, { count: 1 }, { percent: 10 } or rest.'
const batchMend = 'Write a number of servers, such as 2, or a share, such as "25%".'

const select = z.union([
  z.literal('rest', { error: selectMend }),
  z.strictObject({ tag: text('Write a tag, such as canary.', 64).describe('Assets that carry this tag.') }),
  z.strictObject({
    list: z
      .array(text('Write the name of a server, such as web01.', 253), {
        error: 'Write a list of servers, such as [web01, web02].',
      })
      .min(1, { error: 'Write at least one server, such as [web01].' })
      .max(5_000, { error: 'Use at most 5,000 servers.' })
      .describe('These assets, by name or id, where they are part of the proposal.'),
  }),
  z.strictObject({
    count: count(1, 5_000, 'Write how many servers: 1 or more.').describe('This many of the assets that are left.'),
  }),
  z.strictObject({
    percent: z
      .number({ error: 'Write a number from 1 to 100.' })
      .min(1, { error: 'Write a number from 1 to 100.' })
      .max(100, { error: 'Write a number from 1 to 100.' })
      .describe('This share of all assets of the proposal.'),
  }),
])

const bound = z.number({ error: 'Write a number, such as 0.02.' })

const metricCheck = z.strictObject({
  metric: reference('a metric source').describe('Where to ask: a name from metrics.'),
  query: text('Write the query, such as job:errors:ratio5m.', 4_096).describe('What to ask; one number must come.'),
  atMost: optional(bound).describe('A larger number fails.'),
  atLeast: optional(bound).describe('A smaller number fails.'),
})

const serviceCheck = z.union([httpCheck, serviceTcpCheck, commandCheck([]), metricCheck])

const gate = z.strictObject({
  minSuccess: percent(0, 100).prefault('100%').describe('Share of the ring that must end well.'),
  maxFailures: count(0, 5_000, 'Write how many servers may fail: 0 or more.')
    .default(0)
    .describe('More failures than this stop the rollout before the next batch.'),
  unreachable: z
    .enum(['as failure', 'ignored'], { error: 'Write as failure or ignored.' })
    .default('as failure')
    .describe('How assets that never answered are counted.'),
  waitingForReboot: z
    .enum(['as failure', 'as success'], { error: 'Write as failure or as success.' })
    .default('as failure')
    .describe(
      'How assets with an update of Windows that waits for a restart are counted: until then they are not fixed. Packages that wait for a reboot always count as success.',
    ),
  go: optional(roles('Write who must say go, such as [on-call].')).describe(
    'Roles, one of which must say go before the ring begins. Default: nobody is asked.',
  ),
  checks: z
    .array(serviceCheck, { error: 'Write a list of checks, such as [ { http: "https://shop.example.net/health" } ].' })
    .max(20, { error: 'Use at most 20 checks.' })
    .default([])
    .describe('Questions about the service as a whole, asked before the ring and after each of its batches.'),
})

const ring = z.strictObject({
  name: text('Write the name of the ring, such as canary.', 40).describe('Its name, shown on the card.'),
  select: select.describe(
    'Which of the assets that no earlier ring took: by tag, by list, by number, by share, or the rest.',
  ),
  batch: amount(1, batchMend).describe('How many assets until the gate is judged: a number, or a share of the ring.'),
  concurrency: optional(amount(1, batchMend)).describe(
    'How many of a batch at the same time: a number, or a share of the batch. Default: all of it.',
  ),
  beforeVote: yesOrNo
    .default(false)
    .describe('Run it while people vote, where the policy has a testRing. Only the first ring.'),
  soak: duration({ unit: 'min', minimum: 0, maximum: 30 * DAY_SECONDS })
    .prefault('0 s')
    .describe('How long to wait and watch after the ring before the next one.'),
  gate: gate.prefault({}).describe('What must be true before the next batch or ring starts.'),
})

const cluster = z.strictObject({
  tag: text('Write a tag, such as db, or the beginning of tags, such as cluster:*.', 64).describe(
    'Assets with this tag are one cluster; ending in *, each tag that begins so is a cluster of its own.',
  ),
  atOnce: count(1, 5_000, 'Write how many servers: 1 or more.')
    .default(1)
    .describe('At most this many of a cluster are worked on at the same time.'),
  minHealthy: amount(0, 'Write a number of servers, such as 2, or a share, such as "50%".')
    .prefault('50%')
    .describe('At least this many of a cluster stay up: a number, or a share of the cluster, rounded up.'),
})

const hook = z.strictObject({
  command: command(['name', 'address', 'key']).describe(
    'The program and its arguments; {name}, {address} and {key} are filled in. It may run again after a crash.',
  ),
  timeout: duration({ unit: 'min', minimum: 1, maximum: 6 * HOUR_SECONDS })
    .prefault('5 min')
    .describe('How long it may take.'),
})

/** A hook that runs before the work. */
const hookBefore = z.strictObject({
  ...hook.shape,
  early: z
    .boolean()
    .prefault(false)
    .describe('It may run hours before the work, as it would for assets whose system is told ahead.'),
})

const hookMeanings = {
  drain: 'Takes the asset out of service, first of all.',
  snapshot: 'Keeps a copy that can be put back.',
  'pre-check': 'Looks whether the asset may be touched, just before its packages change.',
  'post-check': 'Looks whether the asset is well, after its health checks.',
  undrain: 'Puts the asset into service again, last of all.',
  restore: 'Puts the snapshot back; runs only when somebody rolls back.',
} as const satisfies Record<(typeof hookMoments)[number], string>

const hooks = z.strictObject({
  drain: optional(hookBefore).describe(hookMeanings.drain),
  snapshot: optional(hookBefore).describe(hookMeanings.snapshot),
  'pre-check': optional(hookBefore).describe(hookMeanings['pre-check']),
  'post-check': optional(hook).describe(hookMeanings['post-check']),
  undrain: optional(hook).describe(hookMeanings.undrain),
  restore: optional(hook).describe(hookMeanings.restore),
} satisfies Record<(typeof hookMoments)[number], z.ZodType>)

export const rollout = z.strictObject({
  rings: z
    .array(ring, { error: 'Write a list of rings, each with name, select and batch.' })
    .min(1, { error: 'Write at least one ring, such as { name: all, select: rest, batch: 1 }.' })
    .max(20, { error: 'Use at most 20 rings.' })
    .describe('The rings, in order.'),
  failureBudget: optional(amount(0, 'Write a number of assets, such as 3, or a share, such as "5%".')).describe(
    'More failures than this in all rings together stop the rollout: a number, or a share of all its assets.',
  ),
  clusters: z
    .array(cluster, { error: 'Write a list, such as [ { tag: "cluster:*", atOnce: 1, minHealthy: 50% } ].' })
    .max(100, { error: 'Use at most 100 clusters.' })
    .default([])
    .describe('Assets that serve together: a number of them stays up. A tag belongs to the first that fits it.'),
  hooks: hooks.prefault({}).describe('Programs of your own around the work on each asset.'),
  silence: optional(reference('a silence')).describe(
    'What keeps the monitoring from paging about assets being worked on: a name from silences.',
  ),
})

export type RolloutConfig = z.infer<typeof rollout>
export type RingConfig = z.infer<typeof ring>
export type ServiceCheckConfig = z.infer<typeof serviceCheck>
