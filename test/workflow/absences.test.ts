import { afterEach, beforeEach, expect, test } from 'vitest'
import type { Person } from '../../src/chat/desk.ts'
import { plain } from '../../src/chat/rich-text.ts'
import { readAbsences } from '../../src/store/absences.ts'
import { findProposal } from '../../src/store/proposals.ts'
import { verifyRecord } from '../../src/workflow/audit.ts'
import { useDatabase } from '../support/database.ts'
import { exampleService, jonas, mara, proposeAll, tom, webProposal } from '../support/example-service.ts'

const database = useDatabase()
const until = new Date(Date.now() + 3 * 86_400_000).toISOString().slice(0, 10)
const messages: { readonly to: string; readonly text: string }[] = []

let service: Awaited<ReturnType<typeof exampleService>>

beforeEach(async () => {
  messages.length = 0
  service = await exampleService(database().db, {
    connect: () => [
      {
        name: 'chat',
        async deliver({ channel, entry, proposal }) {
          if (entry !== null && proposal === null) messages.push({ to: channel, text: plain(entry.text) })
          return null
        },
      },
    ],
  })
  await proposeAll(service.workflow)
})
afterEach(() => service.remove())

function by({ id, name }: { readonly id: string; readonly name: string }, more: Partial<Person> = {}): Person {
  return { kind: 'person', id, name, via: 'slack', ...more }
}

async function say(text: string, person: Person) {
  const web = await webProposal(database().db)
  const { ok, message } = await service.workflow.desk.slash(text, { channel: 'web-platform', proposal: web.id }, person)
  await service.workflow.deliver()
  return { ok, said: plain(message) }
}

test('a deputy named in chat votes in the place of who is away, both are told, and the record says it all', async () => {
  const { db, url } = database()
  expect(await say('approve', by(jonas))).toMatchObject({ ok: false })
  expect((await say('mine', by(jonas))).said).toBe('Nothing waits for you.')
  const away = await say(`away until ${until} deputy jonas`, by(mara))
  expect(away).toMatchObject({
    ok: true,
    said: expect.stringMatching(/^Jonas stands in for Mara until .* Told: Jonas\.$/),
  })
  expect(messages).toEqual([{ to: '@jonas', text: expect.stringContaining('Jonas stands in for Mara until ') }])

  expect((await say('mine', by(jonas))).said).toBe('2 proposals for you:')
  expect(await say('approve', by(jonas))).toMatchObject({ ok: true })
  expect((await say('mine', by(jonas))).said).toBe('1 proposal for you:')
  expect(await say('approve', by(tom))).toMatchObject({ ok: true })
  const web = await findProposal(db, 'PW-1')
  const decided = [web, await findProposal(db, 'PW-2')].find((one) => one?.approvedBy != null)
  expect(decided?.approvedBy).toMatchObject({
    fills: [
      { role: 'owner', person: 'jonas', for: 'mara' },
      { role: 'security', person: 'tom' },
    ],
  })
  const verdict = await verifyRecord(url, {
    rebuild: true,
    membersOf: service.parts.teams.membersOf,
    now: new Date().toISOString(),
  })
  expect(verdict).toMatchObject({ ok: true, notCompared: 0 })
})

test('what the absent person does by an account of their own ends it, and the deputy is told', async () => {
  await say(`away until ${until} deputy jonas`, by(mara))
  expect((await say('approve', by(mara))).ok).toBe(true)
  expect(messages.at(-1)).toEqual({ to: '@jonas', text: 'Mara is back: you do not stand in any more.' })
  expect(await say('withdraw-vote', by(mara))).toMatchObject({ ok: true })
  expect(await say('approve', by(jonas))).toMatchObject({ ok: false, said: expect.stringContaining('takes the role') })
  expect(await readAbsences(database().db)).toMatchObject({
    absences: [{ person: 'mara', deputy: 'jonas', anybody: true }],
    returns: [{ person: 'mara' }],
  })
})

test('nothing is noted by a link or the command line; looking ends no absence', async () => {
  const link = by(mara, { via: 'console', through: { kind: 'sign-in link', madeBy: ['jonas'] } })
  expect(await say(`away until ${until} deputy jonas`, link)).toMatchObject({ ok: false })
  await say(`away until ${until} deputy jonas`, by(mara))
  await say('mine', by(mara))
  await say('plan', by(mara))
  expect(await say('back', link)).toMatchObject({ ok: false })
  expect((await readAbsences(database().db)).returns).toEqual([])
  expect(await say('back', by(mara))).toEqual({ ok: true, said: 'You are back: nobody stands in for you any more.' })
  expect((await readAbsences(database().db)).returns).toHaveLength(1)
})
