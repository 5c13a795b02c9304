/** Before a dialog opens: who may answer it, and whom it offers. */

import { expect, test } from 'vitest'
import type { ActionName } from '../../src/chat/actions.ts'
import type { Person } from '../../src/chat/desk.ts'
import { plain } from '../../src/chat/rich-text.ts'
import { findProposal } from '../../src/store/proposals.ts'
import { useDatabase } from '../support/database.ts'
import { approvedExample, exampleService, jonas, mara, proposeAll, tom } from '../support/example-service.ts'

const database = useDatabase()
const { signal } = new AbortController()
const aisha = { id: 'aisha', name: 'Aisha', roles: ['security'] }

function inSlack({ id, name }: { readonly id: string; readonly name: string }): Person {
  return { kind: 'person', id, name, via: 'slack' }
}

const given = { reason: 'Because.', owner: null, until: '2020-01-01', asset: null }

async function proposed() {
  const { db } = database()
  const service = await exampleService(db, {
    members: (team) => (team === 'payments' ? [mara, aisha] : [mara, tom, jonas]),
  })
  await proposeAll(service.workflow)
  const web = (await findProposal(db, 'PW-1'))?.team === 'web-platform' ? 'PW-1' : 'PW-2'
  return { service, desk: service.workflow.desk, web, payments: web === 'PW-1' ? 'PW-2' : 'PW-1' }
}

test('whoever may answer is shown the title and the people of the team, themselves first', async () => {
  const { service, desk, web, payments } = await proposed()
  const click = { proposal: web, action: 'reject', revision: 1 } as const
  expect(await desk.asking(click, inSlack(tom))).toEqual({
    title: (await desk.card(web, null))?.title,
    owners: [tom, mara, jonas].map(({ id, name }) => ({ id, name })),
  })
  const ofPayments = [mara, aisha].map(({ id, name }) => ({ id, name }))
  const inPayments = { ...click, proposal: payments }
  expect(await desk.asking(inPayments, inSlack(aisha))).toMatchObject({ owners: ofPayments.toReversed() })
  await service.remove()
})

test.each<readonly [string, ActionName, Person]>([
  ['a role that does not vote', 'reject', inSlack(jonas)],
  ['somebody of another team', 'reject', inSlack(aisha)],
  ['a policy without break-glass', 'break-glass', inSlack(mara)],
  ['nothing to halt yet', 'halt', inSlack(mara)],
  ['nothing to roll back yet', 'roll-back', inSlack(mara)],
  ['one who may not stop', 'freeze', inSlack(tom)],
])('%s: the refusal is the one that the answer would get, and nothing is counted', async (_, action, person) => {
  const { service, desk, web } = await proposed()
  const before = await findProposal(database().db, web)
  const refused = await desk.asking({ proposal: web, action, revision: 1 }, person)
  expect(refused).toMatchObject({ ok: false })
  expect(refused).toMatchObject(await desk.act({ ...given, proposal: web, action, revision: 1 }, person))
  expect(await findProposal(database().db, web)).toEqual(before)
  await service.remove()
})

test('a card of an earlier revision, and a proposal that does not exist, open nothing', async () => {
  const { service, desk, web } = await proposed()
  const said = async (proposal: string, revision: number) => {
    const found = await desk.asking({ proposal, action: 'reject', revision }, inSlack(tom))
    return 'ok' in found ? plain(found.message) : found.title
  }
  expect(await said(web, 7)).toContain('Look at the new card before you vote')
  expect(await said('PW-99', 1)).toBe('There is no proposal PW-99.')
  await service.remove()
})

test('what a team can do whatever became of the proposal is still asked about', async () => {
  const { db, service, id } = await approvedExample(database().db)
  await service.workflow.advance(id, signal)
  expect((await findProposal(db, id))?.status).toBe('completed')
  const { desk } = service.workflow
  expect(await desk.asking({ proposal: id, action: 'freeze', revision: 1 }, inSlack(mara))).toHaveProperty('title')
  expect(await desk.asking({ proposal: id, action: 'reject', revision: 1 }, inSlack(mara))).toMatchObject({ ok: false })
  await service.remove()
})
