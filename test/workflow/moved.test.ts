/** Hosts that move, vanish or change hands between the vote and the start: a decision does not say where they are. */

import { readFile, writeFile } from 'node:fs/promises'
import { expect, onTestFinished, test } from 'vitest'
import { plain } from '../../src/chat/rich-text.ts'
import type { Asset } from '../../src/core/asset.ts'
import type { DeployEngine, HealthCheck, Hook, HookMoment } from '../../src/core/ports.ts'
import { replay } from '../../src/core/proposal/evolve.ts'
import { readStream } from '../../src/store/events.ts'
import { forgetMissing } from '../../src/store/forget-assets.ts'
import { readAssets, readSnapshots } from '../../src/store/inventory.ts'
import { consoleThread } from '../../src/store/outbox.ts'
import { findProposal, openProposals } from '../../src/store/proposals.ts'
import { saveObservations } from '../../src/store/save-looks.ts'
import { createWorkflow, type Workflow } from '../../src/workflow/workflow.ts'
import { useDatabase } from '../support/database.ts'
import { approveAs, exampleService, jonas, mara, plan, proposeAll, tom } from '../support/example-service.ts'
import { alwaysMine } from '../support/leases.ts'

const database = useDatabase()
const { signal } = new AbortController()

const check: HealthCheck = { kind: 'tcp', port: 22, timeoutSeconds: 5 }
const hook = (moment: HookMoment): Hook => ({ moment, command: ['true'], timeoutSeconds: 60 })
/** A canary, then the rest at once; a gate that lets everything pass, so that each rollout comes to its end. */
const gate = { minSuccessPercent: 0, maxFailures: 9, unreachable: 'ignored' } as const
const team = {
  ...plan('web-platform', { hooks: (['drain', 'post-check', 'undrain'] as const).map(hook) }),
  health: [check],
  silence: 'pager',
  rings: [
    {
      name: 'canary',
      select: { kind: 'count', count: 1 },
      batch: { kind: 'count', value: 1 },
      soakSeconds: 0,
      gate,
    },
    { name: 'broad', select: { kind: 'rest' }, batch: { kind: 'count', value: 4 }, soakSeconds: 0, gate },
  ],
} as const

const GONE = 'It is gone from the inventory, so that nobody knows where to reach it'

interface Host {
  readonly name: string
  readonly address: string
}

/** Three hosts of the example, approved. What reaches out to them is written down, with the address that it used. */
async function scene() {
  const { db } = database()
  const edit = (fleet: string) => {
    const file = JSON.parse(fleet)
    const mine = file.assets.filter(({ name }: Host) => ['web-01', 'web-02', 'web-03'].includes(name))
    // Simulated assets page nobody, so that no monitoring would be asked to be silent.
    return JSON.stringify({ ...file, assets: mine.map((one: Host) => ({ ...one, simulated: false })) })
  }
  const service = await exampleService(db, { edit })
  onTestFinished(service.remove)
  const reached: string[] = []
  const reach = (what: string, { name, address }: Asset) => void reached.push(`${what} ${name} at ${address}`)
  const simulated = service.parts.engines.get('simulated')
  if (!simulated) throw new Error('The example has no engine.')
  let onStart: (assets: readonly string[]) => Promise<void> = async () => {}
  let afterStart: (assets: readonly string[]) => Promise<void> = async () => {}
  const engine: DeployEngine = {
    ...simulated,
    preview(asset, changes, either) {
      reach('preview', asset)
      return simulated.preview(asset, changes, either)
    },
    preflight(batch, either) {
      for (const { asset } of batch.deployments) reach('preflight', asset)
      return simulated.preflight(batch, either)
    },
    async start(batch, either) {
      const names = batch.deployments.map(({ asset }) => asset.name)
      await onStart(names)
      for (const { asset } of batch.deployments) reach('start', asset)
      const handle = await simulated.start(batch, either)
      await afterStart(names)
      return handle
    },
  }
  const parts = {
    ...service.parts,
    teams: { ...service.parts.teams, plans: [team] },
    engines: new Map([['simulated', engine]]),
    health: {
      async check(asset: Asset) {
        reach('health', asset)
        return [{ check: 'tcp', healthy: true, detail: 'connected' }]
      },
    },
    hooks: {
      async run({ moment }: Hook, asset: Asset) {
        reach(moment, asset)
        return { ok: true, detail: 'exit status 0', log: '' }
      },
    },
    silences: new Map([
      [
        'pager',
        {
          name: 'pager',
          describe: 'writes down what it is asked',
          async hold({ assets }: { readonly assets: readonly Asset[] }) {
            for (const asset of assets) reach('silence', asset)
          },
          async release({ assets }: { readonly assets: readonly Asset[] }) {
            for (const asset of assets) reach('release', asset)
          },
        },
      ],
    ]),
  }
  /** As after a restart: it knows nothing but what is stored. */
  const process = (): Workflow => createWorkflow(parts, alwaysMine)
  const workflow = process()
  await proposeAll(workflow)
  const [open] = await openProposals(db)
  if (open === undefined) throw new Error('Nothing was proposed.')
  const { id } = open
  for (const member of [mara, tom]) await approveAs(workflow, id, member)
  const previewed = reached.splice(0)

  return {
    db,
    id,
    workflow,
    /** What the proposal asked for. */
    previewed,
    reached,
    of: (name: string) => reached.filter((one) => one.includes(` ${name} `)),
    advance: () => process().advance(id, signal),
    /** Before the engine is called. */
    onStart(act: typeof onStart) {
      onStart = act
    },
    /** After it was, before anybody knows. */
    afterStart(act: typeof afterStart) {
      afterStart = act
    },
    /** The inventory says so from now on. */
    async inventory(change: (hosts: readonly Host[]) => readonly Host[]) {
      const file = JSON.parse(await readFile(service.fleet, 'utf8'))
      await writeFile(service.fleet, JSON.stringify({ ...file, assets: change(file.assets) }))
      await workflow.syncInventory(signal)
    },
    /** It is served by another engine from now on. */
    async handOver(name: string, to: string) {
      const [snapshot] = await readSnapshots(db, { ids: [`example/${name}`] })
      if (snapshot === undefined) throw new Error(`There is no ${name}.`)
      const asset = { ...snapshot.asset, engine: to }
      await saveObservations(
        db,
        [{ kind: 'seen', snapshot: { ...snapshot, asset }, warnings: [] }],
        new Date().toISOString(),
      )
    },
    async state() {
      const state = await findProposal(db, id)
      if (state === null || state.subject.kind !== 'patches') throw new Error('The proposal is gone.')
      expect(replay(await readStream(db, id))).toEqual(state)
      return { ...state, subject: state.subject }
    },
    async deployment(name: string) {
      return (await this.state()).rollout?.deployments[`example/${name}`]
    },
    async thread() {
      await workflow.deliver()
      return (await consoleThread(db, id)).map(({ entry }) => plain(entry.text))
    },
  }
}

const without = (name: string) => (hosts: readonly Host[]) => hosts.filter((host) => host.name !== name)

test('a host that moved since the vote is reached where it is now, by whatever reaches out to it', async () => {
  const one = await scene()
  expect(one.previewed).toContain('preview web-02 at 192.0.2.12')
  expect(JSON.stringify(await readStream(one.db, one.id))).not.toContain('192.0.2.12')
  for (const { asset } of (await one.state()).subject.assets) expect(asset).not.toHaveProperty('address')

  await one.inventory((hosts) =>
    hosts.map((host) => (host.name === 'web-02' ? { ...host, address: '198.51.100.99' } : host)),
  )
  await one.advance()
  expect((await one.state()).status).toBe('completed')
  expect((await one.deployment('web-02'))?.verification?.end).toMatch(/installed|rebooted/)
  const calls = ['silence', 'health', 'preflight', 'drain', 'start', 'post-check', 'undrain', 'release']
  expect(new Set(one.of('web-02'))).toEqual(new Set(calls.map((call) => `${call} web-02 at 198.51.100.99`)))
  expect(new Set(one.of('web-01'))).toEqual(new Set(calls.map((call) => `${call} web-01 at 192.0.2.11`)))

  await one.inventory((hosts) =>
    without('web-03')(hosts).map((host) => (host.name === 'web-02' ? { ...host, address: '198.51.100.7' } : host)),
  )
  one.reached.length = 0
  const person = { kind: 'person', id: jonas.id, name: jonas.name, via: 'console' } as const
  const asked = { proposal: one.id, action: 'roll-back', reason: 'it broke' } as const
  const given = { revision: null, owner: null, until: null, asset: null }
  const answer = await one.workflow.desk.act({ ...asked, ...given }, person)
  const back = await findProposal(one.db, answer.link?.replace('/p/', '') ?? '')
  if (back?.subject.kind !== 'patches') throw new Error(plain(answer.message))
  expect(one.of('web-02')).toContain('preview web-02 at 198.51.100.7')
  expect(one.of('web-03')).toEqual([])
  expect(back.subject.assets.map(({ asset, previewProblem }) => [asset.name, previewProblem])).toEqual([
    ['web-01', null],
    ['web-02', null],
    ['web-03', GONE],
  ])
})

test('one that is gone when its turn comes is held back and named, and nothing is done to it', async () => {
  const one = await scene()
  one.onStart(async (names) => {
    if (names.includes('web-01')) await one.inventory(without('web-02'))
  })
  await one.advance()
  expect((await one.state()).status).toBe('completed')
  expect(one.of('web-02')).toEqual([])
  expect(await one.deployment('web-02')).toMatchObject({
    outcome: { state: 'held back', reason: GONE },
    verification: { end: 'held back', reason: GONE },
  })
  expect((await one.deployment('web-03'))?.verification?.end).toMatch(/installed|rebooted/)
  expect((await one.thread()).filter((text) => text.includes('web-02') && text.includes(GONE))).not.toEqual([])
  // A look at it does not bring it back.
  expect(await readAssets(one.db, ['example/web-02', 'example/web-03'])).toHaveProperty('size', 1)
})

test('one that another engine serves when its turn comes is held back, and nothing is begun on it', async () => {
  const one = await scene()
  await one.handOver('web-02', 'other')
  await one.advance()
  const reason = 'It is served by another engine now (other)'
  expect(await one.deployment('web-02')).toMatchObject({
    outcome: { state: 'held back', reason },
    verification: { end: 'held back', reason },
  })
  for (const call of ['silence', 'preflight', 'drain', 'start'])
    expect(one.of('web-02').filter((what) => what.startsWith(call))).toEqual([])
  expect((await one.deployment('web-03'))?.verification?.end).toMatch(/installed|rebooted/)
})

const dies = async (names: readonly string[]) => {
  if (names.includes('web-02')) throw new Error('the process dies')
}

test('killed when the engine was called, of one that is gone by then nobody knows what it holds', async () => {
  const one = await scene()
  one.afterStart(dies)
  await expect(one.advance()).rejects.toThrow('the process dies')
  one.afterStart(async () => {})
  await one.inventory(without('web-02'))
  one.reached.length = 0
  await one.advance()
  expect(one.of('web-02')).toEqual([])
  expect(await one.deployment('web-02')).toMatchObject({
    outcome: { state: 'unreachable', touched: true, reason: GONE },
    verification: { end: 'unreachable', reason: `${GONE}; what it holds now is unknown` },
  })
  expect((await one.state()).status).toBe('completed')
})

test('killed before the engine was called, one that another engine serves by then is not begun under this one', async () => {
  const one = await scene()
  one.onStart(dies)
  await expect(one.advance()).rejects.toThrow('the process dies')
  one.onStart(async () => {})
  await one.handOver('web-02', 'other')
  await one.advance()
  expect((await one.deployment('web-02'))?.outcome).toMatchObject({
    state: 'held back',
    reason: 'It is served by another engine now (other)',
  })
  expect((await one.deployment('web-03'))?.verification?.end).toMatch(/installed|rebooted/)
})

test('killed while the engine is at work, what became of one that is gone by then is heard, and not looked at', async () => {
  const one = await scene()
  const stop = new AbortController()
  one.afterStart(async (names) => {
    if (names.includes('web-02')) setTimeout(() => stop.abort(new Error('the process dies')), 0)
  })
  await expect(one.workflow.advance(one.id, stop.signal)).rejects.toThrow('the process dies')
  one.afterStart(async () => {})
  expect(await one.deployment('web-02')).toMatchObject({ outcome: null, verification: null })
  await forgetMissing(one.db, 'example', ['example/web-01', 'example/web-03'], new Date().toISOString())
  one.reached.length = 0
  await one.advance()
  expect(one.of('web-02')).toEqual([])
  expect(await one.deployment('web-02')).toMatchObject({
    outcome: { state: 'succeeded' },
    verification: { end: 'unreachable', reason: `${GONE}; what it holds now is unknown` },
  })
})
