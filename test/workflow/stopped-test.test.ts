/** A test ring that is stopped, or whose proposal is over, while its assets are at work. */

import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { plain } from '../../src/chat/rich-text.ts'
import type { DeployEngine, Hook } from '../../src/core/ports.ts'
import type { ProposalCommand } from '../../src/core/proposal/command.ts'
import { contentHash as hashOf } from '../../src/core/proposal/decision-content.ts'
import { replay } from '../../src/core/proposal/evolve.ts'
import type { Actor, ProposalState } from '../../src/core/proposal/proposal.ts'
import { readStream } from '../../src/store/events.ts'
import { openLeases } from '../../src/store/leases.ts'
import { consoleThread } from '../../src/store/outbox.ts'
import { findProposal } from '../../src/store/proposals.ts'
import { createWorkflow } from '../../src/workflow/workflow.ts'
import { useDatabase } from '../support/database.ts'
import { exampleService, proposeAll, webProposal } from '../support/example-service.ts'

const database = useDatabase()
const person = (id: string, name: string) => ({ kind: 'person', id, name, via: 'console' }) as const satisfies Actor
const mara = person('mara', 'Mara')
const jonas = person('jonas', 'Jonas')
const timer: Actor = { kind: 'system', part: 'timer' }
const assessment: Actor = { kind: 'system', part: 'assessment' }
const HOUR = 3_600_000

/** An engine whose hosts say nothing until they are let go. */
function held(real: DeployEngine) {
  let free = false
  let polls = 0
  let cancelled = 0
  const engine: DeployEngine = {
    ...real,
    async poll(handle, signal) {
      polls++
      return free ? real.poll(handle, signal) : []
    },
    async cancel(handle, signal) {
      cancelled++
      await real.cancel(handle, signal)
    },
  }
  return {
    engine,
    letGo: () => {
      free = true
    },
    polls: () => polls,
    cancelled: () => cancelled,
  }
}

/** The web team's proposal, with a test ring of two that the policy runs, and a clock that can be moved. */
async function scene() {
  const { db } = database()
  let ahead = 0
  const ran: string[] = []
  const hooks: readonly Hook[] = [{ moment: 'undrain', command: ['/bin/true'], timeoutSeconds: 5 }]
  const service = await exampleService(db, {
    tested: 2,
    hooks,
    policy: { testRing: 'required', remindAfterSeconds: 3_600, expiresAfterSeconds: 86_400 },
    clock: () => new Date(Date.now() + ahead),
  })
  const real = service.parts.engines.get('simulated')
  if (!real) throw new Error('The example has no engine.')
  const hosts = held(real)
  const locks = openLeases(database().url)
  const parts = {
    ...service.parts,
    engines: new Map([['simulated', hosts.engine]]),
    hooks: {
      run: async (hook: Hook, asset: { readonly name: string }) => {
        ran.push(`${hook.moment} ${asset.name}`)
        return { ok: true, detail: '', log: '' }
      },
    },
  }
  const workflow = createWorkflow(parts, locks.alone)
  await proposeAll(workflow)
  const web = await webProposal(db)
  const { id } = web

  async function state(): Promise<ProposalState> {
    const found = await findProposal(db, id)
    if (!found) throw new Error(`${id} is gone.`)
    return found
  }
  return {
    id,
    db,
    ran,
    hosts,
    workflow,
    state,
    pass: (hours: number) => {
      ahead += hours * HOUR
    },
    give: (command: ProposalCommand, actor: Actor) => workflow.execute(id, command, actor),
    events: async () => (await readStream(db, id)).map(({ event }) => event.type),
    async thread() {
      await workflow.deliver()
      return (await consoleThread(db, id)).map(({ entry }) => plain(entry.text))
    },
    async close() {
      await locks.end()
      await service.remove()
    },
  }
}

let one: Awaited<ReturnType<typeof scene>>
let stop: AbortController
let driving: Promise<unknown>
beforeEach(async () => {
  one = await scene()
  stop = new AbortController()
  driving = Promise.resolve()
})
afterEach(async () => {
  stop.abort()
  await driving.catch(() => undefined)
  await one.close()
})

/** Drives until the first host of the test ring is at work. */
async function begin(): Promise<void> {
  driving = one.workflow.advance(one.id, stop.signal)
  driving.catch(() => undefined)
  await expect.poll(() => one.hosts.polls(), { timeout: 10_000 }).toBeGreaterThan(0)
}

async function tested() {
  return Object.values((await one.state()).test?.deployments ?? {})
}

const vote = { type: 'vote', revision: null, owner: 'tom', until: null } as const
const closings: readonly [status: string, hours: number, actor: Actor, command: ProposalCommand][] = [
  [
    'rejected',
    0,
    mara,
    { ...vote, choice: 'reject', reason: 'not now', until: new Date(Date.now() + 20 * 24 * HOUR).toISOString() },
  ],
  ['withdrawn', 0, jonas, { type: 'withdraw', reason: 'not now' }],
  ['superseded', 0, assessment, { type: 'supersede', by: 'PW-99' }],
  ['expired', 25, timer, { type: 'expire' }],
]

describe.each(closings)('a proposal that is %s while its test is at work', (status, hours, actor, command) => {
  test('has the engine stop, and each asset followed, verified, cleaned up after and told', async () => {
    await begin()
    one.pass(hours)
    // The driver expires it by itself.
    if (status !== 'expired') expect(await one.give(command, actor)).toMatchObject({ ok: true, state: { status } })
    await expect.poll(() => one.hosts.cancelled(), { timeout: 10_000 }).toBe(1)
    expect((await one.state()).status).toBe(status)
    one.hosts.letGo()
    await driving
    await expectAllAtTheirEnd(status)
    const [asset] = await tested()
    const name = asset?.asset.replace('example/', '')
    expect(one.ran).toEqual([`undrain ${name}`])
    const thread = await one.thread()
    expect(thread).toContainEqual(expect.stringContaining(`${name} is at work and is brought to its end first.`))
    expect(thread.at(-1)).toMatch(/^The test did not pass\. Halted by .* 1 of 1 test server took it and ended well\.$/)
  })

  test('is taken over by the next process when the first was killed', async () => {
    await begin()
    stop.abort()
    await driving.catch(() => undefined)
    one.pass(hours)
    expect(await one.give(command, actor)).toMatchObject({ ok: true, state: { status } })
    one.hosts.letGo()
    await one.workflow.sweep(new AbortController().signal)
    await expectAllAtTheirEnd(status)
  })
})

async function expectAllAtTheirEnd(status: string): Promise<void> {
  const state = await one.state()
  expect(state).toMatchObject({ status, test: { result: { passed: false } } })
  const all = Object.values(state.test?.deployments ?? {})
  expect(all).toHaveLength(1)
  for (const { outcome, verification } of all) {
    expect(outcome?.state).toBe('succeeded')
    expect(verification?.end).toMatch(/installed|rebooted/)
  }
  expect(replay(await readStream(one.db, one.id))).toEqual(state)
}

describe('a test ring at work', () => {
  const request = { revision: null, owner: null, until: null, asset: null } as const

  test('is paused, and goes on when it is resumed, from the buttons of the card', async () => {
    await begin()
    const press = (action: 'pause' | 'halt' | 'resume', who: typeof mara | typeof jonas) =>
      one.workflow.desk.act({ ...request, proposal: one.id, action, reason: 'odd graphs' }, who)
    const offered = async (who: typeof mara | typeof jonas) =>
      (await one.workflow.desk.card(one.id, who))?.actions.map(({ name }) => name)
    expect(await offered(jonas)).toEqual(expect.arrayContaining(['pause', 'halt']))
    expect((await press('pause', jonas)).ok).toBe(true)
    one.hosts.letGo()
    await driving
    expect(await tested()).toHaveLength(1)
    expect((await one.state()).test?.result).toBeNull()
    expect(await offered(mara)).toEqual(expect.arrayContaining(['resume', 'halt']))
    expect((await one.workflow.desk.overview(mara)).waiting.map(({ actions }) => actions)).toContainEqual(['resume'])
    expect((await press('resume', mara)).ok).toBe(true)
    await one.workflow.advance(one.id, stop.signal)
    expect((await one.state()).test?.result).toMatchObject({ passed: true })
    expect(await tested()).toHaveLength(2)
  })

  test('is halted by a word in the thread, and the proposal stays open', async () => {
    await begin()
    const where = { channel: null, proposal: one.id }
    expect((await one.workflow.desk.slash('halt because odd graphs', where, jonas)).ok).toBe(true)
    await expect.poll(() => one.hosts.cancelled(), { timeout: 10_000 }).toBe(1)
    one.hosts.letGo()
    await driving
    expect(await one.state()).toMatchObject({
      status: 'open',
      test: { result: { passed: false, reason: 'Halted by Jonas: odd graphs' } },
    })
    expect(await tested()).toHaveLength(1)
  })

  test('keeps nobody from being reminded in time', async () => {
    await begin()
    one.pass(1)
    await expect.poll(one.events, { timeout: 10_000 }).toContain('reminded')
    expect(await tested()).toMatchObject([{ outcome: null }])
    const polls = one.hosts.polls()
    await expect.poll(() => one.hosts.polls(), { timeout: 10_000 }).toBeGreaterThan(polls)
    // Once, and nothing spins.
    expect((await one.events()).filter((type) => type === 'reminded')).toHaveLength(1)
  })

  test('keeps what is decided as it is until it is done', async () => {
    await begin()
    const { subject, contentHash } = await one.state()
    if (subject.kind !== 'patches') throw new Error('not patches')
    const other = { ...subject, assets: subject.assets.slice(1) }
    const content = {
      title: 't',
      subject: other,
      contentHash: hashOf(other),
      priority: 'scheduled',
      whyNow: 'w',
      dueAt: null,
    } as const
    const revise = { type: 'revise', content, reason: 'a newer version' } as const
    expect(await one.give(revise, assessment)).toMatchObject({ ok: false, refusal: { code: 'not now' } })
    const { revised, closed } = await one.workflow.propose(stop.signal)
    expect({ revised, closed }).toEqual({ revised: [], closed: [] })
    expect((await one.state()).contentHash).toBe(contentHash)
    one.hosts.letGo()
    await driving
    expect((await one.state()).test?.result).toMatchObject({ passed: true })
  })
})
