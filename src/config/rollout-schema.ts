import { z } from 'zod'
import { count, duration, percent, percentOf, text } from './fields.ts'

const DAY = 86_400
const selectMend = 'Write { tag: canary }, { count: 1 }, { percent: 10 } or rest.'
const batchMend = 'Write a number of assets, such as 2, or a share, such as "25%".'

const select = z.union([
  z.literal('rest', { error: selectMend }),
  z.strictObject({ tag: text('Write a tag, such as canary.', 64).describe('Assets that carry this tag.') }),
  z.strictObject({
    count: count(1, 5_000, 'Write how many assets: 1 or more.').describe('So many of the assets that are left.'),
  }),
  z.strictObject({
    percent: z
      .number({ error: 'Write a number from 1 to 100.' })
      .min(1, { error: 'Write a number from 1 to 100.' })
      .max(100, { error: 'Write a number from 1 to 100.' })
      .describe('This share of all assets of the proposal.'),
  }),
])

const batch = z.union([
  count(1, 5_000, batchMend).transform((value) => ({ kind: 'count' as const, value })),
  z.string({ error: batchMend }).transform((written, context) => {
    const value = percentOf(written)
    if (value === null || value <= 0 || value > 100) {
      context.addIssue({ code: 'custom', message: batchMend })
      return z.NEVER
    }
    return { kind: 'percent' as const, value }
  }),
])

const gate = z.strictObject({
  minSuccess: percent(0, 100).prefault('100%').describe('Share of the ring that must end well.'),
  maxFailures: count(0, 5_000, 'Write how many assets may fail: 0 or more.')
    .default(0)
    .describe('More failures than this stop the rollout before the next batch.'),
  unreachable: z
    .enum(['as failure', 'ignored'], { error: 'Write as failure or ignored.' })
    .default('as failure')
    .describe('How assets that never answered are counted.'),
})

const ring = z.strictObject({
  name: text('Write the name of the ring, such as canary.', 40).describe('Its name, shown on the card.'),
  select: select.describe('Which of the assets that no earlier ring took: by tag, by number, by share, or the rest.'),
  batch: batch.describe('How many assets at the same time: a number, or a share of the ring.'),
  soak: duration({ unit: 'min', minimum: 0, maximum: 30 * DAY })
    .prefault('0 s')
    .describe('How long to wait and watch after the ring before the next one.'),
  gate: gate.prefault({}).describe('What must be true before the next batch or ring starts.'),
})

export const rollout = z.strictObject({
  rings: z
    .array(ring, { error: 'Write a list of rings, each with name, select and batch.' })
    .min(1, { error: 'Write at least one ring, such as { name: all, select: rest, batch: 1 }.' })
    .max(20, { error: 'Use at most 20 rings.' })
    .describe('The rings, in order.'),
})

export type RolloutConfig = z.infer<typeof rollout>
export type RingConfig = z.infer<typeof ring>
