/** What a real server does that a client must bear. Each has a switch in the simulated one. */

import { describe, expect, it } from 'vitest'
import type { Asset } from '../../../src/core/asset.ts'
import type { Change } from '../../../src/core/change.ts'
import type { Batch, DeployEngine, DeploymentHandle } from '../../../src/core/ports.ts'
import { stepsOf } from '../../../src/core/preview.ts'
import {
  assetNamed,
  fresh,
  hoursFrom,
  machineRecord,
  manageEngineScene,
  memoryStore,
  type Scene,
  update,
} from './scene.ts'

const { signal } = new AbortController()
const names = ['web91.corp.example', 'web92.corp.example', 'web93.corp.example']
const STRANGER = 'web99.corp.example'
let runs = 0

function batchOf(scene: Scene, assets: readonly Asset[], changes: readonly Change[] = [update]): Batch {
  const [notBefore, notAfter] = [hoursFrom(scene.now(), 1 / 60), hoursFrom(scene.now(), 12)]
  const rest = { changes, transaction: stepsOf(changes), reboot: 'if required' as const, notBefore, notAfter }
  return { key: `trap.${++runs}`, deployments: assets.map((asset) => ({ asset, ...rest })) }
}

async function outcomes(engine: DeployEngine, handle: DeploymentHandle): Promise<Record<string, string | undefined>> {
  const reports = await engine.poll(handle, signal)
  return Object.fromEntries(reports.map(({ asset, outcome }) => [asset.split('/')[1] ?? '', outcome?.state]))
}

const three = (traps = {}) => manageEngineScene(memoryStore(fresh([...names, STRANGER], { traps })))
const all = names.map(assetNamed)
const sent = (scene: Scene) => scene.requests.filter(({ path }) => path.endsWith('/installpatch'))

describe('answers that are none', () => {
  it('asks again after a page for people and after "too many", and says what it met if that does not end', async () => {
    const scene = await three({ signInPages: 1 })
    expect(await scene.api.machines(signal)).toHaveLength(4)
    await scene.traps({ tooMany: 2 })
    expect(await scene.api.machines(signal)).toHaveLength(4)
    await scene.traps({ tooMany: 50 })
    await expect(scene.api.machines(signal)).rejects.toThrow(/wants to be asked less often/)
    await scene.traps({ tooMany: 0, signInPages: 50 })
    await expect(scene.api.machines(signal)).rejects.toThrow(/a page for people/)
  })

  it('takes no error for success because it comes with HTTP 200', async () => {
    const scene = await three({ tokenOver: true })
    await expect(scene.engine().check?.(signal)).rejects.toThrow(/does not take the token/)
  })

  it('reads all rows of a server that gives 25 a page, and no list from one that repeats its first page', async () => {
    const machines = Array.from({ length: 60 }, (_, index) => machineRecord(`m${index}.corp.example`, index))
    const scene = await manageEngineScene(memoryStore(fresh([], { machines, traps: { pagesOf25: true } })))
    expect(await scene.api.machines(signal)).toHaveLength(60)
    await scene.traps({ samePage: true })
    await expect(scene.api.machines(signal)).rejects.toThrow(/the same page/)
  })
})

describe('what is sent', () => {
  it('holds exactly the machines and patches, and none of the fields whose meaning is uncertain', async () => {
    const scene = await three()
    await scene.engine().start(batchOf(scene, all), signal)
    const [one, ...others] = sent(scene)
    expect(others).toEqual([])
    const body = JSON.parse(one?.body ?? '')
    expect(body).toMatchObject({
      PatchIDs: [104_001],
      ResourceIDs: [30_000_000_000_001, 30_000_000_000_002, 30_000_000_000_003],
      DeploymentPolicyTemplateID: 4,
      actionToPerform: 'Deploy',
      deploymentType: 0,
      forceRebootOption: 0,
    })
    for (const field of ['deadlineTime', 'installaftertime', 'expirytime']) expect(body).not.toHaveProperty(field)
  })

  it('is never a list that is empty, because that means all', async () => {
    const scene = await three()
    const asked = { name: 'x', description: '', policy: '4', undone: false }
    await expect(scene.api.install({ ...asked, patches: ['1'], machines: [] }, signal)).rejects.toThrow(/all of them/)
    await expect(scene.api.install({ ...asked, patches: [], machines: ['1'] }, signal)).rejects.toThrow(/all of them/)
    expect(sent(scene)).toEqual([])
  })

  it('is looked for where it is shown late, and not sent again', async () => {
    const scene = await three({ shownAfterMinutes: 5 })
    const [engine, batch] = [scene.engine(), batchOf(scene, all)]
    await expect(engine.start(batch, signal)).rejects.toThrow(/not sent again/)
    scene.pass(0.1)
    const handle = await engine.start(batch, signal)
    expect(sent(scene)).toHaveLength(1)
    scene.pass(9)
    expect(await outcomes(engine, handle)).toEqual(Object.fromEntries(names.map((name) => [name, 'succeeded'])))
  })

  it('is left to people where it is not shown in time, and suspended if it shows after all', async () => {
    const scene = await three({ shownAfterMinutes: 30 })
    const [engine, batch] = [scene.engine(), batchOf(scene, all)]
    await expect(engine.start(batch, signal)).rejects.toThrow(/not sent again/)
    scene.pass(0.2)
    const handle = await engine.start(batch, signal)
    expect(await engine.poll(handle, signal)).toMatchObject(
      all.map(() => ({ outcome: { state: 'unreachable', touched: true } })),
    )
    scene.pass(0.5)
    expect(await engine.compare?.(handle, signal)).toEqual([expect.stringContaining('It was suspended')])
    expect((await scene.state()).configurations).toMatchObject([{ suspended: true }])
    expect(sent(scene)).toHaveLength(1)
  })

  it('is made once more without a machine that the server added, and then not again', async () => {
    const scene = await three({ adds: '30000000000004' })
    const [engine, batch] = [scene.engine(), batchOf(scene, all)]
    const handle = await engine.start(batch, signal)
    const told = [
      ...((await engine.compare?.(handle, signal)) ?? []),
      ...((await engine.compare?.(handle, signal)) ?? []),
    ]
    expect(told).toEqual([expect.stringContaining(STRANGER), expect.stringContaining('nothing more is sent')])
    expect(sent(scene)).toHaveLength(2)
    expect((await scene.state()).configurations.every(({ suspended }) => suspended)).toBe(true)
    scene.pass(9)
    expect((await scene.machine(STRANGER)).attempts).toEqual([])
    expect(await outcomes(engine, handle)).toEqual(Object.fromEntries(names.map((name) => [name, 'not begun'])))
  })
})

describe('what is refused before anybody is told', () => {
  it('says in the preview that no deployment policy is named for the window, or that it is not there', async () => {
    const scene = await three()
    const first = assetNamed(names[0] ?? '')
    await expect(scene.engine({ window: 'weekends' }).preview(first, [update], signal)).rejects.toThrow(
      /the window "weekends"/,
    )
    await scene.change((state) => ({ ...state, policies: state.policies.map((one) => ({ ...one, isAlive: false })) }))
    scene.pass(1)
    await expect(scene.engine().preview(first, [update], signal)).rejects.toThrow(
      /no deployment policy called "Servers nightly"/,
    )
    await expect(scene.engine({ mayDeploy: false }).preview(first, [update], signal)).rejects.toThrow(/mode: deploy/)
  })

  it('holds back what was superseded or declined since the vote', async () => {
    const scene = await three()
    const [engine, batch] = [scene.engine(), batchOf(scene, all)]
    await engine.preview(assetNamed(names[0] ?? ''), [update], signal)
    for (const [edit, why] of [
      [{ supersededBy: '104002' }, 'superseded by KB9000002'],
      [{ declined: true }, 'declined'],
    ] as const) {
      await scene.change((state) => ({
        ...state,
        patches: state.patches.map((one) =>
          one.id === '104001' ? { ...one, supersededBy: null, declined: false, ...edit } : one,
        ),
      }))
      const found = await engine.preflight(batch, signal)
      expect(found).toMatchObject(
        all.map(() => ({ ready: false, outcome: { state: 'held back', reason: expect.stringContaining(why) } })),
      )
    }
  })

  it('has at most five machines until one start was completed', async () => {
    const machines = Array.from({ length: 7 }, (_, index) => machineRecord(`m${index}.corp.example`, index))
    const scene = await manageEngineScene(memoryStore(fresh([], { machines })), { proven: false })
    const engine = scene.engine()
    const assets = machines.map(({ name }) => assetNamed(String(name)))
    const batch = batchOf(scene, assets)
    const handle = await engine.start(batch, signal)
    expect((await scene.state()).configurations.map((one) => one.machines.length)).toEqual([5])
    scene.pass(9)
    expect(Object.values(await outcomes(engine, handle)).sort()).toEqual([
      ...Array(2).fill('not begun'),
      ...Array(5).fill('succeeded'),
    ])
    await engine.tidy?.(batch.key, signal)
    await engine.start(batchOf(scene, assets.slice(5)), signal)
    expect((await scene.state()).configurations.at(-1)?.machines).toHaveLength(2)
  })
})

describe('a server that only has the older API', () => {
  const legacy = () => three({ onlyLegacy: true })

  it('states in its terms that nothing can be taken back, and says so when it is asked to', async () => {
    const scene = await legacy()
    const engine = scene.engine()
    const [terms] = (await engine.terms?.([{ asset: assetNamed(names[0] ?? ''), changes: [update] }], signal)) ?? []
    expect(terms).toMatchObject({ windowEnd: 'not kept', stopReaches: 'none' })
    expect(await engine.check?.(signal)).toContain('nothing can be taken back')
    const handle = await engine.start(batchOf(scene, all), signal)
    expect(await engine.cancel(handle, signal)).toMatchObject(all.map(() => ({ state: 'may still begin' })))
    scene.pass(9)
    expect(await outcomes(engine, handle)).toEqual(Object.fromEntries(names.map((name) => [name, 'succeeded'])))
  })

  it('follows a start to its end, and tells once that others are in it', async () => {
    const scene = await legacy()
    const engine = scene.engine()
    const handle = await engine.start(batchOf(scene, all), signal)
    await scene.change((state) => ({
      ...state,
      configurations: state.configurations.map((one) => ({ ...one, machines: [...one.machines, '30000000000004'] })),
    }))
    expect(await engine.compare?.(handle, signal)).toEqual([expect.stringContaining('4 machines, and was made for 3')])
    expect(await engine.compare?.(handle, signal)).toEqual([])
    await scene.changeMachine(names[0] ?? '', { fault: 'install fails' })
    scene.pass(9)
    expect(await outcomes(engine, handle)).toEqual({
      [names[0] ?? '']: 'failed',
      [names[1] ?? '']: 'succeeded',
      [names[2] ?? '']: 'succeeded',
    })
  })
})

describe('what installs without a vote', () => {
  it('is named by check, on the card, and in no other place', async () => {
    const tasks = [
      { id: '71', name: 'Browsers', machines: ['30000000000001'] },
      { id: '72', name: 'Paused', machines: ['30000000000001'], isActive: false },
    ]
    const scene = await manageEngineScene(memoryStore(fresh(names, { tasks })))
    const engine = scene.engine()
    expect(await engine.check?.(signal)).toMatch(/installs without a vote: the task "Browsers"$/)
    const terms = await engine.terms?.(
      all.map((asset) => ({ asset, changes: [update] })),
      signal,
    )
    expect(terms?.map((one) => (typeof one === 'string' ? one : one.alsoInstalls))).toEqual([
      [expect.stringContaining('"Browsers"')],
      [],
      [],
    ])
  })
})
