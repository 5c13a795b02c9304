/** What is asked before something is done: whoever may not do it reads so at once, and not after they have typed. */

import type { Hono } from 'hono'
import { afterEach, beforeEach, expect, it } from 'vitest'
import type { Member } from '../../src/core/policy.ts'
import type { ProposalState } from '../../src/core/proposal/proposal.ts'
import { openProposals } from '../../src/store/proposals.ts'
import { createConsole } from '../../src/web/console.ts'
import { useDatabase } from '../support/database.ts'
import { exampleConsole } from '../support/example-console.ts'
import { exampleService, jonas, mara, proposeAll, tom } from '../support/example-service.ts'
import { beginSession } from '../support/session.ts'

const database = useDatabase()
const eva: Member = { id: 'eva', name: 'Eva', roles: ['owner'] }

let service: Awaited<ReturnType<typeof exampleService>>
let app: Hono
let example: boolean
let proposals: readonly ProposalState[]

beforeEach(async () => {
  const { db } = database()
  example = true
  const started = await exampleService(db, {
    policy: { breakGlass: { roles: ['owner'], reviewWithinSeconds: 86_400 } },
  })
  const { teams } = started.parts
  const membersOf = (team: string) => (team === 'payments' ? [eva, tom] : [mara, tom, jonas])
  service = { ...started, parts: { ...started.parts, teams: { ...teams, membersOf } } }
  await proposeAll(service.workflow)
  proposals = await openProposals(db)
  app = createConsole({
    port: exampleConsole(db, service, { example: () => example }),
    health: { writing: async () => 'ok', platforms: [] },
    log: { warn: () => {} },
    allowedHosts: ['localhost'],
  })
})
afterEach(() => service.remove())

async function get(person: string, path: string): Promise<{ readonly status: number; readonly text: string }> {
  const answer = await app.request(`http://localhost${path}`, {
    headers: { host: 'localhost', cookie: `patchwarden=${person}` },
  })
  return { status: answer.status, text: await answer.text() }
}

function proposalOf(team: string): ProposalState {
  const found = proposals.find((state) => state.team === team)
  if (found === undefined) throw new Error(`There is no proposal of ${team}.`)
  return found
}

async function asked(person: string, action: string, revision = 1) {
  await beginSession(database().db, person, new Date(), { example })
  return get(person, `/p/${proposalOf('web-platform').id}/ask/${action}?revision=${revision}`)
}

it('opens for whoever may answer it', async () => {
  expect(await asked('tom', 'reject')).toEqual({ status: 204, text: '' })
  expect(await asked('mara', 'break-glass')).toEqual({ status: 204, text: '' })
})

it.each([
  ['without the role', 'jonas', 'reject', 1, 'takes the role owner or security; you have on-call. Mara or Tom can.'],
  ['of another team', 'eva', 'reject', 1, 'is not known to team web-platform'],
  ['without the role', 'tom', 'break-glass', 1, 'takes the role owner; you have security. Mara can.'],
  ['on an old card', 'tom', 'reject', 7, 'Look at the new card'],
  ['too early', 'mara', 'halt', 1, 'there is nothing to halt'],
])('somebody %s reads at once why not, and nothing is asked', async (_, person, action, revision, sentence) => {
  const { status, text } = await asked(person, action, revision)
  expect(status).toBe(200)
  expect(text).toContain(sentence)
  expect(text).not.toContain('<form')
})

it('the glass is broken by an account of one’s own: who came by a link reads so before they say why', async () => {
  example = false
  expect((await asked('mara', 'break-glass')).text).toContain('takes an account of your own')
})

it('what was offered when the page was made is looked at anew', async () => {
  const { id, revision } = proposalOf('web-platform')
  await beginSession(database().db, 'tom', new Date())
  const [, address = ''] = /data-asks="([^"]+\/ask\/reject[^"]*)"/.exec((await get('tom', `/p/${id}`)).text) ?? []
  expect(address).toBe(`/p/${id}/ask/reject?revision=${revision}`)
  expect((await get('tom', address)).status).toBe(204)
  const reason = {
    reason: 'It breaks the build.',
    owner: null,
    until: new Date(Date.now() + 7 * 86_400_000).toISOString(),
  }
  const vote = { type: 'vote', choice: 'reject', revision, ...reason } as const
  const rejected = await service.workflow.execute(id, vote, { kind: 'person', ...mara, via: 'console' })
  expect(rejected).toMatchObject({ ok: true })
  expect((await get('tom', address)).text).toContain('Voting is over.')
})

it('of a proposal or an action that there is not says so', async () => {
  await beginSession(database().db, 'tom', new Date())
  expect((await get('tom', '/p/PW-999/ask/reject')).text).toContain('There is no proposal PW-999.')
  expect((await get('tom', '/p/PW-1/ask/conquer')).status).toBe(404)
  expect((await get('nobody', '/p/PW-1/ask/reject')).status).toBe(401)
})

it.each([
  ['web-platform', ['mara', 'tom', 'jonas']],
  ['payments', ['eva', 'tom']],
])('a rejection of %s is looked at again by one of that team', async (team, people) => {
  await beginSession(database().db, 'tom', new Date())
  const { text } = await get('tom', `/p/${proposalOf(team).id}`)
  const [, owners = ''] = /<select name="owner">(.*?)<\/select>/s.exec(text) ?? []
  expect([...owners.matchAll(/value="([^"]*)"/g)].map(([, id]) => id)).toEqual(people)
})
