/** What a real site does that a client must bear, a test each. */

import { describe, expect, it } from 'vitest'
import { onlyLooks } from '../../../src/core/asset.ts'
import type { Batch, DeployEngine } from '../../../src/core/ports.ts'
import { assetNamed, type EngineOptions, fresh, hoursFrom, memoryStore, siteScene, termsIn, update } from './scene.ts'

const { signal } = new AbortController()
const names = ['web91.corp.example', 'web92.corp.example']
const [first = '', second = ''] = names

async function siteWith(more: Record<string, unknown> = {}, options: { readonly proven?: boolean } = {}) {
  return siteScene(memoryStore(fresh(names, more)), options)
}
type Scene = Awaited<ReturnType<typeof siteWith>>

async function batchOf(scene: Scene, engine: DeployEngine, key = 'traps.1', windowHours = 12): Promise<Batch> {
  const notBefore = hoursFrom(scene.now(), 4)
  const notAfter = hoursFrom(scene.now(), 4 + windowHours)
  const deployments = []
  for (const asset of names.map(assetNamed)) {
    const transaction = await engine.preview(asset, [update], signal)
    deployments.push({ asset, changes: [update], transaction, reboot: 'if required' as const, notBefore, notAfter })
  }
  return { key, deployments }
}

async function started(scene: Scene, options: EngineOptions = {}) {
  const engine = scene.engine(options)
  const batch = await batchOf(scene, engine)
  const staged = await engine.stage?.(batch, signal)
  const handle = await engine.start(batch, signal)
  return { engine, batch, staged, handle }
}

async function looks(scene: Scene) {
  const found = []
  for await (const look of onlyLooks(scene.source.observe({ signal }))) found.push(look)
  return found
}

describe('Configuration Manager', () => {
  it('reads pages to the end, with names in any case, and one object that comes as a list', async () => {
    const scene = await siteWith({ traps: { pageRows: 1, smallNames: true, wrapped: true } })
    expect((await looks(scene)).map(({ kind }) => kind)).toEqual(['seen', 'seen'])
    expect(scene.requests.some((one) => one.includes('$skiptoken'))).toBe(true)
  })

  it('pages in a circle are an error, not an endless list', async () => {
    const scene = await siteWith({ traps: { circle: true } })
    await expect(looks(scene)).rejects.toThrow('in a circle')
  })

  it('404 may mean "not allowed", and the sentence says both', async () => {
    const scene = await siteWith({ traps: { denied: ['SMS_R_System'] } })
    await expect(looks(scene)).rejects.toThrow(/does not have it, or does not show it to this login.*Read-only Analyst/)
  })

  it('fields that its version lacks are left out', async () => {
    const scene = await siteWith({ traps: { lacks: ['BuildExt', 'LastPolicyRequest'] } })
    const [look] = await looks(scene)
    expect(look).toMatchObject({ kind: 'seen' })
    expect((await scene.api.contacts(null, signal)).size).toBe(2)
  })

  it('503 is asked again', async () => {
    const scene = await siteWith({ traps: { busy: 2 } })
    expect(await looks(scene)).toHaveLength(2)
  })

  it('a date of 1980 is never', async () => {
    const machines = [
      { id: 16_777_225, name: first, os: 'Windows Server 2022 Standard', version: '10.0.20348.9000', fault: 'silent' },
    ]
    const scene = await siteWith({ machines })
    expect((await scene.api.contacts(null, signal)).size).toBe(0)
    expect(await looks(scene)).toMatchObject([
      { kind: 'unreachable', reason: expect.stringContaining('never scanned') },
    ])
  })

  it('a machine that was installed anew has two records, and the newer one counts', async () => {
    const machine = (id: number, more: object) => ({
      id,
      name: first,
      os: 'Windows Server 2022 Standard',
      version: '10.0.20348.9000',
      ...more,
    })
    const scene = await siteWith({
      machines: [machine(16_777_225, { obsolete: true }), machine(16_777_300, { installed: [16_800_001] })],
    })
    const [look] = await looks(scene)
    if (look?.kind !== 'seen') throw new Error('It was not seen.')
    expect(look.snapshot.packages.map(({ name }) => name)).toContain('KB9000001')
  })

  it('what changed is asked for, not everything', async () => {
    const scene = await siteWith()
    await looks(scene)
    scene.requests.length = 0
    await looks(scene)
    expect(scene.requests.filter((one) => one.includes('SMS_UpdateComplianceStatus'))).toEqual([
      expect.stringContaining('LastStatusChangeTime ge'),
      expect.stringContaining('CI_ID eq 16800001'),
    ])
  })

  it('the catalog says what replaces what, and leaves out what has expired', async () => {
    const scene = await siteWith()
    const found = await scene.catalog().fetch(null, signal)
    if (found.status !== 'fetched') throw new Error('Nothing was fetched.')
    expect(found.content.updates).toMatchObject([
      { kb: 'KB9000000' },
      {
        kb: 'KB9000001',
        supersedes: ['KB9000000'],
        fixedBuild: '10.0.20348.9001',
        severity: 'Critical',
        type: 'security',
      },
      { kb: 'KB9000002', fixedBuild: null },
    ])
    expect(await scene.catalog().fetch(found.cursor, signal)).toEqual({ status: 'unchanged' })
  })

  it('expired between vote and start: held back', async () => {
    const scene = await siteWith()
    const engine = scene.engine()
    const batch = await batchOf(scene, engine)
    await scene.change((state) => ({
      ...state,
      updates: state.updates.map((one) => (one.kb === '9000001' ? { ...one, expired: true } : one)),
    }))
    for (const found of await engine.preflight(batch, signal))
      expect(found).toMatchObject({ ready: false, outcome: { state: 'held back' } })
  })

  it('content that is on no distribution point: not ready, unless the setting says without a package', async () => {
    const scene = await siteWith()
    await scene.change((state) => ({ ...state, updates: state.updates.map((one) => ({ ...one, provisioned: false })) }))
    const engine = scene.engine()
    expect(await engine.stage?.(await batchOf(scene, engine), signal)).toMatchObject({
      ready: false,
      why: expect.stringContaining('KB9000001 is on no distribution point'),
    })
    expect((await scene.state()).collections).toEqual([])
    const without = scene.engine({ withoutPackage: true })
    expect(await without.stage?.(await batchOf(scene, without), signal)).toEqual({ ready: true })
  })

  it('a licence that was not voted on holds back, and stands in the terms', async () => {
    const scene = await siteWith()
    await scene.change((state) => ({ ...state, updates: state.updates.map((one) => ({ ...one, licence: true })) }))
    const engine = scene.engine()
    const [terms] = (await engine.terms?.([{ asset: assetNamed(first), changes: [update] }], signal)) ?? []
    expect(termsIn(terms).licences).toEqual(['Licence of KB9000001'])
    const batch = await batchOf(scene, engine)
    expect(await engine.preflight(batch, signal)).toMatchObject([{ ready: false }, { ready: false }])
    const licences = ['Licence of KB9000001']
    const voted = { ...batch, deployments: batch.deployments.map((one) => ({ ...one, licences })) }
    expect(await engine.stage?.(voted, signal)).toEqual({ ready: true })
  })

  it.each([
    ['times that are shifted', { shiftedHours: 5 }, /its deadline is 2026-11-20 21:00 UTC, not 2026-11-20 16:00 UTC/],
    [
      'restarts that are taken the other way',
      { restartsInverted: true },
      /it suppresses the restarts that updates need/,
    ],
  ])('%s are seen before anybody is told', async (_, traps, why) => {
    const scene = await siteWith({ traps })
    const engine = scene.engine()
    const batch = await batchOf(scene, engine)
    expect(await engine.stage?.(batch, signal)).toMatchObject({ ready: false, why: expect.stringMatching(why) })
    await expect(engine.start(batch, signal)).rejects.toThrow(why)
    expect((await scene.state()).collections.flatMap(({ rules }) => rules)).toEqual([])
  })

  it('members follow rules late: nobody is told of it; one that the limiting collection leaves out is', async () => {
    const scene = await siteWith({ traps: { evaluatesAfterMinutes: 10, limitedOut: [16_777_226] } })
    const { engine, handle } = await started(scene)
    expect(await engine.compare?.(handle, signal)).toEqual([])
    scene.pass(1)
    expect(await engine.compare?.(handle, signal)).toEqual([
      expect.stringMatching(new RegExp(`^${second} does not become a member .*limiting collection leaves it out`)),
    ])
    expect(await engine.compare?.(handle, signal)).toEqual([])
    scene.pass(8)
    const reports = await engine.poll(handle, signal)
    expect(reports.map(({ outcome }) => outcome?.state)).toEqual(['succeeded', 'not begun'])
  })

  it('a query rule that somebody added is removed, and told with whom it had brought in', async () => {
    const scene = await siteWith({ collections: [{ id: 'P0100010', name: 'Servers' }] })
    const { engine, handle } = await started(scene)
    await scene.change((state) => ({
      ...state,
      collections: state.collections.map((one) =>
        one.name.startsWith('Patchwarden')
          ? { ...one, rules: [...one.rules, { kind: 'query' as const, name: 'all', begins: '' }] }
          : one,
      ),
    }))
    expect(await engine.compare?.(handle, signal)).toEqual([
      expect.stringContaining('Somebody added the query rule "all"'),
    ])
    expect(await engine.compare?.(handle, signal)).toEqual([])
  })

  it('a deployment that somebody changed is set back; a group that somebody changed has all taken out', async () => {
    const scene = await siteWith()
    const { engine, handle } = await started(scene)
    await scene.change((state) => ({
      ...state,
      deployments: state.deployments.map((one) => ({ ...one, ignoresWindows: false, enabled: false })),
    }))
    expect(await engine.compare?.(handle, signal)).toEqual([
      expect.stringMatching(/it is disabled\. It was set back\.$/),
    ])
    expect((await scene.state()).deployments).toMatchObject([{ enabled: true }])
    await scene.change((state) => ({
      ...state,
      groups: state.groups.map((one) => ({ ...one, updates: [...one.updates, 16_800_002] })),
    }))
    expect(await engine.compare?.(handle, signal)).toEqual([
      expect.stringContaining('Somebody changed the update group'),
    ])
    expect((await scene.state()).collections.flatMap(({ rules }) => rules)).toEqual([])
  })

  it('windows that are too short are told before the vote, with the minutes, and never made longer', async () => {
    const windows = [{ name: 'Mondays', schedule: '00343940081A2000', minutes: 60, isUtc: true }]
    const collection = {
      id: 'P0100010',
      name: 'Servers',
      rules: [{ kind: 'query', name: 'all', begins: 'web' }],
      windows,
    }
    const scene = await siteWith({ collections: [collection] })
    const plans = [{ asset: assetNamed(first), changes: [update] }]
    expect(await scene.engine().terms?.(plans, signal)).toEqual([
      `${first}: its maintenance windows leave it 60 minutes, and KB9000001 needs up to 75 (60, and 15 for a restart)`,
    ])
  })

  it('windows at other times than ours hold back, with the next one', async () => {
    const windows = [{ name: 'Mondays', schedule: '00343940081A2000', minutes: 240, isUtc: true }]
    const collection = {
      id: 'P0100010',
      name: 'Servers',
      rules: [{ kind: 'query', name: 'all', begins: 'web' }],
      windows,
    }
    const scene = await siteWith({ collections: [collection] })
    const engine = scene.engine()
    // A Friday.
    const found = await engine.preflight(await batchOf(scene, engine), signal)
    expect(found).toMatchObject([
      { ready: false, outcome: { reason: expect.stringContaining('the next one opens 2026-11-23 01:00 UTC') } },
      { ready: false },
    ])
  })

  it('rules that deploy by themselves stand in the terms and in check', async () => {
    const collection = { id: 'P0100010', name: 'Servers', rules: [{ kind: 'direct', machine: 16_777_225 }] }
    const scene = await siteWith({
      collections: [collection],
      rules: [{ name: 'Every Tuesday', collection: 'P0100010' }],
    })
    const plans = names.map((name) => ({ asset: assetNamed(name), changes: [update] }))
    const [one, other] = (await scene.engine().terms?.(plans, signal)) ?? []
    expect(termsIn(one).alsoInstalls).toEqual(['what the rule "Every Tuesday" of Configuration Manager will deploy'])
    expect(termsIn(other).alsoInstalls).toEqual([])
    expect(await scene.engine().check?.(signal)).toContain('deploys by rules: "Every Tuesday"')
  })

  it('no update can be taken off, and the terms say so', async () => {
    const scene = await siteWith()
    const engine = scene.engine()
    const [terms] = (await engine.terms?.([{ asset: assetNamed(first), changes: [update] }], signal)) ?? []
    expect(termsIn(terms).notUndone).toMatchObject([{ change: 'KB9000001' }])
    const undone = { kind: 'update' as const, name: 'KB9000000', build: null, undone: true as const }
    await expect(engine.preview(assetNamed(first), [undone], signal)).rejects.toThrow('no uninstallation of updates')
  })

  it('installed without a word about this start: nobody knows what did it', async () => {
    const scene = await siteWith()
    const { engine, handle } = await started(scene)
    scene.pass(3.5)
    // Somebody installs it by hand, and the next scan finds it.
    for (const name of names) await scene.changeMachine(name, { installed: [16_800_000, 16_800_001], told: [] })
    scene.pass(12)
    for (const { outcome } of await engine.poll(handle, signal))
      expect(outcome).toMatchObject({ state: 'held back', reason: expect.stringContaining('nobody knows what did it') })
  })

  it('in mode: read nothing is changed, and every way to it says so', async () => {
    const scene = await siteWith()
    const engine = scene.engine({ mayDeploy: false })
    await expect(engine.preview(assetNamed(first), [update], signal)).rejects.toThrow('mode: read')
    expect(await engine.check?.(signal)).toContain('mode: read, so nothing is deployed')
    expect(scene.calls).toEqual([])
  })

  it('until one start was completed, one start at a time has five machines', async () => {
    const many = Array.from({ length: 7 }, (_, index) => `web${10 + index}.corp.example`)
    const scene = await siteScene(memoryStore(fresh(many)), { proven: false })
    const engine = scene.engine()
    const deployments = []
    for (const asset of many.map(assetNamed)) {
      const transaction = await engine.preview(asset, [update], signal)
      const times = { notBefore: hoursFrom(scene.now(), 4), notAfter: hoursFrom(scene.now(), 16) }
      deployments.push({ asset, changes: [update], transaction, reboot: 'if required' as const, ...times })
    }
    const found = await engine.preflight({ key: 'first.1', deployments }, signal)
    expect(found.filter(({ ready }) => ready)).toHaveLength(5)
  })

  it('the plan lists the calls of a start', async () => {
    const scene = await siteWith()
    const engine = scene.engine()
    const calls = await engine.plannedCalls?.(await batchOf(scene, engine), signal)
    expect(calls?.stage.map(({ what }) => what)).toEqual([
      expect.stringMatching(/^make the empty collection "Patchwarden \(test\) traps\.1 [0-9a-f]{12}"$/),
      expect.stringMatching(/^make the update group ".*" of KB9000001$/),
      expect.stringMatching(/^deploy the update group .*, with the restarts that it needs$/),
    ])
    expect(calls?.stage.at(-1)?.deadline).toBe('2026-11-20T16:00:00.000Z')
    expect(calls?.start.map(({ what }) => what)).toEqual([
      expect.stringContaining(`add ${first}, ${second} to the collection`),
    ])
    expect(scene.calls).toEqual([])
  })

  it('a report of check names nobody', async () => {
    const scene = await siteWith({
      collections: [{ id: 'P0100010', name: 'Secret servers' }],
      rules: [{ name: 'Secret rule', collection: 'P0100010' }],
    })
    const report = (await scene.source.report?.(signal)) ?? ''
    expect(report).toContain('2 devices; with a client: 2 of 2; with a full name: 2 of 2')
    expect(report).not.toMatch(/Secret|web9|site\.invalid|corp/)
    expect(report).not.toContain('Could not be read')
  })

  it('a look at 40 machines and 1 update costs as many requests as the page says', async () => {
    const many = Array.from({ length: 40 }, (_, index) => `web${10 + index}.corp.example`)
    const scene = await siteScene(memoryStore(fresh(many)))
    const engine = scene.engine()
    const deployments = []
    for (const asset of many.map(assetNamed)) {
      const transaction = await engine.preview(asset, [update], signal)
      const times = { notBefore: hoursFrom(scene.now(), 4), notAfter: hoursFrom(scene.now(), 16) }
      deployments.push({ asset, changes: [update], transaction, reboot: 'if required' as const, ...times })
    }
    const batch = { key: 'cost.1', deployments }
    await engine.stage?.(batch, signal)
    const handle = await engine.start(batch, signal)
    scene.pass(6)
    scene.requests.length = 0
    await engine.poll(handle, signal)
    // Contacts of fewer than a hundred machines are asked for 20 at a time.
    expect(scene.requests.map((one) => one.split(/[?(]/)[0]?.split('/').at(-1))).toEqual([
      ...['SMS_CombinedDeviceResources', 'SMS_CombinedDeviceResources'],
      ...['SMS_SUMDeploymentAssetDetails', 'SMS_UpdateComplianceStatus'],
    ])
    scene.requests.length = 0
    await engine.compare?.(handle, signal)
    expect(scene.requests).toHaveLength(4)
  })
})
