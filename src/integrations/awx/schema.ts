/** The parts of AWX's answers that are used. AWX API v2. */

import { z } from 'zod'

export const named = z.object({ id: z.number().int(), name: z.string() })

export const template = named.extend({ inventory: z.number().int().nullable() })

export const launchInfo = z.object({
  ask_limit_on_launch: z.boolean().default(false),
  ask_variables_on_launch: z.boolean().default(false),
  ask_job_type_on_launch: z.boolean().default(false),
  ask_inventory_on_launch: z.boolean().default(false),
  passwords_needed_to_start: z.array(z.string()).default([]),
  variables_needed_to_start: z.array(z.string()).default([]),
})

export const launched = z.object({
  id: z.number().int(),
  ignored_fields: z.record(z.string(), z.unknown()).default({}),
})

export const job = z.object({
  id: z.number().int(),
  status: z.string(),
  limit: z.string().default(''),
  job_type: z.string().default('run'),
  job_explanation: z.string().nullish(),
  event_processing_finished: z.boolean().default(true),
  /** JSON as text. A list of jobs may leave it out. */
  extra_vars: z.string().nullish(),
})

export const host = named.extend({ enabled: z.boolean().default(true) })

export const summary = z.object({
  host_name: z.string(),
  dark: z.number().default(0),
  failures: z.number().default(0),
})

export const event = z.object({
  event: z.string(),
  host_name: z.string().default(''),
  task: z.string().default(''),
  event_data: z.object({ res: z.record(z.string(), z.unknown()).nullish() }).nullish(),
})

export function pageOf<T extends z.ZodType>(row: T) {
  return z.object({ next: z.string().nullish(), results: z.array(row) })
}

export type LaunchInfo = z.infer<typeof launchInfo>
export type Job = z.infer<typeof job>
export type Summary = z.infer<typeof summary>
export type JobEvent = z.infer<typeof event>
