/** The state of the simulated assets: a JSON inventory file that is changed in place. */

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

/** An asset of the inventory, with the outcomes of its runs. Other keys that the author wrote are kept unchanged. */
const simulatedAssetSchema = z.looseObject({
  ...assetSchema.shape,
  /** Outcomes by run key. They are written together with the packages, so a run is applied completely or not at all. */
  runs: z.record(z.string(), outcomeSchema).default({}),
  /** Updates that the asset has installed, so that they can be offered again. */
  installedUpdates: assetSchema.shape.pending,
})

export type SimulatedAsset = z.infer<typeof simulatedAssetSchema>

export interface FleetState {
  /** Returns the asset with this name; `null` when there is none or it is invalid. */
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
