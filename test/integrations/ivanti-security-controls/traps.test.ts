/** What a real console does that a client must bear. Each has a switch in the simulated one. */

import { describe, expect, it } from 'vitest'
import type { DeploymentHandle } from '../../../src/core/ports.ts'
import {
  assetNamed,
  consoleScene,
  type Dies,
  fresh,
  hoursFrom,
  LEAD_HOURS,
  machineRecord,
  memoryStore,
  type Scene,
  second,
  update,
} from './scene.ts'
import { all, batchOf, begin, done, each, follow, names, outcomes, posts, reasons, three } from './starts.ts'

const { signal } = new AbortController()

describe('answers that are none', () => {
  it('asks a busy console again, and says what it met if that does not end', async () => {
    const scene = await three({ busy: 2 })
    expect(await scene.api.machines(signal)).toHaveLength(4)
    await scene.traps({ busy: 50 })
    await expect(scene.api.machines(signal)).rejects.toThrow(/too busy/)
  })

  it('says that the sign-in is refused, and asks no second time', async () => {
    const scene = await three({ signInRefused: true })
    await expect(scene.engine().check?.(signal)).rejects.toThrow(/does not take the sign-in/)
    expect(scene.requests).toHaveLength(1)
  })

  it('reads all rows of a console that gives ten a page, and no list from one that repeats its first page', async () => {
    const machines = Array.from({ length: 35 }, (_, index) => machineRecord(`m${index}.corp.example`, index))
    const scene = await consoleScene(memoryStore(fresh([], { machines, traps: { pagesOf10: true } })))
    expect(await scene.api.machines(signal)).toHaveLength(35)
    const [scan] = await scene.api.scans({}, signal)
    expect(await scene.api.scanMachines(scan?.id ?? '', signal)).toHaveLength(35)
    await scene.traps({ samePage: true })
    await expect(scene.api.machines(signal)).rejects.toThrow(/the same page/)
  })
})

describe('what is sent', () => {
  it('is a group of the approved patches, a scan of the machines that looks for it alone, and that scan', async () => {
    const scene = await three()
    const engine = scene.engine()
    const handle = await begin(engine, batchOf(scene))
    await follow(scene, engine, handle, 1)
    const state = await scene.state()
    const [group] = state.groups
    expect(group?.members).toEqual([40_001])
    const template = state.scanTemplates.find(({ groups }) => groups.length > 0)
    expect(template?.groups).toEqual([group?.id])
    const [scan, ...scans] = posts(scene, '/patch/scans')
    expect(scans).toEqual([])
    expect(JSON.parse(scan?.body ?? '')).toMatchObject({
      templateId: template?.id,
      endpointNames: names,
      useMachineCredential: true,
    })
    const [deployment, ...others] = posts(scene, '/patch/deployments')
    expect(others).toEqual([])
    const found = state.scans.find(({ name }) => name.startsWith('Patchwarden'))
    expect(JSON.parse(deployment?.body ?? '')).toEqual({
      scanId: found?.id,
      templateId: '7b5b0000-0000-4000-8000-000000000001',
    })
  })

  it('is nothing before the window, and nothing after it', async () => {
    const scene = await three({}, { scanMinutes: 120 })
    const engine = scene.engine()
    const handle = await begin(engine, batchOf(scene, all, [update], 1))
    expect(await follow(scene, engine, handle)).toEqual([])
    expect(posts(scene, '/patch/deployments')).toEqual([])
    expect(await outcomes(engine, handle)).toEqual(each('not begun'))
    expect(await done(scene)).toEqual({})
  })

  it('is never a scan without machines or a group without patches', async () => {
    const scene = await three()
    await expect(scene.api.startScan({ name: 'x', template: 'y', machines: [] }, signal)).rejects.toThrow(
      /without machines/,
    )
    expect(posts(scene, '/patch/scans')).toEqual([])
  })
})

describe('a scan that found something else', () => {
  it('is not deployed where somebody put another patch into the group: only who misses nothing else gets it', async () => {
    const scene = await three()
    await scene.changeMachine('web92.corp.example', { installed: [40_000, 40_002] })
    // What the scan at the start of the scene said is over.
    scene.pass(7)
    const engine = scene.engine()
    const handle = await begin(engine, batchOf(scene))
    await scene.change((state) => ({
      ...state,
      groups: state.groups.map((group) => ({ ...group, members: [...group.members, 40_002] })),
    }))
    await follow(scene, engine, handle)
    expect(await outcomes(engine, handle)).toEqual({ ...each('held back'), 'web92.corp.example': 'succeeded' })
    expect(await reasons(engine, handle)).toContain('It would also install KB9000002, which nobody approved')
    expect(await done(scene)).toEqual({ 'web92.corp.example': [40_001] })
  })

  it('holds a machine back of which it says a word that nobody knows', async () => {
    const scene = await three()
    const engine = scene.engine()
    const handle = await begin(engine, batchOf(scene))
    await scene.changeMachine('web91.corp.example', { odd: [40_001] })
    await follow(scene, engine, handle)
    expect(await outcomes(engine, handle)).toEqual({ ...each('succeeded'), 'web91.corp.example': 'held back' })
    expect(await reasons(engine, handle)).toContain('"InformationalItem" of KB9000001')
    expect(Object.keys(await done(scene))).toEqual(names.slice(1))
  })

  it('names a machine that it could not look at, and goes on with the others', async () => {
    const scene = await three()
    const engine = scene.engine()
    const handle = await begin(engine, batchOf(scene))
    const off = [{ from: scene.now().toISOString(), until: hoursFrom(scene.now(), 5) }]
    await scene.changeMachine('web93.corp.example', { off })
    await follow(scene, engine, handle)
    expect(await outcomes(engine, handle)).toEqual({ ...each('succeeded'), 'web93.corp.example': 'unreachable' })
  })

  it('does less where a machine has a part already', async () => {
    const scene = await three()
    const engine = scene.engine()
    const handle = await begin(engine, batchOf(scene, all, [update, second]))
    await scene.changeMachine('web91.corp.example', { installed: [40_000, 40_002] })
    await follow(scene, engine, handle)
    expect(await outcomes(engine, handle)).toEqual(each('succeeded'))
    expect((await done(scene))['web91.corp.example']).toEqual([40_001])
  })

  it('is removed where another machine is in it, made again once, and then nothing more', async () => {
    const scene = await three({ adds: 14 })
    const engine = scene.engine()
    const handle = await begin(engine, batchOf(scene))
    const told = await follow(scene, engine, handle)
    expect(told).toEqual([
      expect.stringMatching(/also had web99\.corp\.example.*scanned again/),
      expect.stringMatching(/also had web99\.corp\.example.*nothing more is deployed/),
    ])
    expect(await outcomes(engine, handle)).toEqual(each('held back'))
    expect(posts(scene, '/patch/deployments')).toEqual([])
  })
})

describe('a deployment template', () => {
  it('is refused that always restarts, or says nothing that is known', async () => {
    const scene = await three()
    const engine = scene.engine({ templates: { 'if required': 'Standard' } })
    expect(
      await engine.terms?.(
        [{ asset: { ...assetNamed(names[0] ?? ''), version: '' } as never, changes: [update] }],
        signal,
      ),
    ).toEqual([expect.stringContaining('"Standard" says "Always" about restarts')])
    await expect(engine.check?.(signal)).rejects.toThrow(/"Standard" says "Always"/)
  })

  it('that was changed after the vote is seen right before the deployment, and nothing is deployed', async () => {
    const scene = await three()
    const engine = scene.engine()
    const handle = await begin(engine, batchOf(scene))
    await scene.change((state) => ({
      ...state,
      deployTemplates: state.deployTemplates.map((one) => ({ ...one, when: 'Always' })),
    }))
    await follow(scene, engine, handle)
    expect(await outcomes(engine, handle)).toEqual(each('held back'))
    expect(posts(scene, '/patch/deployments')).toEqual([])
  })
})

describe('an answer that was lost', () => {
  it('is found by account, time, template and machines, and never asked for again', async () => {
    const scene = await three({ noOperation: true, shownAfterMinutes: 5 })
    const engine = scene.engine()
    const handle = await begin(engine, batchOf(scene))
    await scene.traps({ loseAnswers: 0 })
    scene.pass(0.25)
    await engine.compare?.(handle, signal)
    scene.pass(0.25)
    await scene.traps({ loseAnswers: 1 })
    await expect(engine.compare?.(handle, signal)).rejects.toThrow(/did not say whether it did it/)
    await follow(scene, engine, handle)
    expect(await outcomes(engine, handle)).toEqual(each('succeeded'))
    expect(posts(scene, '/patch/deployments')).toHaveLength(1)
  })

  it('is not taken for the deployment of somebody else', async () => {
    const scene = await three({}, { scanMinutes: 0 })
    const engine = scene.engine()
    const handle = await begin(engine, batchOf(scene))
    scene.pass(LEAD_HOURS)
    // It never reached the console.
    const dying = scene.engine({ dies: await deathAt(scene, '/patch/deployments', handle) })
    await expect(dying.compare?.(handle, signal)).rejects.toThrow(/killed/)
    await scene.change((state) => {
      const [scan] = state.scans.filter(({ name }) => name.startsWith('Patchwarden'))
      const at = scene.now().toISOString()
      const targets = (scan?.results ?? []).map(({ machine, rows }) => ({
        ...{
          machine,
          patches: rows,
          sentAt: null,
          begunAt: null,
          endedAt: null,
          problem: null,
          codes: {},
          isSaid: false,
        },
      }))
      const other = { id: '0000bbbb-0000-4000-8000-000000000001', scan: scan?.id ?? '', creator: 'CORP\\anna', targets }
      const times = { startedAt: at, shownAt: at, cancelledAt: at, downloadFailed: false }
      return { ...state, deployments: [{ ...other, ...times, template: state.deployTemplates[0]?.id ?? '' }] }
    })
    await follow(scene, engine, handle, 1)
    const reports = await engine.poll(handle, signal)
    for (const { outcome } of reports) expect(outcome).toMatchObject({ state: 'unreachable', touched: true })
    expect(posts(scene, '/patch/deployments')).toEqual([])
  })
})

/** At which step of the next look a process must die so that it has noted the deployment and not asked for it. */
async function deathAt(scene: Scene, path: string, handle: DeploymentHandle): Promise<Dies> {
  for (let nth = 0; nth < 60; nth++) {
    const before = scene.requests.length
    const notes = await scene.keeping.readNote('isc', handle.key)
    const probe = scene.engine({ dies: { nth, when: 'before' } })
    await probe.compare?.(handle, signal).catch(() => undefined)
    const noted = JSON.stringify(await scene.keeping.readNote('isc', handle.key)).includes('"sent"')
    expect(scene.requests.slice(before).some((one) => one.method === 'POST' && one.path.endsWith(path))).toBe(false)
    if (notes != null) await scene.keeping.saveNote('isc', handle.key, notes as Record<string, unknown>)
    if (noted) return { nth, when: 'before' }
  }
  throw new Error('No step notes it.')
}

describe('a deployment', () => {
  it('whose download failed has failed, although its operation succeeded', async () => {
    const scene = await three({ downloadFails: true })
    const engine = scene.engine()
    const handle = await begin(engine, batchOf(scene))
    await follow(scene, engine, handle)
    expect(await outcomes(engine, handle)).toEqual(each('failed'))
    expect(await reasons(engine, handle)).toContain('did the download fail?')
  })

  it('that is never called complete ends by what each machine says', async () => {
    const scene = await three({ neverComplete: true })
    const engine = scene.engine()
    const handle = await begin(engine, batchOf(scene))
    await follow(scene, engine, handle)
    expect(await outcomes(engine, handle)).toEqual(each('succeeded'))
  })

  it('is looked at again by a fresh scan, and says so; what waits for a restart is said to wait', async () => {
    const scene = await three()
    await scene.changeMachine('web92.corp.example', { fault: 'no restart' })
    const engine = scene.engine()
    const handle = await begin(engine, batchOf(scene))
    await follow(scene, engine, handle)
    const reports = await engine.poll(handle, signal)
    for (const { asset, outcome, saidAt } of reports) {
      expect(outcome).toMatchObject({
        state: 'succeeded',
        notes: [expect.stringContaining('a fresh scan')].concat(
          asset.includes('web92') ? ['KB9000001 waits for a restart'] : [],
        ),
      })
      expect(Date.parse(saidAt ?? '')).toBeGreaterThan(Date.parse('2026-11-20T12:30:00Z'))
    }
    expect(posts(scene, '/patch/scans')).toHaveLength(2)
  })

  it('of which one machine is stopped while files are sent is cancelled, and the others are deployed to anew', async () => {
    const scene = await three()
    const engine = scene.engine()
    const handle = await begin(engine, batchOf(scene))
    await follow(scene, engine, handle, 0.5)
    expect(posts(scene, '/patch/deployments')).toHaveLength(1)
    expect(await engine.cancel(handle, signal, [all[0]?.id ?? ''])).toEqual([{ asset: all[0]?.id, state: 'stopped' }])
    await follow(scene, engine, handle)
    expect(await outcomes(engine, handle)).toEqual({ ...each('succeeded'), 'web91.corp.example': 'not begun' })
    expect(await done(scene)).toEqual({ 'web92.corp.example': [40_001], 'web93.corp.example': [40_001] })
  })
})

describe('the first start', () => {
  it('has at most five machines, until one was completed', async () => {
    const more = Array.from({ length: 8 }, (_, index) => `m${index}.corp.example`)
    const scene = await consoleScene(memoryStore(fresh(more)), { proven: false })
    const found = await scene.engine().preflight(batchOf(scene, more.map(assetNamed)), signal)
    expect(found.filter(({ ready }) => ready)).toHaveLength(5)
  })
})

describe('what installs without a vote', () => {
  const plans = () => all.map((asset) => ({ asset: asset as never, changes: [update] }))
  const also = async (scene: Scene) =>
    ((await scene.engine().terms?.(plans(), signal)) ?? []).map((one) =>
      typeof one === 'string' ? [one] : one.alsoInstalls,
    )

  it('is named where the console names it, and said to be unknown where it does not', async () => {
    const policies = [{ id: 'p-1', name: 'Laptops', tasks: ['Browsers, every Tuesday'] }]
    const scene = await three({}, { policies })
    await scene.changeMachine('web92.corp.example', { policy: 'p-1' })
    expect(await also(scene)).toEqual([
      [],
      [expect.stringMatching(/"Browsers, every Tuesday" of the agent policy "Laptops"/)],
      [],
    ])
    const silent = await three({ noAgents: true })
    for (const one of await also(silent))
      expect(one).toEqual([expect.stringContaining('which this console does not tell')])
    expect(await silent.engine().check?.(signal)).toContain('is not known')
  })
})

describe('mode: read', () => {
  it('deploys nothing, and says what to write', async () => {
    const scene = await three()
    const engine = scene.engine({ mayDeploy: false })
    await expect(engine.stage?.(batchOf(scene), signal)).rejects.toThrow(/"mode: deploy"/)
    expect(scene.requests.every(({ method }) => method === 'GET')).toBe(true)
  })
})
