/** What following a start costs, as docs/integrations/manageengine.md says. */

import { describe, expect, it } from 'vitest'
import type { Change } from '../../../src/core/change.ts'
import { stepsOf } from '../../../src/core/preview.ts'
import {
  assetNamed,
  fresh,
  hoursFrom,
  machineRecord,
  manageEngineScene,
  memoryStore,
  patchRecords,
  update,
} from './scene.ts'

const { signal } = new AbortController()

describe('its cost', () => {
  it('is at most 18 requests for a look at 1,000 machines and 12 patches, and two looks an hour', async () => {
    const [cumulative = {}, last = {}, every = {}] = patchRecords()
    const more = Array.from({ length: 11 }, (_, index) => ({
      ...every,
      id: String(105_000 + index),
      kb: String(9_000_100 + index),
    }))
    const machines = Array.from({ length: 1_000 }, (_, index) => machineRecord(`m${index}.corp.example`, index))
    const scene = await manageEngineScene(memoryStore(fresh([], { machines, patches: [cumulative, last, ...more] })))
    const engine = scene.engine()
    const changes: Change[] = [
      update,
      ...more.map(({ kb }): Change => ({ kind: 'update', name: `KB${kb}`, build: null })),
    ]
    const [notBefore, notAfter] = [hoursFrom(scene.now(), 1 / 60), hoursFrom(scene.now(), 12)]
    const rest = { changes, transaction: stepsOf(changes), reboot: 'if required' as const, notBefore, notAfter }
    const deployments = machines.map(({ name }) => ({ asset: assetNamed(String(name)), ...rest }))
    const batch = { key: 'cost.1', deployments }
    const handle = await engine.start(batch, signal)
    scene.pass(2)
    scene.requests.length = 0
    const reports = await engine.poll(handle, signal)
    await engine.compare?.(handle, signal)
    expect(scene.requests.length).toBeLessThanOrEqual(18)
    const next = Math.min(
      ...reports.flatMap(({ lookAgainAt }) => (lookAgainAt === undefined ? [] : [Date.parse(lookAgainAt)])),
    )
    expect(
      Math.max(...reports.flatMap(({ lookAgainAt }) => (lookAgainAt === undefined ? [] : [Date.parse(lookAgainAt)]))),
    ).toBe(next)
    scene.pass((next - scene.now().getTime()) / 3_600_000)
    const [after] = (await engine.poll(handle, signal)).filter(({ outcome }) => outcome === null)
    if (after?.lookAgainAt !== undefined) expect(Date.parse(after.lookAgainAt) - next).toBeGreaterThanOrEqual(1_800_000)
  })
})
