import { z } from 'zod'
import type { DeploymentHandle, DeploymentOutcome } from '../../core/ports.ts'
import { schemaProblem } from '../feeds/schema-problem.ts'

const host = z.object({ asset: z.string(), name: z.string() })

const schema = z.object({
  jobs: z.array(
    z.object({
      /** `null`: the answer to the launch was lost. */
      job: z.number().int().nullable(),
      hosts: z.array(host),
      /** When the time of the last of its hosts ends, ISO 8601; `null`: no end. */
      notAfter: z.string().nullable().default(null),
    }),
  ),
  /** Outcomes that were known at the start. */
  settled: z.array(
    z.object({
      asset: z.string(),
      outcome: z.discriminatedUnion('state', [
        z.object({ state: z.literal('held back'), reason: z.string(), log: z.string() }),
        z.object({ state: z.literal('not begun'), reason: z.string(), log: z.string() }),
        z.object({ state: z.literal('failed'), reason: z.string(), log: z.string() }),
      ]),
    }),
  ),
  /** All asset ids, in their order. */
  assets: z.array(z.string()),
})

export type JobHost = z.infer<typeof host>

export interface StartedJobs {
  readonly jobs: readonly {
    readonly job: number | null
    readonly hosts: readonly JobHost[]
    readonly notAfter: string | null
  }[]
  readonly settled: readonly {
    readonly asset: string
    readonly outcome: Extract<DeploymentOutcome, { state: 'held back' | 'not begun' | 'failed' }>
  }[]
  readonly assets: readonly string[]
}

export function makeHandle(key: string, started: StartedJobs): DeploymentHandle {
  return { key, data: { ...started } }
}

/** Throws a sentence when the handle is not from this engine. */
export function readHandle({ key, data }: DeploymentHandle): StartedJobs {
  const read = schema.safeParse(data)
  if (read.success) return read.data
  throw new Error(`The run ${key} is not one that the AWX engine started: ${schemaProblem(read.error)}`)
}
