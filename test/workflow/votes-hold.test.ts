/** A fleet that changes while people decide: a vote covers what it was cast for and all that is contained in it. */

import { readFile, writeFile } from 'node:fs/promises'
import { afterEach, beforeEach, expect, it } from 'vitest'
import type { ProposalState } from '../../src/core/proposal/proposal.ts'
import { readStream } from '../../src/store/events.ts'
import { allProposals, findProposal } from '../../src/store/proposals.ts'
import { rebuild } from '../../src/workflow/rebuild.ts'
import { useDatabase } from '../support/database.ts'
import { approveAs, exampleService, mara, nights, tom } from '../support/example-service.ts'

const database = useDatabase()
const { signal } = new AbortController()
const SERVERS = 200
const DAY = 86_400_000
let now: number
let service: Awaited<ReturnType<typeof exampleService>>

interface Host {
  name: string
  packages: { name: string; version: string; architecture: string }[]
  pending: object[]
}

/** The host with one update that waits, of a package that it has. */
function host(name: string, from = '8.0', candidate: string | null = '8.1'): Host & Record<string, unknown> {
  const update = { name: 'curl', architecture: 'amd64', source: 'curl', installed: from, candidate, origins: ['o:s'] }
  return {
    name,
    platform: 'debian:12',
    team: 'web-platform',
    tags: [],
    exposure: 'controlled',
    criticality: 'low',
    timeZone: 'UTC',
    address: '192.0.2.1',
    simulated: true,
    bootId: '0b9d9f06-cc8c-4447-85a1-2c0aa01a6e22',
    packages: [{ name: 'curl', version: from, architecture: 'amd64' }],
    pending: candidate === null ? [] : [{ ...update, security: true }],
  }
}

const nameOf = (number: number) => `web-${String(number).padStart(3, '0')}`

async function change(edit: (hosts: Host[]) => Host[]): Promise<void> {
  const file = JSON.parse(await readFile(service.fleet, 'utf8'))
  await writeFile(service.fleet, JSON.stringify({ ...file, assets: edit(file.assets) }))
}

/** One more look at everything, an hour later. */
async function look() {
  now += DAY / 24
  await service.workflow.syncInventory(signal)
  return service.workflow.propose(signal)
}

async function state(id: string): Promise<ProposalState> {
  const found = await findProposal(database().db, id)
  if (found === null) throw new Error(`There is no ${id}.`)
  return found
}

async function typesOf(id: string) {
  return (await readStream(database().db, id)).map(({ event }) => event.type)
}

/** Two hundred servers, one proposal. `voted`: approved and scheduled for the night. */
async function scene(voted: boolean): Promise<ProposalState> {
  const { workflow } = service
  await change(() => Array.from({ length: SERVERS }, (_, index) => host(nameOf(index))))
  await workflow.syncInventory(signal)
  const { opened } = await workflow.propose(signal)
  expect(opened).toHaveLength(1)
  const [id = ''] = opened
  if (voted) for (const member of [mara, tom]) await approveAs(workflow, id, member)
  await workflow.advance(id, signal)
  return state(id)
}

beforeEach(async () => {
  now = Date.parse('2026-11-20T12:00:00Z')
  service = await exampleService(database().db, { clock: () => new Date(now), window: nights })
})
afterEach(() => service.remove())

it('one of 200 servers that needs nothing any more is left out; votes, approval, schedule and rings stay', async () => {
  const before = await scene(true)
  expect(before).toMatchObject({ status: 'scheduled', revision: 1 })
  expect(before.votes).toHaveLength(2)

  await change((hosts) => hosts.map((one) => (one.name === nameOf(17) ? host(one.name, '8.1', null) : one)))
  expect(await look()).toEqual({ opened: [], revised: [], closed: [] })
  const after = await state(before.id)
  const { status, revision, contentHash, votes, approvedBy, schedule, subject } = before
  expect(after).toMatchObject({ status, revision, contentHash, votes, approvedBy, schedule, subject })
  expect(after.since).toMatchObject({ leftOut: { [`example/${nameOf(17)}`]: { reason: 'up to date' } }, waiting: {} })
  expect((await typesOf(before.id)).at(-1)).toBe('assets-compared')

  // What is on record says the same.
  const problems = []
  const { membersOf } = service.parts.teams
  const options = { membersOf, now: new Date(now).toISOString() }
  for await (const problem of rebuild(database().db, options, { erased: 0 })) problems.push(problem)
  expect(problems).toEqual([])
})

it('servers that are new or need more wait for the next proposal, which comes when this one is over', async () => {
  const before = await scene(true)
  await change((hosts) => [...hosts.filter(({ name }) => name !== nameOf(3)), host('web-900'), host('web-901')])
  await change((hosts) => hosts.map((one) => (one.name === nameOf(4) ? host(one.name, '8.0', '8.2') : one)))
  expect(await look()).toEqual({ opened: [], revised: [], closed: [] })
  const after = await state(before.id)
  expect(after.since).toMatchObject({
    leftOut: {
      [`example/${nameOf(3)}`]: { reason: 'gone' },
      [`example/${nameOf(4)}`]: { reason: 'another version', what: 'curl 8.2' },
    },
    waiting: { 'example/web-900': 'web-900', 'example/web-901': 'web-901' },
  })
  expect(after).toMatchObject({ revision: 1, contentHash: before.contentHash, status: 'scheduled' })

  // It comes back to what was voted on before its turn.
  await change((hosts) => hosts.map((one) => (one.name === nameOf(4) ? host(one.name) : one)))
  await look()
  expect(Object.keys((await state(before.id)).since?.leftOut ?? {})).toEqual([`example/${nameOf(3)}`])

  const person = { kind: 'person', id: mara.id, name: mara.name, via: 'console' } as const
  await service.workflow.execute(before.id, { type: 'withdraw', reason: 'another day' }, person)
  const { opened } = await look()
  expect(opened).toHaveLength(1)
  const next = await state(opened[0] ?? '')
  expect(next.subject.kind === 'patches' && next.subject.assets).toHaveLength(SERVERS + 1)
})

it('what nobody has voted on takes in what is new, and every server keeps its ring', async () => {
  const before = await scene(false)
  await change((hosts) => [host('aaa-first'), ...hosts.filter(({ name }) => name !== nameOf(5))])
  expect((await look()).revised).toEqual([before.id])
  const after = await state(before.id)
  if (before.subject.kind !== 'patches' || after.subject.kind !== 'patches') throw new Error('not patches')
  const [canary, broad] = before.subject.rings
  expect(after.subject.rings.map(({ assets }) => assets)).toEqual([
    canary?.assets,
    [...(broad?.assets ?? []).filter((id) => id !== `example/${nameOf(5)}`), 'example/aaa-first'],
  ])
})

it('the age of the inventory writes nothing, and the rollout goes by what it says when it starts', async () => {
  const before = await scene(true)
  const events = (await typesOf(before.id)).length
  for (let hour = 0; hour < 13; hour++) await look()
  expect(await typesOf(before.id)).toHaveLength(events)
  expect((await state(before.id)).subject).toMatchObject({ inventoryAt: '2026-11-20T12:00:00.000Z' })

  // It was looked at an hour ago, whatever was known when it was proposed two days before.
  now = Date.parse('2026-11-22T02:00:00Z')
  await service.workflow.execute(before.id, { type: 'reschedule' }, { kind: 'system', part: 'timer' })
  await service.workflow.syncInventory(signal)
  now += 60_000
  const started = await service.workflow.execute(before.id, { type: 'start' }, { kind: 'system', part: 'rollout' })
  expect(started).toMatchObject({ ok: true, state: { status: 'rolling out' } })
})

it('where nothing of it is left as it was voted on, it is asked anew; where nothing is missing, it is closed', async () => {
  const before = await scene(true)
  await change((hosts) => hosts.map(({ name }) => host(name, '8.0', '8.2')))
  expect(await look()).toMatchObject({ opened: [], revised: [before.id] })
  expect(await state(before.id)).toMatchObject({ revision: 2, votes: [], status: 'open', since: null })
  for (const member of [mara, tom]) await approveAs(service.workflow, before.id, member)
  await change((hosts) => hosts.map(({ name }) => host(name, '8.2', null)))
  expect(await look()).toMatchObject({ opened: [], closed: [before.id] })
  expect(await allProposals(database().db)).toHaveLength(1)
})

it('a server that needs a part only gets that part, and one that is left out is not started', async () => {
  const { workflow } = service
  const two = (name: string, curl: string, ssl: string): Host => {
    const both = [host(name, curl, curl === '8.0' ? '8.1' : null), host(name, ssl, ssl === '3.0' ? '3.1' : null)]
    const named = (one: object) => JSON.parse(JSON.stringify(one).replaceAll('curl', 'openssl'))
    const [first, second] = both
    if (first === undefined || second === undefined) throw new Error('two')
    return {
      ...first,
      packages: [...first.packages, ...named(second.packages)],
      pending: [...first.pending, ...named(second.pending)],
    }
  }
  await change(() => ['web-0', 'web-1', 'web-2', 'web-3'].map((name) => two(name, '8.0', '3.0')))
  await workflow.syncInventory(signal)
  const [id = ''] = (await workflow.propose(signal)).opened
  for (const member of [mara, tom]) await approveAs(workflow, id, member)
  await workflow.advance(id, signal)

  // Somebody has brought web-1 beyond what was voted on, and web-2 to all of it.
  const by: Record<string, Host> = { 'web-1': two('web-1', '8.4', '3.0'), 'web-2': two('web-2', '8.1', '3.1') }
  await change((hosts) => hosts.map((one) => by[one.name] ?? one))
  await look()
  expect((await state(id)).since).toMatchObject({
    leftOut: { 'example/web-2': { reason: 'up to date' } },
    done: { 'example/web-1': ['curl:amd64'] },
  })

  now = Date.parse('2026-11-21T02:00:00Z')
  await workflow.advance(id, signal)
  const done = await state(id)
  expect(done.status).toBe('completed')
  const ends = Object.entries(done.rollout?.deployments ?? {}).map(([asset, one]) => [asset, one.verification?.end])
  expect(ends).toEqual([
    ['example/web-0', 'installed'],
    ['example/web-1', 'installed'],
    ['example/web-3', 'installed'],
  ])
  const changed = done.rollout?.deployments['example/web-1']?.outcome
  expect(changed?.state === 'succeeded' && changed.changed.map(({ name }) => name)).toEqual(['openssl'])
})

it('asks for a preview again only where what an asset gets is another', async () => {
  await scene(false)
  const { engines } = service.parts
  const engine = engines.get('simulated')
  if (engine === undefined) throw new Error('no engine')
  const asked: string[] = []
  const preview: typeof engine.preview = (asset, ...rest) => {
    asked.push(asset.name)
    return engine.preview(asset, ...rest)
  }
  const spying = { ...engine, preview }
  Object.assign(service.parts, { engines: new Map([['simulated', spying]]) })
  await change((hosts) =>
    hosts.map((one) => (one.name === nameOf(7) ? { ...one, ...host(one.name, '8.0', '8.2') } : one)),
  )
  await look()
  expect(asked).toEqual([nameOf(7)])
})
