import { createHash } from 'node:crypto'
import { z } from 'zod'
import type { Asset } from '../../core/asset.ts'
import type { DeploymentHandle, DeploymentOutcome } from '../../core/ports.ts'
import { schemaProblem } from '../feeds/schema-problem.ts'
import { unsuccessfulOutcome } from '../outcome-schema.ts'

const asset = z.object({
  id: z.string(),
  name: z.string(),
  platform: z.string(),
  team: z.string(),
  tags: z.array(z.string()),
  exposure: z.enum(['small', 'controlled', 'open']).nullable(),
  criticality: z.enum(['low', 'medium', 'high', 'very high']).nullable(),
  timeZone: z.string(),
  source: z.string(),
  engine: z.string().nullable(),
  address: z.string(),
  simulated: z.boolean(),
})

const schema = z.object({
  assets: z.array(
    z.object({
      asset,
      /** The outcome when nothing began, known since the start; `null`: read the journal of the host. */
      outcome: unsuccessfulOutcome.nullable(),
    }),
  ),
})

export interface StartedAsset {
  readonly asset: Asset
  readonly outcome: Exclude<DeploymentOutcome, { state: 'succeeded' }> | null
}

export function makeHandle(key: string, assets: readonly StartedAsset[]): DeploymentHandle {
  return { key, data: { assets } }
}

/** Throws a sentence when the handle is not from this engine. */
export function readHandle({ key, data }: DeploymentHandle): readonly StartedAsset[] {
  const read = schema.safeParse(data)
  if (read.success) return read.data.assets
  throw new Error(`The run ${key} is not one that the SSH engine started: ${schemaProblem(read.error)}.`)
}

/** Letters and digits that identify the asset on its host. */
export function assetMark(asset: Asset): string {
  return createHash('sha256').update(asset.id).digest('hex')
}
