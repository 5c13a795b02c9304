/** The service as it starts by itself. */

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { expect, test } from 'vitest'
import { keepConnected } from '../../src/app/connect.ts'
import { readEnvironment } from '../../src/app/environment.ts'
import { openService } from '../../src/app/open.ts'
import { noteConfiguration } from '../../src/app/rights.ts'
import { runService } from '../../src/app/run.ts'
import type { ChatConnection } from '../../src/chat/platform.ts'
import type { Config } from '../../src/config/schema.ts'
import type { CatalogFeed } from '../../src/core/ports.ts'
import { defaultConfig } from '../../src/integrations/configuration.ts'
import { sourceStates } from '../../src/store/catalog.ts'
import type { Leases } from '../../src/store/leases.ts'
import { findProposal, openProposals } from '../../src/store/proposals.ts'
import { sessions, signInLinks } from '../../src/store/schema.ts'
import { watchConnection } from '../../src/workflow/watched-connection.ts'
import { createWorkflow } from '../../src/workflow/workflow.ts'
import { useDatabase } from '../support/database.ts'
import { proposeAll } from '../support/example-service.ts'
import { beginSession } from '../support/session.ts'

const database = useDatabase()

/** The example, whose hosts take an hour each. */
function slowExample(folder: string): Config {
  const config = defaultConfig(folder, folder)
  const { example } = config.sources
  const { simulated } = config.engines
  if (example === undefined || simulated?.kind !== 'simulated') throw new Error('The example has changed.')
  return { ...config, sources: { example }, engines: { simulated: { ...simulated, pace: 3_600 } } }
}

async function opened(folder: string) {
  const variables = { DATABASE_URL: database().url, LOG_LEVEL: 'error' }
  const environment = readEnvironment({ variables, cwd: folder })
  if (!environment.ok) throw new Error(environment.problems.join(' '))
  return openService(slowExample(folder), environment.environment)
}

test('who listens to a platform and is replaced hangs up, so that two never listen', async () => {
  const folder = await mkdtemp(path.join(tmpdir(), 'patchwarden start '))
  const service = await opened(folder)
  const calls: string[] = []
  const connection: ChatConnection = {
    platform: { name: 'chat', deliver: async () => null },
    check: async () => 'ok',
    start: async () => void calls.push('start'),
    stop: async () => void calls.push('stop'),
    accountsIn: async () => [],
    postTest: async () => null,
  }
  const watched = watchConnection('chat', { clock: () => new Date(), log: { info: () => {}, warn: () => {} } })
  const stop = await runService({ ...service, connections: [connection], watched: [watched] })
  try {
    await expect.poll(() => calls).toEqual(['start'])
    await database().sql`update leases set holder = 'another process', term = term + 1 where name = 'listen to chat'`
    await expect.poll(() => calls, { timeout: 15_000 }).toEqual(['start', 'stop'])
  } finally {
    await stop()
    await service.close()
    await rm(folder, { recursive: true, force: true })
  }
})

test('feeds and inventory are looked at although a rollout is at work since before the start', async () => {
  const folder = await mkdtemp(path.join(tmpdir(), 'patchwarden start '))
  const service = await opened(folder)
  // After a crash no job wakes it: the first look for what is due does.
  const workflow = createWorkflow({ ...service.parts, wake: async () => {} }, service.database.alone)
  const { db } = service.database
  await proposeAll(workflow)
  const web = (await openProposals(db)).find(({ team }) => team === 'web-platform')
  if (web === undefined) throw new Error('There is no proposal.')
  const vote = { type: 'vote', choice: 'approve', revision: null, reason: null, owner: null, until: null } as const
  for (const id of ['mara', 'tom'])
    await workflow.execute(web.id, vote, { kind: 'person', id, name: id, via: 'console' })
  for (const type of ['start', 'start-batch'] as const)
    expect(await workflow.execute(web.id, { type }, { kind: 'system', part: 'rollout' })).toMatchObject({ ok: true })

  const begun = new Date().toISOString()
  const stop = await runService(service)
  try {
    const looked = async () =>
      (await sourceStates(db)).filter(({ lastGoodAt }) => lastGoodAt !== null && lastGoodAt > begun).length
    await expect.poll(looked, { timeout: 15_000 }).toBe(2)
    const { rollout } = (await findProposal(db, web.id)) ?? {}
    expect(Object.values(rollout?.deployments ?? {})).toMatchObject([{ outcome: null }])
  } finally {
    await stop()
    await service.close()
    await rm(folder, { recursive: true, force: true })
  }
})

test('a feed that hangs holds nothing up: the others are read, and what they bring is proposed', async () => {
  const folder = await mkdtemp(path.join(tmpdir(), 'patchwarden start '))
  const service = await opened(folder)
  const { db } = service.database
  const asked: string[] = []
  const hung: CatalogFeed = {
    name: 'hung',
    describe: 'It does not answer.',
    fetch: (_cursor, signal) =>
      new Promise((_resolve, reject) => {
        asked.push('hung')
        signal.addEventListener('abort', () => reject(signal.reason))
      }),
  }
  // It is the first to be asked.
  const parts = { ...service.parts, feeds: [hung, ...service.parts.feeds] }
  const workflow = createWorkflow(parts, service.database.alone)
  const stop = await runService({ ...service, parts, workflow })
  try {
    await expect.poll(() => asked, { timeout: 15_000 }).toEqual(['hung'])
    await service.queue.enqueueNow('sync feed hung', {})
    await expect.poll(() => asked, { timeout: 15_000 }).toEqual(['hung', 'hung'])
    for (const job of ['sync feed example', 'sync source example']) await service.queue.enqueueNow(job, {})
    await expect.poll(() => sourceStates(db).then((all) => all.length), { timeout: 15_000 }).toBe(2)
    await expect.poll(() => openProposals(db).then((all) => all.length > 0), { timeout: 15_000 }).toBe(true)
  } finally {
    await stop()
    await service.close()
    await rm(folder, { recursive: true, force: true })
  }
})

test('who has lost the right to listen to a platform disconnects, and listens again when it has it back', async () => {
  const happened: string[] = []
  const connection: ChatConnection = {
    platform: { name: 'chat', deliver: async () => null },
    check: async () => '',
    start: async () => void happened.push('start'),
    stop: async () => void happened.push('stop'),
    postTest: async () => null,
    accountsIn: async () => [],
  }
  const log = { info: () => {}, warn: () => {} }
  const watch = watchConnection('chat', { clock: () => new Date(), log })
  let lease = new AbortController()
  const alone: Leases['alone'] = async (name, work) => {
    lease = new AbortController()
    await work({ name, signal: lease.signal, show: async () => {} })
    return true
  }
  const stopping = new AbortController()
  const database = { alone }
  const connecting = keepConnected({ connections: [connection], watched: [watch], log, database }, stopping.signal)
  await expect.poll(() => watch.state().state.kind).toBe('connected')
  lease.abort(new Error('taken over'))
  await expect.poll(() => watch.state().state.kind).toBe('down')
  expect(happened).toEqual(['start', 'stop'])
  await expect.poll(() => watch.state().state.kind).toBe('connected')
  stopping.abort()
  await connecting
  expect(happened).toEqual(['start', 'stop', 'start', 'stop'])
})

test('the hourly purge forgets spent sign-in links and expired sessions', async () => {
  const folder = await mkdtemp(path.join(tmpdir(), 'patchwarden start '))
  const service = await opened(folder)
  const { db } = service.database
  await beginSession(db, 'mara', new Date(Date.now() - 100 * 86_400_000))
  await beginSession(db, 'tom', new Date())
  const stop = await runService(service)
  try {
    await service.queue.enqueueNow('purge', {})
    await expect.poll(() => db.$count(sessions), { timeout: 15_000 }).toBe(1)
    expect(await db.$count(signInLinks)).toBe(0)
  } finally {
    await stop()
    await service.close()
    await rm(folder, { recursive: true, force: true })
  }
})

test('of two services that start at once with a changed configuration one records it', async () => {
  const folder = await mkdtemp(path.join(tmpdir(), 'patchwarden start '))
  const services = await Promise.all([opened(folder), opened(folder)])
  const start = (change: (config: Config) => Config) =>
    Promise.all(
      services.map((service) =>
        noteConfiguration({ ...service, config: change(service.config) }, { user: 'user', host: 'host' }),
      ),
    )
  try {
    await start((config) => config)
    await start((config) => ({ ...config, roles: { ...config.roles, security: ['tom'] } }))
    const rows = await database().sql`select event, facts -> 'changed' as changed from audit.facts
      where stream = 'rights' order by seq`
    expect(rows).toMatchObject([
      { event: 'configuration-loaded', changed: null },
      { event: 'configuration-loaded', changed: [{ at: 'roles.security', removed: [expect.stringMatching(/^p_/)] }] },
    ])
  } finally {
    for (const service of services) await service.close()
    await rm(folder, { recursive: true, force: true })
  }
})
