/**
 * When a simulated deployment begins and ends, and its progress. Everything is computed from the clock and the run's
 * key.
 */

import { createHash } from 'node:crypto'
import type { SimulatedAsset } from './fleet-state.ts'
import type { Run, RunDeployment } from './run-journal.ts'

export interface Course {
  readonly beginsAt: Date
  readonly endsAt: Date
}

/** How many times longer an asset with the fault `slow` takes. */
const SLOW = 5

/**
 * An asset begins within the first fifth of `paceSeconds`. It takes `paceSeconds`, up to a quarter more or less; with a
 * reboot 1.5 times as long. The same run and asset always take the same time.
 */
export function courseOf(
  run: Run,
  deployment: RunDeployment,
  asset: SimulatedAsset | null,
  paceSeconds: number,
): Course {
  const beginsAt = new Date(
    Date.parse(run.startedAt) + share(run.key, deployment.name, 'begin') * 0.2 * paceSeconds * 1_000,
  )
  let seconds = paceSeconds * (0.75 + 0.5 * share(run.key, deployment.name, 'length'))
  if (asset?.fault === 'slow') seconds *= SLOW
  if (asset !== null && willReboot(asset, deployment)) seconds *= 1.5
  return { beginsAt, endsAt: new Date(beginsAt.getTime() + seconds * 1_000) }
}

/** Says for people what the asset is doing at `now`. */
export function progressText(
  course: Course,
  deployment: RunDeployment,
  asset: SimulatedAsset | null,
  now: Date,
): string {
  if (now < course.beginsAt) return 'waiting for its turn'
  if (asset?.fault === 'unreachable') return 'no answer yet'
  const total = deployment.transaction.length
  const length = Math.max(course.endsAt.getTime() - course.beginsAt.getTime(), 1)
  const done = (now.getTime() - course.beginsAt.getTime()) / length
  if (asset !== null && willReboot(asset, deployment) && done > 0.66) return 'rebooting'
  if (done < 0.25) return `downloading ${total} ${total === 1 ? 'package' : 'packages'}`
  const phase = done < 0.6 ? 'unpacking' : 'setting up'
  const within = done < 0.6 ? (done - 0.25) / 0.35 : (done - 0.6) / 0.4
  return `${phase} ${Math.min(Math.floor(within * total) + 1, Math.max(total, 1))} of ${total}`
}

function willReboot(asset: SimulatedAsset, deployment: RunDeployment): boolean {
  if (deployment.reboot === 'never' || asset.fault === 'install fails') return false
  if (asset.rebootRequired) return true
  return asset.pending.some((one) => one.needsReboot && deployment.changes.some((change) => change.name === one.name))
}

/** Returns a number from 0 to 1 that looks random, but is always the same for the same parts. */
function share(...parts: readonly string[]): number {
  return createHash('sha256').update(parts.join(' ')).digest().readUInt32BE(0) / 2 ** 32
}
