/** What was decided is not asked again, on a real database. */

import { afterEach, beforeEach, expect, it } from 'vitest'
import type { Actor } from '../../src/core/proposal/proposal.ts'
import { allProposals, findProposal, openProposals } from '../../src/store/proposals.ts'
import { createWorkflow } from '../../src/workflow/workflow.ts'
import { useDatabase } from '../support/database.ts'
import { exampleService, nights } from '../support/example-service.ts'
import { alwaysMine } from '../support/leases.ts'

const database = useDatabase()
const { signal } = new AbortController()
const person = { kind: 'person', id: 'mara', name: 'Mara', via: 'console' } as const satisfies Actor
let service: Awaited<ReturnType<typeof exampleService>>

beforeEach(async () => {
  service = await exampleService(database().db)
  await service.workflow.syncFeeds(signal)
  await service.workflow.syncInventory(signal)
})
afterEach(() => service.remove())

it('a withdrawn proposal is not opened again by itself, and is when a person proposes it', async () => {
  const { db } = database()
  const { workflow } = service
  await workflow.propose(signal)
  const web = (await openProposals(db, 'web-platform'))[0]
  if (web === undefined) throw new Error('The example has no proposal.')
  expect(await workflow.execute(web.id, { type: 'withdraw', reason: 'not now' }, person)).toMatchObject({ ok: true })

  expect((await workflow.propose(signal)).opened).toEqual([])
  const { opened } = await workflow.propose(signal, { by: person, team: 'web-platform' })
  expect(opened).toHaveLength(1)
  expect(await findProposal(db, opened[0] ?? '')).toMatchObject({ contentHash: web.contentHash, status: 'open' })
})

it('a standing rule that was voted down is not put to the vote again', async () => {
  const { db } = database()
  const name = 'quiet-fixes'
  const rule = {
    name,
    team: 'payments',
    types: ['bugfix'],
    tags: ['test'],
    expiresAt: '2999-01-01T00:00:00.000Z',
  } as const
  const decidedBy = service.parts.teams.policyOf('payments')
  const teams = { ...service.parts.teams, plans: [], standingRules: [{ rule, decidedBy, window: nights }] }
  const workflow = createWorkflow({ ...service.parts, teams }, alwaysMine)
  await workflow.propose(signal)
  const asked = (await openProposals(db)).filter(({ subject }) => subject.kind === 'standing rule')
  expect(asked).toHaveLength(1)
  const until = new Date(Date.now() + 30 * 86_400_000).toISOString()
  const reject = { type: 'vote', choice: 'reject', revision: null, reason: 'no', owner: null, until } as const
  expect(await workflow.execute(asked[0]?.id ?? '', reject, person)).toMatchObject({
    ok: true,
    state: { status: 'rejected' },
  })

  await workflow.propose(signal)
  expect(await allProposals(db)).toHaveLength(1)
})
