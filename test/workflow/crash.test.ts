import { readFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { plain } from '../../src/chat/rich-text.ts'
import { onlyLooks } from '../../src/core/asset.ts'
import type { DeployEngine, InventorySource } from '../../src/core/ports.ts'
import { replay } from '../../src/core/proposal/evolve.ts'
import type { Db } from '../../src/store/connection.ts'
import { readStream } from '../../src/store/events.ts'
import { openLeases } from '../../src/store/leases.ts'
import { consoleThread, waitingMessages } from '../../src/store/outbox.ts'
import { findProposal } from '../../src/store/proposals.ts'
import type { WorkflowParts } from '../../src/workflow/ports.ts'
import { createWorkflow } from '../../src/workflow/workflow.ts'
import { useDatabase } from '../support/database.ts'
import { approvedExample } from '../support/example-service.ts'
import { alwaysMine } from '../support/leases.ts'

const database = useDatabase()

const approved = () => approvedExample(database().db)

function repeated(thread: readonly string[]): readonly string[] {
  return thread.filter((text, index) => thread.indexOf(text) !== index)
}

/** The same parts in a process that dies at its nth contact with anything outside, before or after what it asked for. */
function mortal(parts: WorkflowParts, nth: number): { readonly parts: WorkflowParts; readonly died: () => boolean } {
  let contacts = 0
  function touch(): void {
    contacts++
    if (contacts >= nth) throw new Error('the process dies')
  }
  async function around<T>(work: () => Promise<T>): Promise<T> {
    touch()
    const result = await work()
    touch()
    return result
  }
  const db = new Proxy(parts.db, {
    get(target, name, receiver) {
      if (name !== 'transaction') return Reflect.get(target, name, receiver)
      return (work: Parameters<Db['transaction']>[0]) => around(() => target.transaction(work))
    },
  })
  function engine(real: DeployEngine): DeployEngine {
    return {
      ...real,
      preview: (...all) => around(() => real.preview(...all)),
      preflight: (...all) => around(() => real.preflight(...all)),
      start: (...all) => around(() => real.start(...all)),
      poll: (...all) => around(() => real.poll(...all)),
      cancel: (...all) => around(() => real.cancel(...all)),
    }
  }
  function source(real: InventorySource): InventorySource {
    return {
      ...real,
      async *observe(options) {
        touch()
        yield* real.observe(options)
        touch()
      },
    }
  }
  const dying: WorkflowParts = {
    ...parts,
    db,
    engines: new Map([...parts.engines].map(([name, real]) => [name, engine(real)])),
    sources: parts.sources.map(source),
    platforms: parts.platforms.map((real) => ({ ...real, deliver: (message) => around(() => real.deliver(message)) })),
  }
  return { parts: dying, died: () => contacts >= nth }
}

test.each([1, 2, 3, 4, 5, 7, 9, 11, 14, 17, 20, 25, 30, 40, 50])(
  'dying at contact %i with the world, a rollout is finished by the next process: nothing lost, nothing twice',
  async (nth) => {
    const { db, service, id } = await approved()
    const { parts, died } = mortal(service.parts, nth)
    const first = openLeases(database().url)
    const doomed = createWorkflow(parts, first.alone)
    await doomed.advance(id, new AbortController().signal).catch(() => undefined)
    await doomed.deliver()
    await first.end()
    expect(died()).toBe(true)

    const second = openLeases(database().url)
    const heir = createWorkflow(service.parts, second.alone)
    for (let round = 0; round < 3; round++) {
      await heir.sweep(new AbortController().signal)
      await heir.advance(id, new AbortController().signal)
      await heir.deliver()
    }
    await second.end()
    const state = await findProposal(db, id)
    expect(state?.status).toBe('completed')
    expect(replay(await readStream(db, id))).toEqual(state)

    const thread = (await consoleThread(db, id)).map(({ entry }) => `${entry.author?.name ?? ''}${plain(entry.text)}`)
    expect(
      await waitingMessages(db, 'console', {
        now: new Date().toISOString(),
        except: { channels: [], cards: [], threads: [], ids: [] },
        perChannel: 10,
      }),
    ).toEqual([])
    expect(repeated(thread)).toEqual([])
    expect(thread.filter((text) => text.startsWith('Ring canary passed: '))).toHaveLength(1)
    expect(thread.filter((text) => text.startsWith('Done. 8 of 8 '))).toHaveLength(1)

    const { assets } = JSON.parse(await readFile(service.fleet, 'utf8'))
    for (const asset of assets.filter((one: { team: string }) => one.team === 'web-platform')) {
      expect(Object.keys(asset.runs ?? {}), asset.name).toHaveLength(1)
    }
    await service.remove()
  },
)

test('what was collected and not recorded when the process ended is asked for again', async () => {
  const { db, service, id } = await approved()
  const end = new AbortController()
  const simulated = service.parts.engines.get('simulated')
  if (!simulated) throw new Error('The example has no engine.')
  const poll: typeof simulated.poll = async (...all) => {
    const reports = await simulated.poll(...all)
    if (reports.some(({ outcome }) => outcome !== null)) end.abort(new Error('the process ends'))
    return reports
  }
  const first = openLeases(database().url)
  const parts = { ...service.parts, pollSeconds: 0.25, engines: new Map([['simulated', { ...simulated, poll }]]) }
  await expect(createWorkflow(parts, first.alone).advance(id, end.signal)).rejects.toThrow('the process ends')
  await first.end()
  const types = (await readStream(db, id)).map(({ event }) => event.type)
  expect(types).toContain('batch-started')
  expect(types.filter((type) => type.startsWith('outcome'))).toEqual([])

  const second = openLeases(database().url)
  await createWorkflow(service.parts, second.alone).advance(id, new AbortController().signal)
  await second.end()
  const state = await findProposal(db, id)
  expect(state?.status).toBe('completed')
  expect(replay(await readStream(db, id))).toEqual(state)
  const { assets } = JSON.parse(await readFile(service.fleet, 'utf8'))
  for (const asset of assets.filter((one: { team: string }) => one.team === 'web-platform'))
    expect(Object.keys(asset.runs ?? {}), asset.name).toHaveLength(1)
  await service.remove()
})

test('two processes that drive the same proposal at the same time do its work once', async () => {
  const { db, service, id } = await approved()
  const locks = [openLeases(database().url), openLeases(database().url)]
  const both = locks.map(({ alone }) => createWorkflow(service.parts, alone))
  const { signal } = new AbortController()
  await Promise.all(
    both.flatMap((workflow) => [workflow.advance(id, signal), workflow.sweep(signal), workflow.deliver()]),
  )
  await both[0]?.advance(id, signal)
  await both[0]?.deliver()
  expect((await findProposal(db, id))?.status).toBe('completed')
  const thread = (await consoleThread(db, id)).map(({ entry }) => `${entry.author?.name ?? ''}${plain(entry.text)}`)
  expect(repeated(thread)).toEqual([])
  await Promise.all(locks.map((lock) => lock.end()))
  await service.remove()
})

test.each([
  ['once: it is asked again', 1, 'installed'],
  ['and the next time: it is said to be silent', Number.POSITIVE_INFINITY, 'unreachable'],
])('a host that was patched and cannot be looked at %s', { timeout: 40_000 }, async (_, failing, end) => {
  const { db, service, id } = await approved()
  const looks = new Map<string, number>()
  const sources = service.parts.sources.map(
    (real): InventorySource => ({
      ...real,
      async *observe(options) {
        for await (const observation of onlyLooks(real.observe(options))) {
          const asset = observation.kind === 'seen' ? observation.snapshot.asset : observation.asset
          const look = (looks.get(asset.id) ?? 0) + 1
          looks.set(asset.id, look)
          if (asset.name !== 'web-01' || look > failing) yield observation
          else yield { kind: 'unreachable', asset, reason: 'the line dropped.', at: new Date().toISOString() }
        }
      },
    }),
  )
  const lock = openLeases(database().url)
  await createWorkflow({ ...service.parts, sources }, lock.alone).advance(id, new AbortController().signal)
  await lock.end()
  const deployments = (await findProposal(db, id))?.rollout?.deployments ?? {}
  expect(deployments['example/web-01']?.verification).toMatchObject({ end })
  await service.remove()
})

test('a source and a feed that fail keep what was known, and say what is wrong', async () => {
  const { service } = await approved()
  const { signal } = new AbortController()
  const before = await service.workflow.assessments()
  const broken = createWorkflow(
    {
      ...service.parts,
      sources: service.parts.sources.map((real) => ({
        ...real,
        // biome-ignore lint/correctness/useYield: it fails before it has anything
        async *observe() {
          throw new Error('fleet.json is cut off at line 7.')
        },
      })),
      feeds: service.parts.feeds.map((real) => ({
        ...real,
        fetch: () => Promise.reject(new Error('It is a web page.')),
      })),
    },
    alwaysMine,
  )
  const reports = [...(await broken.syncFeeds(signal)), ...(await broken.syncInventory(signal))]
  expect(reports.map(({ ok, what }) => [ok, what])).toEqual([
    [false, 'It is a web page. The last good content still counts.'],
    [false, 'fleet.json is cut off at line 7. What was known before still counts.'],
  ])
  expect(await service.workflow.assessments()).toEqual(before)
  await service.remove()
})
