/** What takes two: lifting a freeze, and leaving out what failed. */

import { expect, test } from 'vitest'
import type { ActionName } from '../../src/chat/actions.ts'
import { plain } from '../../src/chat/rich-text.ts'
import type { Member } from '../../src/core/policy.ts'
import { declaredFreezes } from '../../src/store/freezes.ts'
import { consoleThread } from '../../src/store/outbox.ts'
import { verifyRecord } from '../../src/workflow/audit.ts'
import { useDatabase } from '../support/database.ts'
import { approvedExample, jonas, mara, tom } from '../support/example-service.ts'

const database = useDatabase()
const noor: Member = { id: 'noor', name: 'Noor', roles: ['owner'] }

test('a freeze is lifted once both owners ask for it, and the thread is told of the first', async () => {
  const { db, url } = database()
  const members = [mara, noor, tom, jonas]
  const { service, id } = await approvedExample(db, {
    members: () => members,
    policy: { resume: [{ role: 'owner', count: 2 }] },
  })
  const act = async (action: ActionName, { id: who, name }: Member) => {
    const request = {
      proposal: id,
      action,
      revision: 1,
      reason: 'the sale',
      owner: null,
      until: '2026-12-20',
      asset: null,
    }
    const { ok, message } = await service.workflow.desk.act(request, { kind: 'person', id: who, name, via: 'console' })
    return [ok, plain(message)]
  }
  const now = () => new Date().toISOString()
  const until = new Date(Date.now() + 7 * 86_400_000).toISOString().slice(0, 10)
  const frozen = await service.workflow.freezeTeam(
    'web-platform',
    { until, reason: 'the sale' },
    { kind: 'person', id: 'jonas', name: 'Jonas', via: 'console' },
  )
  expect(frozen.ok).toBe(true)
  const offered = async ({ id: who, name }: Member) => {
    const card = await service.workflow.desk.card(id, { kind: 'person', id: who, name, via: 'console' })
    return card?.actions.map(({ name: action }) => action).includes('unfreeze')
  }
  expect([await offered(mara), await offered(tom)]).toEqual([true, false])
  expect(await act('unfreeze', mara)).toEqual([
    true,
    'Your agreement is recorded. It takes somebody else with the role owner, too.',
  ])
  expect([await offered(mara), await offered(noor)]).toEqual([false, true])
  expect(await act('unfreeze', mara)).toEqual([
    false,
    'Counted already: you agreed to lift the freeze of web-platform. It takes somebody else with the role owner, too.',
  ])
  expect(await declaredFreezes(db, 'web-platform', now())).toHaveLength(1)
  await service.workflow.deliver()
  const thread = (await consoleThread(db, id)).map(({ entry }) => plain(entry.text))
  expect(thread).toContainEqual(
    'Mara agreed to lift the freeze of web-platform. It takes somebody else with the role owner, too.',
  )
  expect(await act('unfreeze', noor)).toEqual([true, 'The freeze of web-platform is lifted.'])
  expect(await declaredFreezes(db, 'web-platform', now())).toEqual([])
  expect(await verifyRecord(url, { rebuild: true, membersOf: () => members, now: now() })).toMatchObject({ ok: true })
  await service.remove()
})
