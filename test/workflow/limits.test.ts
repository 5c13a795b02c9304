/** Whoever reaches a limit is told so, in the thread and by `check`. */

import { expect, test } from 'vitest'
import { plain } from '../../src/chat/rich-text.ts'
import { limits } from '../../src/core/limits.ts'
import { limitsReached } from '../../src/store/limits-reached.ts'
import { consoleThread } from '../../src/store/outbox.ts'
import { findProposal } from '../../src/store/proposals.ts'
import { useDatabase } from '../support/database.ts'
import { approvedExample } from '../support/example-service.ts'

const database = useDatabase()
const rollout = { kind: 'system', part: 'rollout' } as const

test('what cannot be recorded is told in the thread, once, and changes nothing', async () => {
  const { db } = database()
  const { id, service } = await approvedExample(db)
  const before = await findProposal(db, id)
  const large = { type: 'note', text: 'x'.repeat(limits.eventBytes) } as const
  const sentence = 'This cannot be recorded: "noted" would take 65 KB, and an event has 64 KB at most.'
  for (let again = 0; again < 3; again++)
    expect(await service.workflow.execute(id, large, rollout)).toMatchObject({
      ok: false,
      refusal: { code: 'too large', sentence },
    })
  await service.workflow.deliver()
  const texts = (await consoleThread(db, id)).map(({ entry }) => plain(entry.text))
  expect(texts.filter((text) => text.includes('cannot be recorded'))).toEqual([sentence])
  expect(await findProposal(db, id)).toEqual({ ...before, seq: (before?.seq ?? 0) + 1 })
  await service.remove()
})

test('a state that would be too large is refused with a sentence', async () => {
  const { db } = database()
  const { id, service } = await approvedExample(db)
  const web = await findProposal(db, id)
  if (web === null) throw new Error('gone')
  const content = { title: 'x'.repeat(limits.stateBytes), subject: web.subject, contentHash: web.contentHash }
  const { priority, whyNow, dueAt } = web
  const revise = { type: 'revise', content: { ...content, priority, whyNow, dueAt }, reason: '' } as const
  const done = await service.workflow.execute(id, revise, { kind: 'system', part: 'assessment' })
  expect(done).toMatchObject({ ok: false, refusal: { code: 'too large' } })
  expect((await findProposal(db, id))?.title).toBe(web.title)
  await service.remove()
})

test('check is told of teams that do not fit into one decision, and of proposals that are nearly full', async () => {
  const { db, sql } = database()
  const { id, service } = await approvedExample(db)
  expect(await limitsReached(db)).toEqual([])
  await sql`insert into assets (id, source, team, asset, reboot_required, reboot_packages, stale_services)
    select 'many/' || n, 'many', 'large', jsonb_build_object('name', n::text, 'platform', 'debian:12', 'simulated', false),
      false, '{}', '{}'
    from generate_series(1, ${limits.assetsPerProposal + 5}::int) as n`
  await sql`update proposals set state = jsonb_set(state, '{whyNow}', to_jsonb(repeat('x', 60000))), head_hash = 'another'
    where id = ${id}`
  expect(await limitsReached(db)).toEqual([
    {
      name: 'large',
      blocks: false,
      what: 'The team has 100,005 servers, and one decision holds 100,000 at most. What is more waits for the decision after it.',
    },
    {
      name: id,
      blocks: true,
      what: expect.stringMatching(
        /^It takes 6[0-3] KB, and a proposal has 64 KB at most\. What would be more is refused: decide it, or withdraw it\.$/,
      ),
    },
  ])
  await service.remove()
})
