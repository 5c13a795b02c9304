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
/** The file `outcomes`: how it ended, by asset. */
export const outcomesSchema = z.record(z.string(), outcomeSchema)

/** The file `request`: what was asked for. */
export const requestSchema = z.array(
  z.object({
    asset: z.string(),
    name: z.string(),
    approved: z.array(stepSchema),
    /** Settled before the playbook began. */
    refused: unsuccessfulOutcome.nullable(),
    /** Nothing begins after this time, ISO 8601. */
    notAfter: z.string().nullable().default(null),
  }),
)
