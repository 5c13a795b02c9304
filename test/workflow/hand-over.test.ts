import { readFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { plain } from '../../src/chat/rich-text.ts'
import type { Batch, DeployEngine, Hook, HookMoment, HookRunner } from '../../src/core/ports.ts'
import type { ProposalCommand } from '../../src/core/proposal/command.ts'
import { replay } from '../../src/core/proposal/evolve.ts'
import type { Actor } from '../../src/core/proposal/proposal.ts'
import { readStream } from '../../src/store/events.ts'
import { consoleThread } from '../../src/store/outbox.ts'
import { findProposal } from '../../src/store/proposals.ts'
import { createWorkflow, type Workflow } from '../../src/workflow/workflow.ts'
import { useDatabase } from '../support/database.ts'
import { approvedExample, jonas, mara, nights, tom } from '../support/example-service.ts'
import { alwaysMine } from '../support/leases.ts'
import { machineFor } from '../support/proposal-case.ts'

const database = useDatabase()
const { signal } = new AbortController()
const owner: Actor = { kind: 'person', id: 'mara', name: 'Mara', via: 'console' }

const NIGHT = '2026-11-20T02:30:00Z'
const hook = (moment: HookMoment): Hook => ({ moment, command: ['true'], timeoutSeconds: 6 * 3_600 })
const hooks = (['drain', 'snapshot', 'pre-check', 'undrain'] as const).map(hook)

/** The example, approved, in its window from two to four, with what its engine and its hooks were asked for. */
async function scene() {
  let now = Date.parse(NIGHT)
  const clock = () => new Date(now)
  const { db, service, id } = await approvedExample(database().db, { window: nights, clock, hooks })
  const steps: string[] = []
  const batches: Batch[] = []
  let onStep: (step: string) => Promise<void> = async () => {}
  let onStart: (real: DeployEngine, batch: Batch) => ReturnType<DeployEngine['start']> = (real, batch) =>
    real.start(batch, signal)
  const runner: HookRunner = {
    async run({ moment }, { name }) {
      const step = `${moment} ${name}`
      steps.push(step)
      await onStep(step)
      return { ok: true, detail: 'exit status 0', log: '' }
    },
  }
  const engines = new Map(
    [...service.parts.engines].map(([name, real]): [string, DeployEngine] => [
      name,
      {
        ...real,
        start(batch) {
          batches.push(batch)
          return onStart(real, batch)
        },
      },
    ]),
  )
  let members = [mara, tom, jonas]
  const teams = { ...service.parts.teams, membersOf: () => members }
  const parts = { ...service.parts, teams, engines, hooks: runner }
  /** As after a restart: it knows nothing but what is stored. */
  const process = (): Workflow => createWorkflow(parts, alwaysMine)
  const workflow = process()
  const give = (command: ProposalCommand, actor: Actor = machineFor(command)) => workflow.execute(id, command, actor)

  return {
    id,
    steps,
    batches,
    process,
    give,
    async begun() {
      await give({ type: 'reschedule' })
      for (const type of ['start', 'start-batch'] as const)
        expect(await give({ type }), type).toMatchObject({ ok: true })
    },
    at(time: string) {
      now = Date.parse(time)
    },
    leave(person: string) {
      members = members.filter((member) => member.id !== person)
    },
    freeze: () =>
      workflow.freezeTeam(
        'web-platform',
        { until: '2026-11-25', reason: 'sale' },
        { ...mara, kind: 'person', via: 'console' },
      ),
    onStep(act: typeof onStep) {
      onStep = act
    },
    onStart(act: typeof onStart) {
      onStart = act
    },
    async state() {
      const state = await findProposal(db, id)
      if (state === null) throw new Error('The proposal is gone.')
      expect(replay(await readStream(db, id))).toEqual(state)
      return state
    },
    types: async () => (await readStream(db, id)).map(({ event }) => event.type),
    async thread() {
      await workflow.deliver()
      return (await consoleThread(db, id)).map(({ entry }) => plain(entry.text))
    },
    /** How often a package manager was at work on each asset of the team. */
    async transactions() {
      const { assets } = JSON.parse(await readFile(service.fleet, 'utf8'))
      const mine = assets.filter((one: { team: string }) => one.team === 'web-platform')
      return mine.map((one: { runs?: object }) => Object.keys(one.runs ?? {}).length)
    },
    remove: service.remove,
  }
}

test('killed after a start was recorded and started again two days later, nothing is begun outside the window', async () => {
  const one = await scene()
  await one.begun()
  one.at('2026-11-22T12:00:00Z')
  await one.process().advance(one.id, signal)
  expect(one.batches).toEqual([])
  expect(one.steps).toEqual(['undrain web-01'])
  expect(await one.state()).toMatchObject({
    status: 'rolling out',
    schedule: { start: '2026-11-23T02:00:00.000Z' },
    rollout: { retried: {}, starts: 1 },
  })
  expect((await one.state()).rollout?.deployments).toEqual({})
  expect(await one.thread()).toContain(
    'web-01 was not begun: Its window was not open any more, or too short by then. It comes next time.',
  )

  one.at('2026-11-23T02:10:00Z')
  await one.process().advance(one.id, signal)
  expect((await one.state()).status).toBe('completed')
  expect(one.batches[0]?.key).toMatch(/\.1\.2\.\w{8}$/)
  expect(new Set(one.batches.flatMap(({ deployments }) => deployments.map(({ notAfter }) => notAfter)))).toEqual(
    new Set(['2026-11-23T04:00:00.000Z']),
  )
  expect(await one.transactions()).toEqual(Array(8).fill(1))
  await one.remove()
})

test('killed just before the engine was called, two days later it is told that nothing may begin', async () => {
  const one = await scene()
  one.onStart(() => Promise.reject(new Error('the process dies')))
  await expect(one.process().advance(one.id, signal)).rejects.toThrow('the process dies')
  const steps = one.steps.length
  one.at('2026-11-22T12:00:00Z')
  one.onStart((real, batch) => real.start(batch, signal))
  await one.process().advance(one.id, signal)
  expect(one.batches[0]?.deployments[0]?.notAfter).toBe('2026-11-20T04:00:00.000Z')
  expect(one.batches.at(-1)).toMatchObject({
    key: one.batches[0]?.key,
    deployments: [{ notAfter: '2026-11-22T12:00:00.000Z' }],
  })
  expect(one.steps.slice(steps)).toEqual(['undrain web-01'])
  expect((await one.state()).rollout?.deployments).toEqual({})
  expect(await one.transactions()).toEqual(Array(8).fill(0))

  one.at('2026-11-23T02:10:00Z')
  await one.process().advance(one.id, signal)
  expect((await one.state()).status).toBe('completed')
  expect(await one.transactions()).toEqual(Array(8).fill(1))
  await one.remove()
})

test('killed just after the engine was called, what has begun is found again two days later', async () => {
  const one = await scene()
  one.onStart(async (real, batch) => {
    await real.start(batch, signal)
    throw new Error('the process dies')
  })
  await expect(one.process().advance(one.id, signal)).rejects.toThrow('the process dies')
  one.at('2026-11-22T12:00:00Z')
  one.onStart((real, batch) => real.start(batch, signal))
  await one.process().advance(one.id, signal)
  expect((await one.state()).rollout?.deployments['example/web-01']?.verification?.end).toMatch(/installed|rebooted/)
  expect(new Set(one.batches.map(({ key }) => key)).size).toBe(1)
  expect((await one.transactions()).reduce((sum: number, times: number) => sum + times, 0)).toBe(1)
  await one.remove()
})

type Scene = Awaited<ReturnType<typeof scene>>

test.each<[string, (one: Scene) => unknown, RegExp, (one: Scene) => unknown]>([
  [
    'a halt',
    (one) => one.give({ type: 'halt', reason: 'the database is slow' }, owner),
    /^web-01 was not begun: Mara stopped the rollout: the database is slow\. It comes when the rollout is resumed\.$/,
    (one) => one.give({ type: 'resume' }, owner),
  ],
  [
    'a pause',
    (one) => one.give({ type: 'pause', reason: 'lunch' }, owner),
    /^web-01 was not begun: Mara stopped the rollout: lunch\. It comes when the rollout is resumed\.$/,
    (one) => one.give({ type: 'resume' }, owner),
  ],
  [
    'a freeze',
    (one) => one.freeze(),
    /^web-01 was not begun: Nothing of web-platform may be touched now: .*sale.* It comes next time\.$/,
    (one) => one.at('2026-11-26T02:10:00Z'),
  ],
  [
    'the end of the window',
    (one) => one.at('2026-11-20T04:00:00Z'),
    /^web-01 was not begun: Its window was not open any more, or too short by then\. It comes next time\.$/,
    (one) => one.at('2026-11-21T02:10:00Z'),
  ],
])(
  '%s during a drain of six hours: nothing more is done to the asset, and it comes later',
  async (_, stop, told, on) => {
    const one = await scene()
    one.onStep(async (step) => {
      if (step === 'drain web-01') await stop(one)
    })
    await one.process().advance(one.id, signal)
    expect(one.steps).toEqual(['drain web-01', 'undrain web-01'])
    expect(one.batches).toEqual([])
    expect((await one.state()).rollout?.deployments).toEqual({})
    expect((await one.thread()).filter((text) => told.test(text))).toHaveLength(1)

    one.onStep(async () => {})
    await on(one)
    await one.process().advance(one.id, signal)
    expect((await one.state()).status).toBe('completed')
    expect(await one.transactions()).toEqual(Array(8).fill(1))
    await one.remove()
  },
)

test('an approval that does not hold any more during a drain begins nothing, and stops the rollout', async () => {
  const one = await scene()
  one.onStep(async (step) => {
    if (step === 'drain web-01') one.leave('tom')
  })
  await one.process().advance(one.id, signal)
  expect(one.steps).toEqual(['drain web-01', 'undrain web-01'])
  expect(one.batches).toEqual([])
  expect(await one.state()).toMatchObject({
    status: 'halted',
    stopped: { reason: 'Its approval does not hold any more: approval is incomplete: security 0 of 1.' },
  })
  await one.remove()
})

test('a halt between the drain and the engine, asked for by somebody else, is seen', async () => {
  const one = await scene()
  one.onStep(async (step) => {
    if (step === 'pre-check web-01') await one.give({ type: 'halt', reason: 'no' }, owner)
  })
  await one.process().advance(one.id, signal)
  expect(one.steps).toEqual(['drain web-01', 'snapshot web-01', 'pre-check web-01', 'undrain web-01'])
  expect(one.batches).toEqual([])
  await one.remove()
})

test('a host whose clock is ahead refuses once a window, and not over and over', async () => {
  const one = await scene()
  one.onStart((real, batch) => {
    const deployments = batch.deployments.map((deployment) => ({ ...deployment, notAfter: '2020-01-01T00:00:00Z' }))
    return real.start({ ...batch, deployments }, signal)
  })
  await one.process().advance(one.id, signal)
  await one.process().advance(one.id, signal)
  expect(one.batches).toHaveLength(1)
  expect((await one.types()).filter((type) => type === 'batch-started')).toHaveLength(1)
  one.at('2026-11-21T02:10:00Z')
  one.onStart((real, batch) => real.start(batch, signal))
  await one.process().advance(one.id, signal)
  expect((await one.state()).status).toBe('completed')
  await one.remove()
})
