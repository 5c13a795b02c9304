import type { Hono } from 'hono'
import { afterEach, describe, expect, it } from 'vitest'
import { COMMAND_LINE } from '../../src/core/hands.ts'
import type { Policy } from '../../src/core/policy.ts'
import { findProposal, openProposals } from '../../src/store/proposals.ts'
import { outbox } from '../../src/store/schema.ts'
import { endSessionsOf } from '../../src/store/sessions.ts'
import { createConsole } from '../../src/web/console.ts'
import { useDatabase } from '../support/database.ts'
import { exampleConsole } from '../support/example-console.ts'
import { exampleService, proposeAll } from '../support/example-service.ts'
import { beginSession } from '../support/session.ts'

const database = useDatabase()

let service: Awaited<ReturnType<typeof exampleService>>
let app: Hono

async function open(policy: Partial<Policy> = {}): Promise<string> {
  const { db } = database()
  service = await exampleService(db, {
    policy,
    connect: () => [{ name: 'slack', deliver: async () => null }],
  })
  await proposeAll(service.workflow)
  app = createConsole({
    port: exampleConsole(db, service),
    health: { writing: async () => 'ok', platforms: [] },
    log: { warn: () => {} },
    allowedHosts: ['localhost'],
  })
  // Mara opened the link that the start printed.
  await beginSession(db, 'mara', new Date(), { example: false })
  return (await openProposals(db)).find((state) => state.team === 'web-platform')?.id ?? ''
}
afterEach(() => service.remove())

async function ask(cookie: string, path: string, form?: Record<string, string>): Promise<string> {
  const answer = await app.request(`http://localhost${path}`, {
    headers: { host: 'localhost', cookie: `patchwarden=${cookie}` },
    ...(form === undefined ? {} : { method: 'POST', body: new URLSearchParams(form) }),
  })
  return answer.text()
}

/** The session of whoever opens the link that `maker` makes for `person` on the page People. */
async function introduced(maker: string, person: string): Promise<string> {
  const [, token = ''] = /\/sign-in\?token=([\w-]+)/.exec(await ask(maker, `/people/${person}/link`, {})) ?? []
  const body = new URLSearchParams({ token })
  const answer = await app.request('http://localhost/sign-in', { method: 'POST', headers: { host: 'localhost' }, body })
  return /patchwarden=([^;]+)/.exec(answer.headers.get('set-cookie') ?? '')?.[1] ?? ''
}

const approve = { action: 'approve', revision: '1' }

describe('an operator who opens the link of somebody else', () => {
  it('is one hand with them: their two votes are no quorum of two', async () => {
    const id = await open()
    const asTom = await introduced('mara', 'tom')
    expect(await ask('mara', `/p/${id}/act`, approve)).toContain(
      'it counts as one with whatever else came by the command line',
    )
    const said = await ask(asTom, `/p/${id}/act`, approve)
    expect(said).toContain('a sign-in link made by Mara')
    const { db } = database()
    expect(await findProposal(db, id)).toMatchObject({
      status: 'open',
      votes: [
        { person: 'mara', through: { kind: 'sign-in link', madeBy: [COMMAND_LINE] } },
        { person: 'tom', through: { kind: 'sign-in link', madeBy: ['mara', COMMAND_LINE] } },
      ],
    })
    const card = await ask('mara', `/p/${id}`)
    expect(card).toMatch(
      /Approved in the name of Mara \(by a sign-in link made on the command line\), Tom \(by a sign-in link made by Mara\)/,
    )
    const thread = () => ask('mara', `/fragment/thread/${id}`)
    await expect.poll(thread, { timeout: 10_000 }).toContain('It came by a sign-in link made by Mara.')
    expect(await ask('mara', '/audit')).toContain('by a sign-in link made by mara')
  })

  it('is told to the person’s own accounts, and counts once they confirm it there', async () => {
    const id = await open()
    const { db } = database()
    await service.workflow.execute(id, vote('approve'), { kind: 'person', id: 'mara', name: 'Mara', via: 'slack' })
    await ask(await introduced('mara', 'tom'), `/p/${id}/act`, approve)
    expect(await findProposal(db, id)).toMatchObject({ status: 'open' })
    const told = (await db.select().from(outbox)).filter(({ channel }) => channel === '@tom')
    expect(told).toMatchObject([
      { platform: 'slack', entry: { actions: [{ name: 'confirm' }, { name: 'withdraw-vote' }] } },
    ])
    const [button] = told[0]?.entry?.actions ?? []
    const request = {
      proposal: id,
      action: 'confirm' as const,
      revision: button?.revision ?? 0,
      reason: null,
      owner: null,
      until: null,
      asset: null,
    }
    const mine = { kind: 'person', id: 'tom', name: 'Tom', via: 'slack' } as const
    const answer = await service.workflow.desk.act(request, mine)
    expect(answer).toMatchObject({ ok: true })
    expect(await findProposal(db, id)).toMatchObject({ status: 'scheduled' })
  })

  it('chains of links end at the same hands', async () => {
    const id = await open()
    const asTom = await introduced('mara', 'tom')
    // Only operators make links.
    expect(await introduced(asTom, 'eva')).toBe('')
    const again = await introduced('mara', 'mara')
    await ask(again, `/p/${id}/act`, approve)
    await ask(asTom, `/p/${id}/act`, approve)
    expect(await findProposal(database().db, id)).toMatchObject({ status: 'open' })
  })

  it('who has left the configuration introduces nobody any more', async () => {
    await open()
    const { db } = database()
    await beginSession(db, 'tom', new Date(), { example: false, madeBy: ['otto', COMMAND_LINE] })
    expect(await ask('tom', '/')).toContain('You are not signed in')
  })

  it('signed out on the command line, they take with them whom they introduced', async () => {
    await open()
    const asTom = await introduced('mara', 'tom')
    expect(await ask(asTom, '/people')).toContain('tom')
    await endSessionsOf(database().db, 'mara', { andIntroduced: true, by: null, now: new Date().toISOString() })
    expect(await ask(asTom, '/people')).toContain('You are not signed in')
  })

  it('satisfies no step-up', async () => {
    const id = await open({ stepUpRings: ['broad'] })
    await ask('mara', `/p/${id}/act`, approve)
    await ask(await introduced('mara', 'tom'), `/p/${id}/act`, approve)
    expect(await findProposal(database().db, id)).toMatchObject({ status: 'open' })
  })
})

function vote(choice: 'approve') {
  return { type: 'vote', choice, revision: null, reason: null, owner: null, until: null } as const
}
