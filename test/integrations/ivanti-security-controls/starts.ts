/** Starts of three machines behind a simulated console, looked at as the workflow does. */

import type { Asset } from '../../../src/core/asset.ts'
import type { Change } from '../../../src/core/change.ts'
import type { Batch, DeployEngine, DeploymentHandle } from '../../../src/core/ports.ts'
import { stepsOf } from '../../../src/core/preview.ts'
import { assetNamed, consoleScene, fresh, hoursFrom, LEAD_HOURS, memoryStore, type Scene, update } from './scene.ts'

const { signal } = new AbortController()
export const names = ['web91.corp.example', 'web92.corp.example', 'web93.corp.example']
const STRANGER = 'web99.corp.example'
let runs = 0

/** A batch that is started now, and whose work may begin when the lead is over. */
export function batchOf(
  scene: Scene,
  assets: readonly Asset[] = all,
  changes: readonly Change[] = [update],
  hours = 12,
): Batch {
  const [notBefore, notAfter] = [hoursFrom(scene.now(), LEAD_HOURS), hoursFrom(scene.now(), LEAD_HOURS + hours)]
  const rest = { changes, transaction: stepsOf(changes), reboot: 'if required' as const, notBefore, notAfter }
  return { key: `trap.${++runs}`, deployments: assets.map((asset) => ({ asset, ...rest })) }
}

export const all = names.map(assetNamed)
export const three = (traps = {}, more = {}) =>
  consoleScene(memoryStore(fresh([...names, STRANGER], { traps, ...more })))

export async function begin(engine: DeployEngine, batch: Batch): Promise<DeploymentHandle> {
  await engine.stage?.(batch, signal)
  return engine.start(batch, signal)
}

/** Looks at a start every ten minutes for so many hours, and gives what was told. */
export async function follow(
  scene: Scene,
  engine: DeployEngine,
  handle: DeploymentHandle,
  hours = 8,
): Promise<string[]> {
  const told: string[] = []
  for (let at = 0; at < hours * 6; at++) {
    scene.pass(1 / 6)
    told.push(...((await engine.compare?.(handle, signal)) ?? []))
  }
  return told
}

export async function outcomes(
  engine: DeployEngine,
  handle: DeploymentHandle,
): Promise<Record<string, string | undefined>> {
  const reports = await engine.poll(handle, signal)
  return Object.fromEntries(reports.map(({ asset, outcome }) => [asset.split('/')[1] ?? '', outcome?.state]))
}

export async function reasons(engine: DeployEngine, handle: DeploymentHandle): Promise<string> {
  const reports = await engine.poll(handle, signal)
  return reports.map(({ outcome }) => (outcome !== null && 'reason' in outcome ? outcome.reason : '')).join('\n')
}

export const posts = (scene: Scene, end: string) =>
  scene.requests.filter(({ method, path }) => method === 'POST' && path.endsWith(end))
export const each = (state: string) => Object.fromEntries(names.map((name) => [name, state]))

/** What the machines have done, by name: ids of vulnerabilities. */
export async function done(scene: Scene): Promise<Record<string, readonly number[]>> {
  const { machines } = await scene.state()
  return Object.fromEntries(
    machines.flatMap(({ dnsName, attempts }) =>
      attempts.length === 0 ? [] : [[dnsName, attempts.map(({ vulnerability }) => vulnerability)]],
    ),
  )
}
