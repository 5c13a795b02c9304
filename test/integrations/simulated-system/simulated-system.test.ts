import { describe, expect, it } from 'vitest'
import { onlyLooks } from '../../../src/core/asset.ts'
import { type Change, isApplied } from '../../../src/core/change.ts'
import type { Batch, DeploymentReport, DeploymentRequest } from '../../../src/core/ports.ts'
import { assetNamed, fresh, hoursFrom, memoryStore, offersRecord, systemScene, update } from './scene.ts'

const { signal } = new AbortController()
const names = ['web91', 'web92']
const other: Change = { kind: 'update', name: 'KB9000002', build: null }

function play(
  changes: readonly Change[] = [update],
  machines: readonly string[] = names,
  more: Record<string, unknown> = {},
  leadHours = 24,
) {
  const scene = systemScene(memoryStore(fresh(machines, more)))
  const engine = scene.engine()
  const notBefore = hoursFrom(scene.now(), leadHours)
  const notAfter = hoursFrom(scene.now(), leadHours + 4)
  async function batch(reboot: DeploymentRequest['reboot'] = 'if required'): Promise<Batch> {
    const deployments = await Promise.all(
      machines.map(async (name) => {
        const asset = assetNamed(name)
        const transaction = await engine.preview(asset, changes, signal)
        return { asset, changes, transaction, reboot, notBefore, notAfter }
      }),
    )
    return { key: 'one', deployments }
  }
  async function begin(reboot?: DeploymentRequest['reboot']) {
    const all = await batch(reboot)
    await engine.stage?.(all, signal)
    return engine.start(all, signal)
  }
  async function report(name: string): Promise<DeploymentReport | undefined> {
    return (await engine.poll({ key: 'one', data: {} }, signal)).find(({ asset }) => asset === assetNamed(name).id)
  }
  async function snapshot(name: string) {
    for await (const look of onlyLooks(scene.source.observe({ only: [assetNamed(name).id], signal }))) {
      if (look.kind === 'seen') return look.snapshot
    }
    throw new Error(`${name} was not seen.`)
  }
  return { ...scene, engine, batch, begin, report, snapshot, notBefore, notAfter }
}

describe('a machine of the simulated system', () => {
  it('asks every 22 hours less up to a fifth, each at its own times', async () => {
    const { source, pass } = play()
    const words = new Map<string, Set<string>>()
    for (let hour = 0; hour < 24 * 10; hour++) {
      pass(1)
      for await (const look of onlyLooks(source.observe({ signal }))) {
        if (look.kind !== 'seen') continue
        const { asset, observedAt } = look.snapshot
        words.set(asset.name, (words.get(asset.name) ?? new Set()).add(observedAt))
      }
    }
    for (const said of words.values()) {
      const times = [...said].map((at) => Date.parse(at))
      const gaps = times.slice(1).map((at, index) => (at - (times[index] ?? 0)) / 3_600_000)
      for (const gap of gaps) {
        expect(gap).toBeGreaterThanOrEqual(17.6)
        expect(gap).toBeLessThanOrEqual(22)
      }
    }
    expect(words.get('web91')).not.toEqual(words.get('web92'))
  })

  it('shows its new build and boot only after a restart, and waits for one that it does not get', async () => {
    const { begin, changeMachine, pass, report, snapshot } = play()
    await changeMachine('web92', { fault: 'no restart' })
    await begin()
    pass(72)
    const [well, waits] = [await snapshot('web91'), await snapshot('web92')]
    const buildOf = ({ packages }: typeof well) => packages.find(({ name }) => name === 'Windows')?.version
    expect([buildOf(well), well.rebootRequired, well.bootId === 'b']).toEqual(['10.0.20348.9001', false, false])
    expect([buildOf(waits), waits.rebootRequired, waits.bootId]).toEqual(['10.0.20348.9000', true, 'b'])
    expect(waits.rebootPackages).toEqual([update.name])
    expect((await report('web91'))?.outcome).toMatchObject({ state: 'succeeded', rebooted: true })
    expect((await report('web92'))?.outcome).toMatchObject({ state: 'succeeded', rebooted: false })
  })

  it('does not restart where the policy says never', async () => {
    const { begin, pass, snapshot } = play()
    await begin('never')
    pass(72)
    expect((await snapshot('web91')).rebootRequired).toBe(true)
  })

  it('that was silent for days says later what it did, and that is its outcome', async () => {
    const { begin, changeMachine, pass, report, snapshot } = play()
    await changeMachine('web91', { fault: 'silent after learning', silentHours: 90 })
    await begin()
    pass(80)
    expect((await report('web92'))?.outcome).toMatchObject({ state: 'succeeded' })
    expect(await report('web91')).toMatchObject({ outcome: null })
    expect(isApplied(update, await snapshot('web91')).applied).toBe('no')
    pass(80)
    expect((await report('web91'))?.outcome).toMatchObject({ state: 'succeeded' })
    expect(isApplied(update, await snapshot('web91')).applied).toBe('yes')
  })

  it('that is silent for good never ends by itself', async () => {
    const { begin, changeMachine, pass, report } = play()
    await changeMachine('web91', { fault: 'silent' })
    await begin()
    pass(2_000)
    expect(await report('web91')).toMatchObject({ outcome: null, saidAt: null, progress: 'told, has not asked yet' })
  })

  it('that cannot ask at its time begins nothing until it can, although it was told before', async () => {
    const { begin, changeMachine, pass, machine } = play([update], names, {}, 48)
    await begin()
    pass(23)
    expect((await machine('web91')).told).toHaveLength(1)
    await changeMachine('web91', { fault: 'silent' })
    pass(100)
    expect(await machine('web91')).toMatchObject({ told: [], working: null, results: [] })
    await changeMachine('web91', { fault: null })
    pass(23)
    expect((await machine('web91')).results).toMatchObject([{ state: 'installed' }])
  })

  it('that was told by somebody to begin before its time has no outcome before it', async () => {
    const { begin, change, pass, report, machine } = play([update], names, {}, 72)
    await begin()
    await change((state) => ({
      ...state,
      groups: state.groups.map((group) => ({ ...group, deadline: state.at ?? group.deadline })),
    }))
    pass(60)
    expect((await machine('web91')).said?.results).toHaveLength(1)
    expect((await report('web91'))?.outcome).toBeNull()
    pass(60)
    expect((await report('web91'))?.outcome).toMatchObject({ state: 'succeeded' })
  })

  it('does not learn while the server is away, and Patchwarden gets a sentence', async () => {
    const { begin, change, pass, report, now, source, machine, notBefore } = play()
    await begin()
    const away = { from: now().toISOString(), until: hoursFrom(now(), 30) }
    await change((state) => ({ ...state, server: { ...state.server, away: [away] } }))
    pass(10)
    await expect(report('web91')).rejects.toThrow(/cannot be reached/)
    const look = source.observe({ signal })[Symbol.asyncIterator]()
    await expect(look.next()).rejects.toThrow(/cannot be reached/)
    pass(100)
    expect((await report('web91'))?.outcome).toMatchObject({ state: 'succeeded' })
    // It learned after its deadline, so it began at once, at an hour that nobody chose.
    const [result] = (await machine('web91')).results
    expect(Date.parse(result?.at ?? '')).toBeGreaterThan(Date.parse(notBefore) + 6 * 3_600_000)
  })

  it('that installs it for somebody else is held back, not counted as ours', async () => {
    const { begin, change, pass, report, now } = play()
    await begin()
    const approval = { group: 'All machines', updates: [update.name], since: now().toISOString(), machines: ['web91'] }
    await change((state) => ({ ...state, approvals: [{ ...approval, deadline: hoursFrom(now(), 23.9) }] }))
    pass(80)
    expect((await report('web91'))?.outcome).toMatchObject({
      state: 'held back',
      reason: expect.stringContaining('not by this start'),
    })
    expect((await report('web92'))?.outcome).toMatchObject({ state: 'succeeded' })
  })
})

describe('the engine of the simulated system', () => {
  it('is ready when the content is there, names a licence and what cannot be undone', async () => {
    const { engine, batch, pass } = play([other])
    const all = await batch()
    expect(await engine.stage?.(all, signal)).toEqual({ ready: false, why: expect.stringContaining('KB9000002') })
    pass(3)
    expect(await engine.stage?.(all, signal)).toEqual({ ready: true })
    const plans = [{ asset: assetNamed('web91'), changes: [other, update] }]
    expect(await engine.terms?.(plans, signal)).toEqual([
      {
        grain: 'group',
        leadSeconds: 86_400,
        reportsWithinSeconds: 172_800,
        windowEnd: 'taken back',
        reboots: ['if required', 'as the system does'],
        stopReaches: 'not fetched',
        notUndone: [{ change: 'KB9000001', why: 'it cannot be taken off again' }],
        licences: ['A licence'],
        alsoInstalls: [],
      },
    ])
  })

  it('takes an update off where that is possible, and refuses it where it is not', async () => {
    const { engine, begin, pass, machine } = play([other])
    await begin()
    pass(72)
    const off: Change = { kind: 'update', name: 'KB9000002', build: null, undone: true }
    const asset = assetNamed('web91')
    const transaction = await engine.preview(asset, [off], signal)
    expect(transaction).toMatchObject([{ action: 'remove', name: 'KB9000002' }])
    await engine.start(
      { key: 'off', deployments: [{ asset, changes: [off], transaction, reboot: 'never', notAfter: null }] },
      signal,
    )
    pass(72)
    expect((await machine('web91')).packages.map(({ name }) => name)).toEqual(['Windows'])
    await expect(engine.preview(asset, [{ kind: 'update', name: 'KB1', build: null }], signal)).rejects.toThrow(
      /no KB1/,
    )
  })

  it('moves packages, too', async () => {
    const packages = [{ name: 'agent', version: '1.0' }]
    const machines = [{ name: 'deb', platform: 'debian:12', team: 'web', packages }]
    const change: Change = { name: 'agent', architecture: 'all', from: '1.0', to: '2.0' }
    const scene = play([change], ['deb'], { machines, offers: offersRecord() })
    expect((await scene.snapshot('deb')).pending).toMatchObject([{ name: 'agent', installed: '1.0', candidate: '2.0' }])
    await scene.begin()
    scene.pass(72)
    expect((await scene.snapshot('deb')).packages).toMatchObject([{ name: 'agent', version: '2.0' }])
    expect((await scene.report('deb'))?.outcome).toMatchObject({ state: 'succeeded', changed: [change] })
  })

  it('sets back what somebody changed about the group, and does not make again what somebody removed', async () => {
    const { engine, begin, batch, change, pass, report, notBefore, state } = play()
    const handle = await begin()
    await change((before) => ({
      ...before,
      groups: before.groups.map((one) => ({ ...one, deadline: '2026-01-01T00:00:00.000Z' })),
    }))
    expect(await engine.compare?.(handle, signal)).toEqual([expect.stringContaining('It was set back')])
    expect((await state()).groups[0]?.deadline).toBe(notBefore)
    await change((before) => ({ ...before, groups: [] }))
    expect(await engine.compare?.(handle, signal)).toHaveLength(2)
    await engine.stage?.(await batch(), signal)
    await engine.start(await batch(), signal)
    expect((await state()).groups).toEqual([])
    pass(72)
    expect((await report('web91'))?.outcome).toMatchObject({ state: 'not begun' })
  })

  it('adds nobody more once it was told to stop', async () => {
    const { batch, state, store } = play()
    const stop = new AbortController()
    const all = await batch()
    const stopping = systemScene({
      ...store,
      async change(work) {
        const result = await store.change(work)
        if ((await state()).groups.some(({ members }) => members.length > 0)) stop.abort(new Error('shutting down'))
        return result
      },
    }).engine()
    await expect(stopping.start(all, stop.signal)).rejects.toThrow('shutting down')
    expect((await state()).groups[0]?.members).toHaveLength(1)
  })

  it('leaves the groups of another installation alone', async () => {
    const { begin, batch, state, store } = play()
    await begin()
    const elsewhere = systemScene(store).engine(store, 'another')
    await elsewhere.stage?.(await batch(), signal)
    expect((await state()).groups).toHaveLength(2)
    await elsewhere.tidy?.('one', signal)
    const asked: string[] = []
    const unknown = async (keys: readonly string[]) => {
      asked.push(...keys)
      return keys
    }
    expect(await elsewhere.reclaim?.(unknown, signal)).toEqual([])
    expect(asked).toEqual([])
    const { groups } = await state()
    expect(groups.map(({ name }) => name.startsWith('Patchwarden test/one/'))).toEqual([true])
  })

  it('says of an id that the system does not list that it is gone', async () => {
    const found = []
    for await (const one of play().source.observe({ only: ['late/web01'], signal })) found.push(one)
    expect(found).toEqual([{ kind: 'gone', asset: 'late/web01' }])
  })
})
