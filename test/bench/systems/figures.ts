/** What the bench of systems measures, and the part of it in which a rollout is followed. */

import type { Batch, DeployEngine } from '../../../src/core/ports.ts'
import { stepsOf } from '../../../src/core/preview.ts'
import { assetNamed, fresh, hoursFrom, memoryStore, update, wsusScene } from '../../integrations/wsus/scene.ts'

export interface Read {
  readonly requests: number
  /** Of the answers. */
  readonly bytes: number
  readonly seconds: number
}

/** The last line of the bench. */
export interface Figures {
  readonly machines: number
  readonly updates: number
  /** As the database holds them afterwards. */
  readonly assets: number
  readonly sets: number
  /** Catalog and inventory, from nothing. */
  readonly first: Read
  /** The same an hour later, when one machine of about twenty has reported. */
  readonly again: Read
  /** Resident memory of the process. */
  readonly peakBytes: number
  /** For 1,000 machines, from the telling to the last report. */
  readonly followedRequestsPerHour: number
}

const MACHINES = 1_000
const MOST_HOURS = 96

/** Requests in an hour while a start of 1,000 machines is followed to its end, by the engine's own times. */
export async function followed(): Promise<number> {
  const { signal } = new AbortController()
  const names = Array.from({ length: MACHINES }, (_, index) => `m${index}.corp.example`)
  const scene = await wsusScene(memoryStore(fresh(names)))
  const engine: DeployEngine = scene.engine()
  const times = { notBefore: hoursFrom(scene.now(), 24), notAfter: hoursFrom(scene.now(), 28) }
  const same = { changes: [update], transaction: stepsOf([update]), reboot: 'if required' as const, ...times }
  const batch: Batch = { key: 'PW-1.1', deployments: names.map((name) => ({ asset: assetNamed(name), ...same })) }
  const handle = await engine.start(batch, signal)
  scene.calls.clear()
  let next = 0
  for (let hour = 1; hour <= MOST_HOURS; hour++) {
    scene.pass(1)
    if (scene.now().getTime() < next) continue
    const reports = await engine.poll(handle, signal)
    await engine.compare?.(handle, signal)
    const open = reports.filter(({ outcome }) => outcome === null)
    if (open.length === 0) return [...scene.calls.values()].reduce((sum, count) => sum + count, 0) / hour
    next = Math.min(...open.map(({ lookAgainAt }) => Date.parse(lookAgainAt ?? '')))
  }
  throw new Error(`Some of the machines have not ended after ${MOST_HOURS} hours.`)
}
