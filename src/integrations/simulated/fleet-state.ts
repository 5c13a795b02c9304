/** The state of simulated assets: a JSON inventory file that is changed in place. */

import { z } from 'zod'
import type { DeploymentOutcome } from '../../core/ports.ts'
import { readBoundedFile, replaceFile } from '../bounded-file.ts'
import { assetSchema, inventoryFileSchema } from '../file-inventory/schema.ts'
import { inputLimits } from '../input-limits.ts'
import { parseJson } from '../json-text.ts'
import { unsuccessfulOutcome } from '../outcome-schema.ts'

const change = z.object({ name: z.string(), architecture: z.string(), from: z.string().nullable(), to: z.string() })

const outcomeSchema = z.discriminatedUnion('state', [
  z.object({
    state: z.literal('succeeded'),
    changed: z.array(change).readonly(),
    rebooted: z.boolean(),
    log: z.string(),
  }),
  ...unsuccessfulOutcome.options,
]) satisfies z.ZodType<DeploymentOutcome>

/** An inventory asset, what each run did to it, and whatever else its author wrote there (kept as it is). */
const simulatedAssetSchema = z.looseObject({
  ...assetSchema.shape,
  /** Outcome by run key. Written together with the packages, so a run is applied once or not at all. */
  runs: z.record(z.string(), outcomeSchema).default({}),
  /** Updates it has taken, so that they can be offered again. */
  installedUpdates: assetSchema.shape.pending,
})

export type SimulatedAsset = z.infer<typeof simulatedAssetSchema>

export interface FleetState {
  /** The asset of that name; `null` where there is none, or none that makes sense. */
  find(name: string): SimulatedAsset | null
  /** Replaces the asset of the same name. Nothing is written before `save`. */
  put(asset: SimulatedAsset): void
  /** Writes the file in one step. Does nothing when nothing was put. */
  save(): Promise<void>
}

/** Reads the state file. Throws a sentence when it is missing or malformed. */
export async function readFleetState(stateFile: string): Promise<FleetState> {
  const { bytes } = await readBoundedFile(stateFile, inputLimits.inventoryFileBytes)
  const parsed = inventoryFileSchema.safeParse(parseJson(bytes.toString('utf8'), stateFile))
  if (!parsed.success) throw new Error(`${stateFile} has no list "assets": delete it to start the example afresh`)
  const file = parsed.data
  let changed = false

  function find(name: string): SimulatedAsset | null {
    const asset = simulatedAssetSchema.safeParse(file.assets.find((value) => isNamed(value, name)))
    return asset.success ? asset.data : null
  }

  return {
    find,
    put(asset) {
      file.assets = file.assets.map((value) => (isNamed(value, asset.name) ? asset : value))
      changed = true
    },
    async save() {
      if (!changed) return
      await replaceFile(stateFile, `${JSON.stringify(file, null, 2)}\n`)
      changed = false
    },
  }
}

function isNamed(value: unknown, name: string): boolean {
  return typeof value === 'object' && value !== null && 'name' in value && value.name === name
}
