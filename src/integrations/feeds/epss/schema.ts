import { z } from 'zod'

/** `#model_version:v2025.03.14,score_date:2026-06-13T00:00:00+0000` */
export const modelLine = /^#model_version:([^,\s][^,]{0,99}),score_date:(\d{4}-\d{2}-\d{2})/

export const columnsLine = 'cve,epss,percentile'

export const rowLine = /^(CVE-\d{4}-\d{4,19}),(\d(?:\.\d*)?(?:[eE]-?\d+)?),(\d(?:\.\d*)?(?:[eE]-?\d+)?)$/

/** Kept for comparison with the next answer. */
export const stateSchema = z.object({
  rows: z.number(),
  /** Share of the scores that are 0.1 or more. */
  highShare: z.number(),
  model: z.string(),
  date: z.iso.date(),
})
export type State = z.infer<typeof stateSchema>
