import { describe, expect, it } from 'vitest'
import type { Change } from '../../../src/core/change.ts'
import type { Batch, DeployEngine, DeploymentRequest } from '../../../src/core/ports.ts'
import { stepsOf } from '../../../src/core/preview.ts'
import { toIso } from '../../../src/core/time/instant.ts'
import { simulatedId } from '../../../src/integrations/simulated-wsus/server.ts'
import type { WsusState } from '../../../src/integrations/simulated-wsus/state.ts'
import { ALL_COMPUTERS } from '../../../src/integrations/wsus/calls.ts'
import {
  assetNamed,
  framework,
  fresh,
  hoursFrom,
  idOf,
  machineRecord,
  memoryStore,
  termsIn,
  update,
  updatesRecord,
  type WsusScene,
  wsusScene,
} from './scene.ts'

const { signal } = new AbortController()
const three = ['a.corp.example', 'b.corp.example', 'c.corp.example']
const only = three.slice(0, 1)

type Whole = Required<DeployEngine>
const whole = (engine: DeployEngine) => engine as Whole

function batchOf(
  scene: WsusScene,
  names: readonly string[],
  more: Partial<DeploymentRequest> = {},
  key = 'PW-1.1',
): Batch {
  const changes = more.changes ?? [update]
  const deployments = names.map((name): DeploymentRequest => {
    const times = { notBefore: hoursFrom(scene.now(), 24), notAfter: hoursFrom(scene.now(), 28) }
    return { asset: assetNamed(name), changes, transaction: stepsOf(changes), reboot: 'if required', ...times, ...more }
  })
  return { key, deployments }
}

async function outcomes(engine: DeployEngine, key = 'PW-1.1') {
  const reports = await engine.poll({ key, data: {} }, signal)
  return Object.fromEntries(reports.map(({ asset, outcome }) => [asset.slice('wsus/'.length), outcome]))
}

const members = (state: WsusState) => {
  const ours = state.groups.filter(({ name }) => name.startsWith('Patchwarden (')).map(({ id }) => id)
  return state.machines.filter(({ groups }) => groups.some((id) => ours.includes(id))).map(({ name }) => name)
}

describe('what cannot be done is refused in a sentence before anybody votes', () => {
  it.each<[string, readonly Change[], Record<string, unknown>, RegExp]>([
    ['a package', [{ name: 'openssl', architecture: 'amd64', from: '1', to: '2' }], {}, /openssl is a package/],
    [
      'an update that WSUS does not have',
      [{ kind: 'update', name: 'KB1234567', build: null }],
      {},
      /does not have KB1234567/,
    ],
    ['one that is declined', [update], { declined: true }, /does not offer KB9000001: it is declined/],
    ['one that is withdrawn', [update], { expired: true }, /expired/],
    ['one that may ask the user', [update], { asksUser: true }, /may ask the person/],
    ['one for another Windows', [update], { for: ['Windows Server 2019'] }, /does not report to WSUS that it needs/],
    [
      'taking off what cannot be taken off',
      [{ ...(update as object), undone: true } as Change],
      {},
      /cannot be taken off/,
    ],
  ])('%s', async (name, changes, edit, sentence) => {
    const updates = updatesRecord().map((one) => (one.kb === '9000001' ? { ...one, ...edit } : one))
    const installed = name.startsWith('taking') ? [idOf('9000001')] : [idOf('9000000')]
    const machines = only.map((one) => ({ ...machineRecord(one), installed }))
    const scene = await wsusScene(memoryStore(fresh([], { updates, machines })))
    await expect(scene.engine().preview(assetNamed('a.corp.example'), changes, signal)).rejects.toThrow(sentence)
  })

  it('a preview of next month does not replace what is offered; a newer update does', async () => {
    const newer = { ...updatesRecord()[0], id: simulatedId('newer'), kb: '9000009', supersedes: [idOf('9000001')] }
    const preview = { ...newer, title: '2026-11 Cumulative Update Preview for Windows Server 2022 (KB9000009)' }
    const offered = async (more: Record<string, unknown>) => {
      const scene = await wsusScene(memoryStore(fresh(only, { updates: [...updatesRecord(), more] })))
      return scene.engine().preview(assetNamed('a.corp.example'), [update], signal)
    }
    expect(await offered(preview)).toHaveLength(1)
    await expect(offered(newer)).rejects.toThrow('superseded by KB9000009')
  })
})

describe('a server on which nothing can be started says why, before people vote where it is to stay so', () => {
  it.each<[string, Partial<WsusState['server']>, RegExp, boolean]>([
    ['a replica', { replica: true }, /replica/, true],
    ['rights of a reporter', { role: 'Reporter' }, /WSUS Administrators/, true],
    ['groups by policy', { targeting: 'Client' }, /client-side targeting/, true],
    ['a clock that is ahead', { clockAheadHours: 1 }, /60 minutes away/, false],
  ])('%s', async (_, server, sentence, stays) => {
    const scene = await wsusScene(memoryStore(fresh(only)))
    await scene.change((state) => ({ ...state, server: { ...state.server, ...server } }))
    const engine = whole(scene.engine())
    const plans = [{ asset: assetNamed('a.corp.example'), changes: [update] }]
    if (stays) await expect(engine.terms(plans, signal)).rejects.toThrow(sentence)
    else expect(await engine.terms(plans, signal)).toHaveLength(1)
    await expect(engine.stage(batchOf(scene, only), signal)).rejects.toThrow(sentence)
    await expect(engine.start(batchOf(scene, only), signal)).rejects.toThrow(sentence)
    expect((await scene.state()).groups).toEqual([])
  })

  it('a system that may only be read', async () => {
    const scene = await wsusScene(memoryStore(fresh(only)))
    const engine = scene.engine({ mayDeploy: false })
    await expect(engine.start(batchOf(scene, only), signal)).rejects.toThrow('mode: deploy')
    expect(await engine.check?.(signal)).toContain('mode: read')
  })
})

describe('what installs without a vote', () => {
  /** The update is approved for all computers, and a rule approves what will come for the group Pilot. */
  async function withApprovals() {
    const pilot = simulatedId('pilot')
    const machines = three.map((name, index) => ({ ...machineRecord(name), groups: index === 0 ? [pilot] : [] }))
    const approval = {
      ...{ id: simulatedId('theirs'), update: idOf('9000001'), group: ALL_COMPUTERS, action: 'Install' },
      createdAt: '2026-11-19T00:00:00Z',
    }
    const server = { automatic: [{ name: 'Default rule', enabled: true, groups: ['Pilot'] }] }
    const groups = [{ id: pilot, name: 'Pilot', parent: ALL_COMPUTERS }]
    return wsusScene(memoryStore(fresh([], { machines, groups, approvals: [approval], server })))
  }

  it('is listed by check, with the groups whose machines it reaches', async () => {
    const checked = await (await withApprovals()).engine().check?.(signal)
    expect(checked).toContain('approves by itself: "Default rule"')
    expect(checked).toContain('installs without a vote what is approved for "All Computers" (1)')
  })

  it('is named in the terms of each machine, and is held back and never counted as ours', async () => {
    const scene = await withApprovals()
    const engine = whole(scene.engine())
    const plans = three.map((name) => ({ asset: assetNamed(name), changes: [update] }))
    const [first, second] = await engine.terms(plans, signal)
    const everywhere = 'KB9000001, which is approved for "All Computers" in WSUS'
    expect(termsIn(first).alsoInstalls).toEqual([
      everywhere,
      'what the rule "Default rule" of WSUS will approve for it',
    ])
    expect(termsIn(second).alsoInstalls).toEqual([everywhere])
    await engine.start(batchOf(scene, three), signal)
    expect(members(await scene.state())).toEqual([])
    scene.pass(48)
    expect((await scene.machine('a.corp.example')).installed).toContain(idOf('9000001'))
    for (const outcome of Object.values(await outcomes(engine)))
      expect(outcome).toMatchObject({ state: 'held back', reason: expect.stringContaining('installs by itself') })
  })
})

describe('a licence', () => {
  it('is in the terms, is accepted only if it was voted on, and content is waited for', async () => {
    const scene = await wsusScene(memoryStore(fresh(only)))
    const engine = whole(scene.engine())
    const [terms] = await engine.terms([{ asset: assetNamed('a.corp.example'), changes: [framework] }], signal)
    expect(termsIn(terms).licences).toEqual(['A licence'])
    const without = batchOf(scene, only, { changes: [framework] })
    expect(await engine.preflight(without, signal)).toMatchObject([
      { ready: false, outcome: { state: 'held back', reason: expect.stringContaining('A licence') } },
    ])
    expect((await scene.state()).updates.some(({ licenceAccepted }) => licenceAccepted)).toBe(false)
    const voted = batchOf(scene, only, { changes: [framework], licences: ['A licence'] })
    expect(await engine.stage(voted, signal)).toMatchObject({ ready: false, why: expect.stringContaining('KB9000002') })
    expect(members(await scene.state())).toEqual([])
    scene.pass(3)
    expect(await engine.stage(voted, signal)).toEqual({ ready: true })
  })
})

it('content that the server has given up on is told as that, and nobody is told of the update', async () => {
  const scene = await wsusScene(memoryStore(fresh(only)))
  const real = scene.server.call
  const server = scene.server as { call: typeof real }
  server.call = async (op, data, by) => {
    const answer = await real(op, data, by)
    const rows = answer.data as readonly { content?: string }[]
    return op === 'updates' ? { ...answer, data: rows.map((row) => ({ ...row, content: 'Failed' })) as never } : answer
  }
  const batch = batchOf(scene, only, { changes: [framework], licences: ['A licence'] })
  expect(await whole(scene.engine()).stage(batch, signal)).toMatchObject({
    ready: false,
    why: expect.stringMatching(/^WSUS could not fetch the content of KB9000002 \(1 of 1\): look at its disk/),
  })
  expect(members(await scene.state())).toEqual([])
})

describe('the first start on a server', () => {
  const seven = ['1', '2', '3', '4', '5', '6', '7'].map((name) => `${name}.corp.example`)

  it('has five machines at most, one start at a time, until one was completed', async () => {
    const scene = await wsusScene(memoryStore(fresh(seven)), { proven: false })
    const engine = whole(scene.engine())
    const batch = batchOf(scene, seven)
    const refused = (await engine.preflight(batch, signal)).filter(({ ready }) => !ready)
    expect(refused).toMatchObject(
      [6, 7].map((name) => ({ asset: `wsus/${name}.corp.example`, outcome: { state: 'not begun' } })),
    )
    await engine.stage(batch, signal)
    await engine.start(batch, signal)
    expect(members(await scene.state())).toEqual(seven.slice(0, 5))
    const second = batchOf(scene, seven.slice(5), {}, 'PW-2.1')
    await whole(scene.engine()).start(second, signal)
    expect(members(await scene.state())).toEqual(seven.slice(0, 5))
    scene.pass(72)
    expect(Object.values(await outcomes(engine)).filter((one) => one?.state === 'succeeded')).toHaveLength(5)
    // It has ended, and needs not to be tidied first.
    await engine.start(batchOf(scene, seven.slice(5), {}, 'PW-3.1'), signal)
    expect(members(await scene.state())).toEqual(seven)
  })

  it('is one also when two of them begin at the same moment', async () => {
    const scene = await wsusScene(memoryStore(fresh(seven)), { proven: false })
    const batches = [batchOf(scene, seven.slice(0, 3)), batchOf(scene, seven.slice(3), {}, 'PW-2.1')]
    await Promise.all(batches.map((batch) => whole(scene.engine()).start(batch, signal)))
    const told = members(await scene.state())
    expect([seven.slice(0, 3), seven.slice(3)]).toContainEqual(told)
  })

  it('proves nothing where no machine did what it was told', async () => {
    const scene = await wsusScene(memoryStore(fresh(seven)), { proven: false })
    const engine = whole(scene.engine())
    await engine.start(batchOf(scene, seven), signal)
    await engine.cancel({ key: 'PW-1.1', data: {} }, signal)
    await engine.tidy('PW-1.1', signal)
    await engine.start(batchOf(scene, seven, {}, 'PW-2.1'), signal)
    expect(members(await scene.state())).toHaveLength(5)
  })
})

describe('machines that install at an hour of their own', () => {
  // Told on Friday at 12:00 for Saturday from 12:00 to 16:00.
  it.each([
    ['at 13:00, before the window', '13:00', /before its window/],
    ['at 11:00, before the window', '11:00', /before its window/],
  ])('%s', async (_, at, sentence) => {
    const scene = await wsusScene(memoryStore(fresh(only)))
    const engine = scene.engine({ installs: { at } })
    expect(await engine.preflight(batchOf(scene, only), signal)).toMatchObject([
      { ready: false, outcome: { state: 'held back', reason: expect.stringMatching(sentence) } },
    ])
  })

  it('are told without a deadline when the hour lies in the window, in their own time zone', async () => {
    const scene = await wsusScene(memoryStore(fresh(only)), { start: '2026-11-20T12:30:00Z' })
    const engine = whole(scene.engine({ installs: { at: '13:00' } }))
    const asset = { ...assetNamed('a.corp.example'), timeZone: 'Europe/Berlin' }
    const times = { notBefore: '2026-11-21T11:30:00.000Z', notAfter: '2026-11-21T12:30:00.000Z' }
    const late = batchOf(scene, only, { asset, ...times, notAfter: '2026-11-21T12:00:00.000Z' })
    expect(await engine.preflight(late, signal)).toMatchObject([
      { ready: false, outcome: { reason: expect.stringContaining('not in its window') } },
    ])
    const batch = batchOf(scene, only, { asset, ...times })
    expect(await engine.preflight(batch, signal)).toMatchObject([{ ready: true }])
    await engine.start(batch, signal)
    expect((await scene.state()).approvals).toMatchObject([{ action: 'Install', deadline: null }])
  })
})

describe('what others do in WSUS', () => {
  async function started() {
    const scene = await wsusScene(memoryStore(fresh(three)))
    const engine = whole(scene.engine())
    const batch = batchOf(scene, three)
    const handle = await engine.start(batch, signal)
    return { scene, engine, batch, handle }
  }

  it('is set back if they changed the deadline, withdrew the approval or approved more', async () => {
    const { scene, engine, handle } = await started()
    const [made] = (await scene.state()).approvals
    if (made === undefined) throw new Error('Nothing is approved.')
    const approve = (edit: (approvals: WsusState['approvals']) => WsusState['approvals']) =>
      scene.change((state) => ({ ...state, approvals: edit(state.approvals) }))
    const edits: ((approvals: WsusState['approvals']) => WsusState['approvals'])[] = [
      (all) => all.map((one) => ({ ...one, deadline: null })),
      () => [],
      (all) => [...all, { ...made, id: simulatedId('more'), update: idOf('9000002') }],
    ]
    for (const edit of edits) {
      await approve(edit)
      expect(await engine.compare(handle, signal)).toEqual([expect.stringContaining('It was set back')])
      expect(await engine.compare(handle, signal)).toEqual([])
      const installs = (await scene.state()).approvals.filter(({ action }) => action === 'Install')
      expect(installs).toMatchObject([{ update: made.update, deadline: made.deadline }])
    }
  })

  it('is told once if they deleted the group, which is not made again', async () => {
    const { scene, engine, batch, handle } = await started()
    await scene.change((state) => ({
      ...state,
      groups: [],
      machines: state.machines.map((one) => ({ ...one, groups: [] })),
    }))
    expect(await engine.compare(handle, signal)).toHaveLength(3)
    expect(await engine.compare(handle, signal)).toEqual([])
    await engine.start(batch, signal)
    expect((await scene.state()).groups).toEqual([])
    expect(Object.values(await outcomes(engine)).map((one) => one?.state)).toEqual([
      'not begun',
      'not begun',
      'not begun',
    ])
  })

  it('takes a machine out again where the approval of another group counts for it', async () => {
    const scene = await wsusScene(memoryStore(fresh(three)))
    const engine = whole(scene.engine())
    const batch = batchOf(scene, three)
    await engine.stage(batch, signal)
    // It is approved elsewhere between the last look and the moment at which the machine is added.
    const real = scene.server.call
    const group = simulatedId('their group')
    const server = scene.server as { call: typeof real }
    server.call = async (op, data, by) => {
      if (op === 'add-member' && !(await scene.state()).groups.some(({ id }) => id === group))
        await scene.change((state) => ({
          ...state,
          groups: [...state.groups, { id: group, name: 'Theirs', parent: ALL_COMPUTERS }],
          approvals: [
            ...state.approvals,
            {
              ...{ id: simulatedId('theirs'), update: idOf('9000001'), group, action: 'Install', revision: 1 },
              ...{ deadline: '2026-11-20T00:00:00Z', createdAt: scene.now().toISOString(), by: 'CORP\\admin' },
            },
          ],
          machines: state.machines.map((one) =>
            one.name === three[0] ? { ...one, groups: [...one.groups, group] } : one,
          ),
        }))
      return real(op, data, by)
    }
    await whole(scene.engine()).start(batch, signal)
    server.call = real
    expect(members(await scene.state())).toEqual(three.slice(1))
    expect((await outcomes(engine))['a.corp.example']).toMatchObject({
      state: 'held back',
      reason: expect.stringContaining('another group'),
    })
  })

  it('declined before the start: nobody is told', async () => {
    const scene = await wsusScene(memoryStore(fresh(only)))
    const engine = whole(scene.engine())
    const batch = batchOf(scene, only)
    await engine.stage(batch, signal)
    await scene.server.call('decline', { update: idOf('9000001') }, signal)
    await engine.start(batch, signal)
    expect(members(await scene.state())).toEqual([])
    expect((await outcomes(engine))['a.corp.example']).toMatchObject({ state: 'held back' })
  })

  it('two installations on one WSUS have groups of their own, and tidy only these', async () => {
    const scene = await wsusScene(memoryStore(fresh(three)))
    const [one, other] = [whole(scene.engine()), whole(scene.engine({ installation: 'other' }))]
    await one.start(batchOf(scene, three.slice(0, 1)), signal)
    await other.start(batchOf(scene, three.slice(1), {}, 'PW-1.2'), signal)
    await one.tidy('PW-1.1', signal)
    await one.tidy('PW-1.2', signal)
    expect((await scene.state()).groups.map(({ name }) => name.slice(0, 21))).toEqual(['Patchwarden (other) P'])
  })
})

describe('what machines say', () => {
  it('is unknown of one that was off: it may install late, and its own word says so', async () => {
    const scene = await wsusScene(memoryStore(fresh(only)))
    const engine = whole(scene.engine())
    const handle = await engine.start(batchOf(scene, only), signal)
    // It learns, is off over its window and longer than its next ask, and installs once it is on.
    while ((await scene.machine('a.corp.example')).told.length === 0) scene.pass(0.5)
    const off = { from: scene.now().toISOString(), until: hoursFrom(scene.now(), 60) }
    await scene.changeMachine('a.corp.example', { off: [off] })
    scene.pass(30)
    expect(await engine.cancel(handle, signal)).toMatchObject([{ state: 'at work' }])
    scene.pass(20)
    expect((await outcomes(engine))['a.corp.example']).toBeNull()
    scene.pass(40)
    expect((await outcomes(engine))['a.corp.example']).toMatchObject({ state: 'succeeded' })
  })

  it('names what failed, with the code of its event', async () => {
    const scene = await wsusScene(memoryStore(fresh(only)))
    await scene.changeMachine('a.corp.example', { fault: 'install fails' })
    const engine = scene.engine()
    await engine.start(batchOf(scene, only), signal)
    scene.pass(72)
    expect((await outcomes(engine))['a.corp.example']).toMatchObject({
      state: 'failed',
      reason: expect.stringMatching(/^KB9000001 could not be installed: error 0x80070643/),
    })
  })

  it('is no failure of this start if it only repeats an earlier one', async () => {
    const scene = await wsusScene(memoryStore(fresh(only)))
    const attempt = {
      update: idOf('9000001'),
      action: 'Install' as const,
      group: ALL_COMPUTERS,
      at: toIso(0),
      ok: false,
    }
    await scene.changeMachine('a.corp.example', { attempts: [attempt], silentHours: 999 })
    scene.pass(23)
    const engine = scene.engine()
    const handle = await engine.start(batchOf(scene, only), signal)
    // Off over the whole time: it asks before and reports after, and has not tried yet.
    scene.pass(1)
    const state = await scene.state()
    await scene.change(() => ({ ...state, approvals: [] }))
    scene.pass(50)
    const [report] = await engine.poll(handle, signal)
    expect(report?.outcome).toBeNull()
    expect(report?.saidAt).not.toBeNull()
  })

  it('of a restart that is missing is a success that waits for it', async () => {
    const scene = await wsusScene(memoryStore(fresh(only)))
    await scene.changeMachine('a.corp.example', { fault: 'no restart' })
    const engine = scene.engine()
    await engine.start(batchOf(scene, only), signal)
    scene.pass(72)
    expect((await outcomes(engine))['a.corp.example']).toMatchObject({ state: 'succeeded', rebooted: false })
    for await (const look of scene.source.observe({ signal })) {
      if (look.kind !== 'seen') continue
      expect(look.snapshot).toMatchObject({ rebootRequired: true, rebootPackages: ['KB9000001'] })
      expect(look.snapshot.packages[0]).toMatchObject({ name: 'Windows', version: '10.0.20348.9000' })
    }
  })

  it('that an update was taken off, where that is what was approved', async () => {
    const undone: Change = { kind: 'update', name: 'KB9000002', build: null, undone: true }
    const machines = only.map((name) => ({ ...machineRecord(name), installed: [idOf('9000000'), idOf('9000002')] }))
    const scene = await wsusScene(memoryStore(fresh([], { machines })))
    const engine = scene.engine()
    await engine.start(batchOf(scene, only, { changes: [undone] }), signal)
    expect((await scene.state()).approvals).toMatchObject([{ action: 'Uninstall' }])
    scene.pass(72)
    expect((await outcomes(engine))['a.corp.example']).toMatchObject({ state: 'succeeded', changed: [undone] })
    expect((await scene.machine('a.corp.example')).installed).toEqual([idOf('9000000')])
  })
})
