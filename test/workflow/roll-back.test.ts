/** A rollout is rolled back once, whoever asks, and again only for what is still changed. */

import { expect, test } from 'vitest'
import { plain } from '../../src/chat/rich-text.ts'
import type { Actor } from '../../src/core/proposal/proposal.ts'
import { consoleThread } from '../../src/store/outbox.ts'
import { findProposal } from '../../src/store/proposals.ts'
import { verifyRecord } from '../../src/workflow/audit.ts'
import { useDatabase } from '../support/database.ts'
import { approvedExample } from '../support/example-service.ts'

const database = useDatabase()
const { signal } = new AbortController()
const person = (id: string, name: string) => ({ kind: 'person', id, name, via: 'console' }) as const satisfies Actor
const jonas = person('jonas', 'Jonas')
const mara = person('mara', 'Mara')

async function completed() {
  const example = await approvedExample(database().db)
  const { db, id } = example
  const { workflow } = example.service
  await workflow.advance(id, signal)
  expect((await findProposal(db, id))?.status).toBe('completed')

  async function rollBack(who = jonas, asset: string | null = null) {
    const request = { revision: null, owner: null, until: null, reason: 'slow since' } as const
    const {
      ok,
      message,
      link = '',
    } = await workflow.desk.act({ ...request, proposal: id, action: 'roll-back', asset }, who)
    return { ok, said: plain(message), id: link.replace('/p/', '') }
  }

  /** What the original says of the last one that was to undo it. */
  const known = async () => (await findProposal(db, id))?.rollBack
  const rebuilt = async () => {
    const checked = await verifyRecord(database().url, {
      rebuild: true,
      membersOf: () => [],
      now: new Date().toISOString(),
    })
    expect(checked).toMatchObject({ ok: true })
  }
  return { ...example, workflow, rollBack, known, rebuilt }
}

test('of two people who ask at the same time one rolls it back, and the other is told which proposal does', async () => {
  const { rollBack, known, rebuilt, service } = await completed()
  const answers = await Promise.all([rollBack(jonas), rollBack(mara)])
  const [first] = answers.filter(({ ok }) => ok)
  const [second] = answers.filter(({ ok }) => !ok)
  expect(second?.said).toBe(`Not rolled back: ${first?.id} does that already.`)
  expect(await known()).toEqual({ proposal: first?.id, over: false })
  expect((await rollBack()).said).toBe(`Not rolled back: ${first?.id} does that already.`)
  await rebuilt()
  await service.remove()
})

test('once it is all changed back, it is not rolled back again, and its thread and the record say so', async () => {
  const { db, id, workflow, rollBack, known, rebuilt, service } = await completed()
  const back = await rollBack()
  await workflow.advance(back.id, signal)
  expect((await findProposal(db, back.id))?.status).toBe('completed')
  expect(await known()).toEqual({ proposal: back.id, over: true })
  expect((await rollBack()).said).toBe(`${back.id} has rolled ${id} back.`)
  await workflow.deliver()
  const thread = (await consoleThread(db, id)).map(({ entry }) => plain(entry?.text ?? []))
  expect(thread).toContainEqual(`Rolls it back: ${back.id} does that.`)
  expect(thread).toContainEqual(`Rolled back by ${back.id}: 8 servers have the versions from before.`)
  await rebuilt()
  await service.remove()
})

test('withdrawn before anything was changed back, it leaves the original as it was', async () => {
  const { db, id, workflow, rollBack, known, service } = await completed()
  const first = await rollBack()
  const withdrawn = await workflow.execute(first.id, { type: 'withdraw', reason: 'not needed' }, mara)
  expect(withdrawn.ok).toBe(true)
  expect(await known()).toEqual({ proposal: first.id, over: true })
  await workflow.deliver()
  const thread = (await consoleThread(db, id)).map(({ entry }) => plain(entry?.text ?? []))
  expect(thread).toContainEqual(`${first.id} is over and has changed nothing back.`)
  const second = await rollBack()
  expect(second.ok).toBe(true)
  expect(second.id).not.toBe(first.id)
  await service.remove()
})

test('after one server was rolled back, all others can be, and that one is left out', async () => {
  const { db, workflow, rollBack, rebuilt, service } = await completed()
  const first = await rollBack(jonas, 'web-02')
  expect((await rollBack(jonas, 'web-03')).said).toBe(`Not rolled back: ${first.id} does that already.`)
  await workflow.advance(first.id, signal)
  expect((await rollBack(jonas, 'web-02')).said).toBe(`Not rolled back: ${first.id} has rolled "web-02" back.`)
  const rest = await rollBack()
  const state = await findProposal(db, rest.id)
  const names = state?.subject.kind === 'patches' ? state.subject.assets.map(({ asset }) => asset.name) : []
  expect(names).toHaveLength(7)
  expect(names).not.toContain('web-02')
  await rebuilt()
  await service.remove()
})

test('where the proposal that undoes it cannot be opened, nothing is written of it', async () => {
  const { db, id, workflow, service } = await completed()
  const state = await findProposal(db, id)
  if (state?.subject.kind !== 'patches') throw new Error('not patches')
  const content = { ...state, evidence: undefined, subject: { ...state.subject, rollsBack: { proposal: id } } }
  const { title, contentHash, priority, whyNow, dueAt, subject } = content
  const nobody = { ...state, policy: { ...state.policy, approval: { kind: 'quorum', needs: [] } as const } }
  const opened = await workflow.openRollBack(nobody, { title, contentHash, priority, whyNow, dueAt, subject }, jonas, {
    end: false,
    reason: 'slow',
  })
  expect(opened).toMatchObject({ ok: false, refusal: { code: 'incomplete' } })
  expect((await findProposal(db, id))?.seq).toBe(state.seq)
  expect(await findProposal(db, id)).not.toHaveProperty('rollBack')
  await service.remove()
})
