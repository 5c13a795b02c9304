/** What is asked of a WSUS server, how often, and what is made of its answers. */

import { describe, expect, it } from 'vitest'
import { mergeUpdates, missingWindowsUpdates } from '../../../src/core/assessment/windows-updates.ts'
import { type Observation, onlyLooks } from '../../../src/core/asset.ts'
import type { Batch } from '../../../src/core/ports.ts'
import { stepsOf } from '../../../src/core/preview.ts'
import { simulatedId } from '../../../src/integrations/simulated-wsus/server.ts'
import {
  assetNamed,
  fresh,
  hoursFrom,
  machineRecord,
  memoryStore,
  update,
  updatesRecord,
  type WsusScene,
  wsusScene,
} from './scene.ts'

const { signal } = new AbortController()
const named = (count: number) => Array.from({ length: count }, (_, index) => `m${index}.corp.example`)

async function looks({ source }: WsusScene, only?: readonly string[]): Promise<readonly Observation[]> {
  const found: Observation[] = []
  for await (const look of onlyLooks(source.observe(only === undefined ? { signal } : { only, signal })))
    found.push(look)
  return found
}

const total = ({ calls }: WsusScene) => [...calls.values()].reduce((sum, count) => sum + count, 0)

describe('the inventory', () => {
  it('asks only about machines that have reported since', async () => {
    const scene = await wsusScene(memoryStore(fresh(named(200))))
    expect(await looks(scene)).toHaveLength(200)
    expect(scene.calls.get('installations')).toBe(5)
    scene.calls.clear()
    expect(await looks(scene)).toHaveLength(200)
    expect(scene.calls.get('installations') ?? 0).toBe(0)
    scene.pass(1)
    const before = new Map((await looks(scene)).map((one) => [one.kind === 'seen' ? one.snapshot.asset.id : '', one]))
    expect(scene.calls.get('installations')).toBe(1)
    expect(before.size).toBe(200)
  })

  it('tells of a machine that was deleted by leaving it out of a whole answer, and by saying so where it is asked for', async () => {
    const scene = await wsusScene(memoryStore(fresh(named(3))))
    await looks(scene)
    await scene.change((state) => ({ ...state, machines: state.machines.slice(1) }))
    const all: string[] = []
    for await (const one of scene.source.observe({ signal })) all.push(one.kind)
    expect(all).toEqual(['seen', 'seen', 'all'])
    const asked: unknown[] = []
    for await (const one of scene.source.observe({ only: ['wsus/m0.corp.example'], signal })) asked.push(one)
    expect(asked).toEqual([{ kind: 'gone', asset: 'wsus/m0.corp.example' }])
  })

  it('reads in parts what a server would cut, and misses nobody', async () => {
    const machines = [...named(30).map(machineRecord), { ...machineRecord('silent.corp.example'), fault: 'silent' }]
    const scene = await wsusScene(memoryStore(fresh([], { machines, server: { mostRows: 4 } })))
    const found = await looks(scene)
    expect(found).toHaveLength(31)
    expect(found.filter(({ kind }) => kind === 'unreachable')).toMatchObject([
      { reason: expect.stringContaining('silent.corp.example has not reported to WSUS yet') },
    ])
  })

  it('takes the machine that reported last where WSUS has two of one name, and says so', async () => {
    const old = { ...machineRecord('twice.corp.example'), id: simulatedId('old'), fault: 'silent' }
    const scene = await wsusScene(memoryStore(fresh([], { machines: [old, machineRecord('twice.corp.example')] })))
    const [look, ...more] = await looks(scene)
    expect(more).toEqual([])
    expect(look).toMatchObject({ kind: 'seen', warnings: [expect.stringContaining('2 computers called twice')] })
  })

  it('knows nothing of machines that share one id, and starts nothing on them', async () => {
    const machines = [{ ...machineRecord('one.corp.example'), copies: ['two.corp.example'] }]
    const scene = await wsusScene(memoryStore(fresh([], { machines })))
    const engine = scene.engine()
    for (let look = 0; look < 4; look++) {
      await looks(scene)
      await engine.preview(assetNamed('one.corp.example'), [update], signal).catch(() => undefined)
      scene.pass(22)
    }
    const sentence = expect.stringContaining('one.corp.example and two.corp.example share one id')
    expect(await looks(scene)).toMatchObject([
      { kind: 'unreachable', reason: sentence },
      { kind: 'unreachable', reason: sentence },
    ])
    await expect(engine.preview(assetNamed('one.corp.example'), [update], signal)).rejects.toThrow('share one id')
  })

  it('gives the groups of WSUS as tags, and not ours', async () => {
    const pilot = simulatedId('pilot')
    const groups = [{ id: pilot, name: 'Pilot', parent: null }]
    const machines = [{ ...machineRecord('a.corp.example'), groups: [pilot] }]
    const scene = await wsusScene(memoryStore(fresh([], { machines, groups })))
    await scene.engine().start(batchOf(scene, ['a.corp.example']), signal)
    expect(await looks(scene)).toMatchObject([{ snapshot: { asset: { tags: ['Pilot'], team: 'web' } } }])
  })
})

describe('the catalog', () => {
  it('holds what may be installed, with what it replaces, and nothing else', async () => {
    const [first] = updatesRecord()
    const more = [
      { ...first, id: simulatedId('a'), kb: '9000011', declined: true },
      { ...first, id: simulatedId('b'), kb: '9000012', expired: true },
      { ...first, id: simulatedId('c'), kb: '9000013', kind: 'Driver', classification: 'Drivers' },
      { ...first, id: simulatedId('d'), kb: '9000014', classification: 'Definition Updates' },
      { ...first, id: simulatedId('e'), kb: '9000015', title: 'Security Update for Microsoft Office 2016 (KB9000015)' },
    ]
    const scene = await wsusScene(memoryStore(fresh(named(1), { updates: [...updatesRecord(), ...more] })))
    const fetched = await scene.catalog().fetch(null, signal)
    if (fetched.status !== 'fetched') throw new Error('It fetched nothing.')
    expect(fetched.content.updates).toMatchObject([
      { platform: 'windows:server-2022', kb: 'KB9000000', fixedBuild: '10.0.20348.9000' },
      {
        ...{ kb: 'KB9000001', supersedes: ['KB9000000'], fixedBuild: '10.0.20348.9001', severity: 'Critical' },
        ...{ type: 'security', restart: true, cves: [] },
      },
      { kb: 'KB9000002', fixedBuild: null, severity: null, restart: false },
    ])
    expect(await scene.catalog().fetch(fetched.cursor, signal)).toEqual({ status: 'unchanged' })
    // What a machine misses by this catalog is what it reports to need.
    const [look] = await looks(scene)
    if (look?.kind !== 'seen') throw new Error('It was not seen.')
    const missing = missingWindowsUpdates(look.snapshot.packages, mergeUpdates(fetched.content.updates ?? []))
    expect(missing.map((one) => one.update.kb)).toEqual(['KB9000001', 'KB9000002'])
  })

  it('of a server without updates is no catalog', async () => {
    const scene = await wsusScene(memoryStore(fresh(named(1), { updates: [] })))
    await expect(scene.catalog().fetch(null, signal)).rejects.toThrow('was it ever synchronised?')
  })
})

function batchOf(scene: WsusScene, names: readonly string[]): Batch {
  const times = { notBefore: hoursFrom(scene.now(), 24), notAfter: hoursFrom(scene.now(), 28) }
  const same = { changes: [update], transaction: stepsOf([update]), reboot: 'if required' as const, ...times }
  return { key: 'PW-1.1', deployments: names.map((name) => ({ asset: assetNamed(name), ...same })) }
}

/** docs/integrations/wsus.md states these numbers. */
describe('what following 1,000 machines costs', () => {
  it('is at most 7 calls for each look, and at most one look an hour', async () => {
    const names = named(1_000)
    const scene = await wsusScene(memoryStore(fresh(names)))
    const engine = scene.engine()
    const handle = await engine.start(batchOf(scene, names), signal)
    scene.calls.clear()
    let looked = 0
    let next = 0
    for (let hour = 0; hour < 36; hour++) {
      scene.pass(1)
      if (scene.now().getTime() < next) continue
      looked++
      const before = total(scene)
      const reports = await engine.poll(handle, signal)
      await engine.compare?.(handle, signal)
      expect(total(scene) - before).toBeLessThanOrEqual(7)
      const times = reports.flatMap(({ outcome, lookAgainAt }) =>
        outcome === null && lookAgainAt ? [lookAgainAt] : [],
      )
      if (times.length === 0) break
      next = Math.min(...times.map((at) => Date.parse(at)))
      expect(next % 3_600_000).toBe(0)
    }
    expect(looked).toBeLessThanOrEqual(36)
  })
})
