import { z } from 'zod'
import type { DeploymentHandle, DeploymentOutcome } from '../../core/ports.ts'
import { schemaProblem } from '../feeds/schema-problem.ts'

const schema = z.object({
  assets: z.array(
    z.object({
      asset: z.string(),
      name: z.string(),
      instance: z.string(),
      /** The command that started the upgrade. `null`: it was not sent, or the answer of AWS was lost. */
      command: z.string().nullable(),
      /** The outcome when nothing began, known since the start; otherwise `null`. */
      outcome: z
        .discriminatedUnion('state', [
          z.object({ state: z.literal('held back'), reason: z.string(), log: z.string() }),
          z.object({ state: z.literal('unreachable'), reason: z.string(), touched: z.boolean(), log: z.string() }),
        ])
        .nullable(),
    }),
  ),
})

export interface StartedAsset {
  readonly asset: string
  readonly name: string
  readonly instance: string
  readonly command: string | null
  readonly outcome: Extract<DeploymentOutcome, { state: 'held back' | 'unreachable' }> | null
}

export function makeHandle(key: string, assets: readonly StartedAsset[]): DeploymentHandle {
  return { key, data: { assets } }
}

/** Throws a sentence when the handle is not from this engine. */
export function readHandle({ key, data }: DeploymentHandle): readonly StartedAsset[] {
  const read = schema.safeParse(data)
  if (read.success) return read.data.assets
  throw new Error(`The run ${key} is not one that the Systems Manager engine started: ${schemaProblem(read.error)}`)
}
