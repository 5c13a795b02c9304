/** What the bench of systems measures, and the part of it in which a rollout is followed. */

import type { Asset } from '../../../src/core/asset.ts'
import type { Batch, DeployEngine } from '../../../src/core/ports.ts'
import { stepsOf } from '../../../src/core/preview.ts'
import * as manageEngine from '../../integrations/manageengine/scene.ts'
import * as wsus from '../../integrations/wsus/scene.ts'

export interface Read {
  readonly requests: number
  /** Of the answers. */
  readonly bytes: number
  readonly seconds: number
}

/** The last line of the bench. */
export interface Figures {
  readonly kind: string
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
  /** For 1,000 machines, from the telling to the last report. `null`: the system installs nothing. */
  readonly followedRequestsPerHour: number | null
}

const MACHINES = 1_000
const MOST_HOURS = 96

const names = Array.from({ length: MACHINES }, (_, index) => `m${index}.corp.example`)

export async function followedWsus(): Promise<number> {
  const scene = await wsus.wsusScene(wsus.memoryStore(wsus.fresh(names)))
  return followed(scene, scene.engine(), wsus.assetNamed, {
    forget: () => scene.calls.clear(),
    count: () => [...scene.calls.values()].reduce((sum, count) => sum + count, 0),
  })
}

export async function followedManageEngine(): Promise<number> {
  const scene = await manageEngine.manageEngineScene(manageEngine.memoryStore(manageEngine.fresh(names)))
  return followed(scene, scene.engine(), manageEngine.assetNamed, {
    forget: () => void scene.requests.splice(0),
    count: () => scene.requests.length,
  })
}

interface Scene {
  now(): Date
  pass(hours: number): void
}

/** Requests in an hour while a start of 1,000 machines is followed to its end, by the engine's own times. */
async function followed(
  scene: Scene,
  engine: DeployEngine,
  assetNamed: (name: string) => Asset,
  requests: { forget(): void; count(): number },
): Promise<number> {
  const { signal } = new AbortController()
  const times = { notBefore: wsus.hoursFrom(scene.now(), 24), notAfter: wsus.hoursFrom(scene.now(), 28) }
  const { update } = wsus
  const same = { changes: [update], transaction: stepsOf([update]), reboot: 'if required' as const, ...times }
  const batch: Batch = { key: 'PW-1.1', deployments: names.map((name) => ({ asset: assetNamed(name), ...same })) }
  const handle = await engine.start(batch, signal)
  requests.forget()
  let next = 0
  for (let hour = 1; hour <= MOST_HOURS; hour++) {
    scene.pass(1)
    if (scene.now().getTime() < next) continue
    const reports = await engine.poll(handle, signal)
    await engine.compare?.(handle, signal)
    const open = reports.filter(({ outcome }) => outcome === null)
    if (open.length === 0) return requests.count() / hour
    next = Math.min(...open.map(({ lookAgainAt }) => Date.parse(lookAgainAt ?? '')))
  }
  throw new Error(`Some of the machines have not ended after ${MOST_HOURS} hours.`)
}
