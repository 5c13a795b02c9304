import { z } from 'zod'
import type { DeploymentHandle, DeploymentOutcome } from '../../core/ports.ts'

const schema = z.object({
  assets: z.array(
    z.object({
      asset: z.string(),
      name: z.string(),
      instance: z.string(),
      /** The command that started it; `null` where the answer to sending it was lost, or it was not sent. */
      command: z.string().nullable(),
      /** Settled when it was started, because nothing began. */
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

/** Throws a sentence for what is not a handle of this engine. */
export function readHandle({ key, data }: DeploymentHandle): readonly StartedAsset[] {
  const read = schema.safeParse(data)
  if (read.success) return read.data.assets
  throw new Error(`The run ${key} is not one that the Systems Manager engine started: ${z.prettifyError(read.error)}`)
}
