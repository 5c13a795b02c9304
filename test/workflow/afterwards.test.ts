/** What may happen to a rollout that is over: a part of it is undone, a snapshot is put back, an asset changes back. */

import { readFile, writeFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { plain } from '../../src/chat/rich-text.ts'
import type { Hook } from '../../src/core/ports.ts'
import type { Actor } from '../../src/core/proposal/proposal.ts'
import { consoleThread } from '../../src/store/outbox.ts'
import { findProposal, openProposals } from '../../src/store/proposals.ts'
import { createWorkflow } from '../../src/workflow/workflow.ts'
import { useDatabase } from '../support/database.ts'
import { approvedExample, type ExampleOptions } from '../support/example-service.ts'
import { alwaysMine } from '../support/leases.ts'

const database = useDatabase()
const { signal } = new AbortController()
const person = (id: string, name: string) => ({ kind: 'person', id, name, via: 'console' }) as const satisfies Actor

/** The rollout of the web team, completed. */
async function completed(options: ExampleOptions = {}) {
  const example = await approvedExample(database().db, options)
  await example.service.workflow.advance(example.id, signal)
  expect((await findProposal(example.db, example.id))?.status).toBe('completed')
  return example
}

const request = { revision: null, owner: null, until: null } as const

test('one asset is rolled back, or one ring, and the rest stays as it is', async () => {
  const { db, service, id } = await completed()
  const { desk } = service.workflow
  const undo = (asset: string | null) =>
    desk.act({ ...request, proposal: id, action: 'roll-back', reason: 'slow since', asset }, person('jonas', 'Jonas'))
  const unknown = await undo('web-99')
  expect(unknown.ok).toBe(false)
  expect(plain(unknown.message)).toContain('nothing called "web-99"')
  expect(plain((await undo('web-02')).message)).toContain('rolls PW-')
  const [back] = (await openProposals(db)).filter(({ subject }) => subject.kind === 'patches' && subject.rollsBack)
  await service.workflow.advance(back?.id ?? '', signal)
  const done = await findProposal(db, back?.id ?? '')
  expect(
    Object.values(done?.rollout?.deployments ?? {}).map(({ asset, verification }) => [asset, verification?.end]),
  ).toEqual([['example/web-02', 'rolled back']])
  expect((await undo('ring:canary')).ok).toBe(true)
  await service.remove()
})

async function rollingBack() {
  const ran: string[] = []
  let dying = false
  const hooks: readonly Hook[] = (['snapshot', 'restore'] as const).map((moment) => ({
    moment,
    command: ['/bin/true'],
    timeoutSeconds: 5,
  }))
  const { db, service, id } = await completed({ hooks })
  const workflow = createWorkflow(
    {
      ...service.parts,
      hooks: {
        async run(hook, asset, key) {
          ran.push(`${hook.moment} ${asset.name} ${key}`)
          if (dying) throw new Error('the process dies')
          return { ok: true, detail: 'exit status 0', log: '' }
        },
      },
    },
    alwaysMine,
  )
  const made = (await findProposal(db, id))?.rollout?.deployments['example/web-02']?.key
  await workflow.desk.act(
    { ...request, proposal: id, action: 'roll-back', reason: 'slow since', asset: 'web-02' },
    person('jonas', 'Jonas'),
  )
  const [back] = (await openProposals(db)).filter(({ subject }) => subject.kind === 'patches' && subject.rollsBack)
  function die(): void {
    dying = true
  }
  return { db, service, workflow, ran, made, back: back?.id ?? '', die }
}

test('where snapshots are kept, rolling back puts them back under the key they were made with', async () => {
  const { service, workflow, ran, made, back } = await rollingBack()
  await workflow.advance(back, signal)
  expect(ran).toEqual([`restore web-02 ${made}`])
  await service.remove()
})

test('no snapshot is put back where somebody halted the roll back after its start was recorded', async () => {
  const { db, service, workflow, ran, back } = await rollingBack()
  const machine: Actor = { kind: 'system', part: 'rollout' }
  for (const type of ['start', 'start-batch'] as const) await workflow.execute(back, { type }, machine)
  await workflow.execute(back, { type: 'halt', reason: 'wrong one' }, person('jonas', 'Jonas'))
  await workflow.advance(back, signal)
  expect(ran).toEqual([])
  expect(await findProposal(db, back)).toMatchObject({ status: 'halted', rollout: { deployments: {} } })
  await workflow.execute(back, { type: 'resume' }, person('mara', 'Mara'))
  await workflow.advance(back, signal)
  expect(ran).toHaveLength(1)
  await service.remove()
})

test('killed while a snapshot was being put back and halted since, it is not put back once more, and says so', async () => {
  const { db, service, workflow, ran, back, die } = await rollingBack()
  die()
  await expect(workflow.advance(back, signal)).rejects.toThrow('the process dies')
  await workflow.execute(back, { type: 'halt', reason: 'wrong one.' }, person('jonas', 'Jonas'))
  const before = ran.length
  await workflow.advance(back, signal)
  expect(ran).toHaveLength(before)
  const { outcome } = (await findProposal(db, back))?.rollout?.deployments['example/web-02'] ?? {}
  expect(outcome).toMatchObject({
    state: 'failed',
    reason: expect.stringMatching(/while its snapshot was being put back.*Jonas stopped the rollout: wrong one\. Look/),
  })
  await service.remove()
})

test('an asset that somebody downgrades the next day is told in the old thread, once', async () => {
  const { db, service, id } = await completed()
  const { assets, ...rest } = JSON.parse(await readFile(service.fleet, 'utf8'))
  const state = await findProposal(db, id)
  const change =
    state?.subject.kind === 'patches'
      ? state.subject.assets.find(({ asset }) => asset.name === 'web-03')?.changes[0]
      : undefined
  if (!change || change.kind === 'update') throw new Error('web-03 had no package to change.')
  const downgraded = assets.map((asset: { name: string; packages: { name: string; version: string }[] }) =>
    asset.name === 'web-03'
      ? {
          ...asset,
          packages: asset.packages.map((item) =>
            item.name === change.name ? { ...item, version: change.from, sourceVersion: change.from } : item,
          ),
        }
      : asset,
  )
  await writeFile(service.fleet, JSON.stringify({ ...rest, assets: downgraded }))
  await service.workflow.syncInventory(signal)
  await service.workflow.tellDrift()
  await service.workflow.tellDrift()
  await service.workflow.deliver()
  const told = (await consoleThread(db, id))
    .map(({ entry }) => plain(entry.text))
    .filter((text) => text.includes('not as it was verified'))
  expect(told).toEqual([
    `web-03 is not as it was verified any more: ${change.name} is ${change.from}, ${change.to} was verified.`,
  ])
  await service.remove()
})
