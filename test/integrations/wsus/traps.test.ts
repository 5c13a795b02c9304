/** What goes wrong around a WSUS while a start is under way, and what a stranger does to it. */

import { describe, expect, it } from 'vitest'
import type { Batch, DeployEngine, DeploymentRequest } from '../../../src/core/ports.ts'
import { stepsOf } from '../../../src/core/preview.ts'
import { simulatedId } from '../../../src/integrations/simulated-wsus/server.ts'
import { ALL_COMPUTERS } from '../../../src/integrations/wsus/calls.ts'
import { groupName } from '../../../src/integrations/wsus/groups.ts'
import {
  assetNamed,
  type Dies,
  framework,
  fresh,
  hoursFrom,
  idOf,
  machineId,
  memoryStore,
  update,
  type WsusScene,
  wsusScene,
} from './scene.ts'

const { signal } = new AbortController()
const KEY = 'PW-1.1'
const [a, b] = ['a.corp.example', 'b.corp.example'] as const
const handle = { key: KEY, data: {} }
type Whole = Required<DeployEngine>

function batchOf(scene: Pick<WsusScene, 'now'>, changes = [update], names: readonly string[] = [a, b]): Batch {
  const times = { notBefore: hoursFrom(scene.now(), 24), notAfter: hoursFrom(scene.now(), 28) }
  const deployments = names.map((name): DeploymentRequest => {
    const licences = ['A licence']
    return {
      asset: assetNamed(name),
      changes,
      transaction: stepsOf(changes),
      reboot: 'if required',
      ...times,
      licences,
    }
  })
  return { key: KEY, deployments }
}

async function scene() {
  const one = await wsusScene(memoryStore(fresh([a, b])))
  const engine = one.engine() as Whole
  const outcomes = async () =>
    Object.fromEntries(
      (await engine.poll(handle, signal)).map(({ asset, outcome }) => [asset.slice('wsus/'.length), outcome]),
    )
  const ours = async () => (await one.state()).groups.filter(({ name }) => name.startsWith('Patchwarden ('))
  const inside = async () => {
    const ids = (await ours()).map(({ id }) => id)
    return (await one.state()).machines
      .filter(({ groups }) => groups.some((id) => ids.includes(id)))
      .map(({ name }) => name)
  }
  const changeUpdate = (kb: string, edit: object) =>
    one.change((state) => ({
      ...state,
      updates: state.updates.map((item) => (item.kb === kb ? { ...item, ...edit } : item)),
    }))
  const engineThat = (dies: Dies) => one.engine({ dies })
  return {
    ...one,
    engine,
    engineThat,
    outcomes,
    ours,
    inside,
    changeUpdate,
    compare: () => engine.compare(handle, signal),
  }
}

/** A process that dies when it has written down who is to be told, and has told nobody. */
async function dyingBeforeTheFirst(one: Awaited<ReturnType<typeof scene>>, batch: Batch): Promise<void> {
  const note = async () => (await one.keeping.readNote('wsus', KEY)) as { startedAt: string | null } | null
  for (let nth = 0; (await note())?.startedAt == null; nth++)
    await one
      .engineThat({ nth, when: 'after' })
      .start(batch, signal)
      .catch(() => undefined)
  expect(await one.inside()).toEqual([])
}

describe('a group of that name that is there already', () => {
  const item = { update: idOf('9000001'), kb: 'KB9000001', action: 'Install' as const }
  const name = groupName({ installation: 'test' } as never, KEY, [item])
  const id = simulatedId('group of a stranger')

  it('and has machines in it is refused with their names, and nothing is approved for it', async () => {
    const one = await scene()
    await one.change((state) => ({ ...state, groups: [{ id, name, parent: ALL_COMPUTERS }] }))
    await one.changeMachine(b, { groups: [id] })
    await expect(one.engine.stage(batchOf(one, [update], [a]), signal)).rejects.toThrow(
      /has a group "Patchwarden \(test\) PW-1\.1 .*already, with b\.corp\.example in it, which this start did not make: delete it/,
    )
    expect((await one.state()).approvals).toEqual([])
  })

  it('and is empty is that of a process that died, and is used', async () => {
    const one = await scene()
    await one.change((state) => ({ ...state, groups: [{ id, name, parent: ALL_COMPUTERS }] }))
    await one.engine.start(batchOf(one), signal)
    expect(await one.inside()).toEqual([a, b])
  })
})

describe('a machine that is deleted in WSUS', () => {
  it('after it was written down who is to be told is left out, and the others are told', async () => {
    const one = await scene()
    const batch = batchOf(one)
    await dyingBeforeTheFirst(one, batch)
    await one.change((state) => ({ ...state, machines: state.machines.filter(({ name }) => name !== a) }))
    await one.engine.start(batch, signal)
    expect(await one.inside()).toEqual([b])
    expect((await one.outcomes())[a]).toMatchObject({ state: 'unreachable', touched: false })
  })

  it('after it was told is told once, and the others are followed', async () => {
    const one = await scene()
    await one.engine.start(batchOf(one), signal)
    await one.change((state) => ({ ...state, machines: state.machines.filter(({ name }) => name !== a) }))
    expect(await one.compare()).toEqual([expect.stringContaining(`Somebody took ${a} out of the group`)])
    expect(await one.compare()).toEqual([])
    one.pass(48)
    expect((await one.outcomes())[b]).toMatchObject({ state: 'succeeded' })
  })
})

it('a machine that is renamed after it was told is followed by its id', async () => {
  const one = await scene()
  await one.engine.start(batchOf(one), signal)
  await one.changeMachine(a, { name: 'new.corp.example' })
  one.pass(48)
  expect((await one.outcomes())[a]).toMatchObject({ state: 'succeeded' })
})

describe('an update that changes after machines were told', () => {
  it('declined: it is told once, nobody waits for it for ever, and the rest is followed', async () => {
    const one = await scene()
    await one.engine.start(batchOf(one), signal)
    await one.server.call('decline', { update: idOf('9000001') }, signal)
    const [difference, ...more] = await one.compare()
    expect(difference).toMatch(/^KB9000001 is not approved any more for ".*" in WSUS, and cannot be: .*declined/)
    expect([...more, ...(await one.compare())]).toEqual([])
    one.pass(30)
    await one.engine.cancel(handle, signal)
    one.pass(48)
    expect((await one.outcomes())[a]).toMatchObject({ state: 'not begun' })
  })

  it('withdrawn by Microsoft, and its approval taken away: the same', async () => {
    const one = await scene()
    await one.engine.start(batchOf(one), signal)
    await one.changeUpdate('9000001', { expired: true })
    await one.change((state) => ({ ...state, approvals: [] }))
    expect(await one.compare()).toEqual([expect.stringMatching(/cannot be: .*expired/)])
    expect(await one.compare()).toEqual([])
  })

  it('one of two declined: the other is installed, and what is missing is named', async () => {
    const one = await scene()
    await one.changeUpdate('9000002', { contentHours: 0 })
    await one.engine.start(batchOf(one, [update, framework]), signal)
    await one.server.call('decline', { update: idOf('9000001') }, signal)
    await one.compare()
    one.pass(48)
    await one.engine.cancel(handle, signal)
    one.pass(48)
    const outcome = (await one.outcomes())[a]
    expect(outcome).toMatchObject({ state: 'failed' })
    expect(JSON.stringify(outcome)).toMatch(/installed KB9000002, and not KB9000001/)
  })

  it('revised, with its approval taken over: it is told once, with both numbers', async () => {
    const one = await scene()
    await one.engine.start(batchOf(one), signal)
    await one.change((state) => ({ ...state, approvals: state.approvals.map((each) => ({ ...each, revision: 7 })) }))
    expect(await one.compare()).toEqual([expect.stringMatching(/revised KB9000001 .*\(revision 1, now 7\)/)])
    expect(await one.compare()).toEqual([])
  })

  it('superseded before machines were told: they are held back', async () => {
    const one = await scene()
    const newer = {
      ...(await one.state()).updates[0],
      id: simulatedId('newer'),
      kb: '9000009',
      supersedes: [idOf('9000001')],
    }
    const batch = batchOf(one)
    one.pass(1)
    await one.change((state) => ({ ...state, updates: [...state.updates, newer as never] }))
    one.pass(25)
    const [first] = await one.engine.preflight(batch, signal)
    expect(JSON.stringify(first)).toMatch(/superseded by KB9000009|not in its window|not begun/)
  })

  it('whose content cannot be fetched: nobody is told, and what to do is said', async () => {
    const one = await scene()
    await one.changeUpdate('9000002', { contentHours: 9_999 })
    expect(await one.engine.stage(batchOf(one, [framework]), signal)).toMatchObject({ ready: false })
    await expect(one.engine.start(batchOf(one, [framework]), signal)).rejects.toThrow(
      /still fetches the content of KB9000002/,
    )
    expect(await one.inside()).toEqual([])
  })
})

it('a group that somebody deleted before the first machine was told is not made again, and ends the start', async () => {
  const one = await scene()
  const batch = batchOf(one)
  await dyingBeforeTheFirst(one, batch)
  await one.change((state) => ({ ...state, groups: [], approvals: [] }))
  await one.engine.start(batch, signal)
  expect(await one.ours()).toEqual([])
  expect((await one.outcomes())[a]).toMatchObject({
    state: 'held back',
    reason: expect.stringMatching(/Somebody deleted the group .* before it was told/),
  })
  expect(await one.compare()).toEqual([])
})

it('a group that somebody renamed keeps nothing of ours: no machine and no approval', async () => {
  const one = await scene()
  await one.engine.start(batchOf(one), signal)
  await one.change((state) => ({ ...state, groups: state.groups.map((group) => ({ ...group, name: 'Mine now' })) }))
  await one.engine.tidy(KEY, signal)
  const { groups, machines, approvals } = await one.state()
  expect(groups.map(({ name }) => name)).toEqual(['Mine now'])
  expect(machines.flatMap((machine) => machine.groups)).toEqual([])
  expect(approvals.map(({ action }) => action)).toEqual(['NotApproved'])
})

describe('calls for the record', () => {
  it('are each change and what was read after it, in order, with names', async () => {
    const one = await scene()
    await one.engine.start(batchOf(one), signal)
    const calls = await one.engine.calls.read(KEY)
    expect(calls.map(({ n }) => n)).toEqual(calls.map((_, index) => index + 1))
    const [group = ''] = (await one.ours()).map(({ name }) => name)
    expect(calls.map(({ what }) => what)).toEqual([
      `make the group "${group}"`,
      `read who is in "${group}"`,
      `read the approvals of "${group}"`,
      expect.stringMatching(/^approve KB9000001 for "Patchwarden .*", deadline 2026-11-21 12:00 UTC$/),
      `read the approvals of "${group}"`,
      `read who is in "${group}"`,
      `add ${a} to "${group}"`,
      `add ${b} to "${group}"`,
      `read for ${a}, ${b} which approval counts of KB9000001`,
    ])
    expect(calls.at(-1)?.answered).toMatchObject([
      { machine: machineId(a), action: 'Install' },
      { machine: machineId(b) },
    ])
    expect(JSON.stringify(calls)).not.toMatch(/svc-/)
    await one.engine.calls.recorded(KEY, 8, signal)
    expect((await one.engine.calls.read(KEY)).map(({ n }) => n)).toEqual([9])
    await one.engine.tidy(KEY, signal)
    expect((await one.engine.calls.read(KEY)).map(({ what }) => what).at(-1)).toBe(
      `delete the group "${group}", with its approvals`,
    )
    await one.engine.calls.recorded(KEY, 99, signal)
    expect(await one.engine.calls.read(KEY)).toEqual([])
  })

  it('say that an answer was lost', async () => {
    const one = await scene()
    await one.change((state) => ({ ...state, server: { ...state.server, loseAnswers: 1 } }))
    await expect(one.engine.stage(batchOf(one), signal)).rejects.toThrow()
    expect(await one.engine.calls.read(KEY)).toEqual([
      expect.objectContaining({ n: 1, answered: null, problem: expect.stringMatching(/lost|answer/) }),
    ])
  })

  it('are planned as they are made', async () => {
    const one = await scene()
    const { stage, start, afterwards, left } = await one.engine.plannedCalls(batchOf(one), signal)
    expect((await one.state()).groups).toEqual([])
    await one.engine.start(batchOf(one), signal)
    const made = (await one.engine.calls.read(KEY)).map(({ what }) => what.replace(/, deadline .*/, ''))
    const plannedOnes = [...stage, ...start].map(({ what }) => what)
    expect(made.filter((what) => plannedOnes.includes(what))).toEqual(expect.arrayContaining(plannedOnes))
    expect(stage.find(({ deadline }) => deadline !== undefined)?.deadline).toBe(hoursFrom(one.now(), 24))
    expect(afterwards.map(({ what }) => what)).toEqual([
      expect.stringMatching(/^take a\.corp\.example out of .*unless it has ended by then$/),
      expect.stringMatching(/^take b\.corp\.example out of/),
      expect.stringMatching(/^delete the group/),
    ])
    expect(left).toEqual([])
  })
})
