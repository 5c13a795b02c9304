import { z } from 'zod'
import { unsuccessfulOutcome } from '../outcome-schema.ts'

const stepSchema = z.object({
  action: z.enum(['install', 'upgrade', 'remove', 'downgrade']),
  name: z.string(),
  architecture: z.string(),
  from: z.string().nullable(),
  to: z.string().nullable(),
})
const outcomeSchema = z.union([
  z.object({
    state: z.literal('succeeded'),
    changed: z.array(
      z.object({ name: z.string(), architecture: z.string(), from: z.string().nullable(), to: z.string() }),
    ),
    rebooted: z.boolean(),
    log: z.string(),
  }),
  unsuccessfulOutcome,
])
/** Content of the file `outcomes`: the outcome of each asset, by asset id. */
export const outcomesSchema = z.record(z.string(), outcomeSchema)

/** Content of the file `request`: what was asked for. */
export const requestSchema = z.array(
  z.object({
    asset: z.string(),
    name: z.string(),
    approved: z.array(stepSchema),
    /** The outcome of an asset that was refused before the playbook began; `null` when it was not refused. */
    refused: unsuccessfulOutcome.nullable(),
    /** Nothing begins after this time, ISO 8601; `null`: no end. */
    notAfter: z.string().nullable().default(null),
  }),
)
