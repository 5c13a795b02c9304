/** What is read from the database offers the same: overviews, badges, dialogs, autocompletion, digests, and the command line. */

import { afterAll, beforeAll, expect, test } from 'vitest'
import { type ActionName, actionNames, actions, questionsOf } from '../../src/chat/actions.ts'
import { actsOfAction } from '../../src/chat/card-actions.ts'
import type { Person } from '../../src/chat/desk.ts'
import { createInteraction } from '../../src/chat/interaction.ts'
import type { OutgoingMessage } from '../../src/chat/platform.ts'
import { plain } from '../../src/chat/rich-text.ts'
import { entryMessage } from '../../src/chat/slack/card-blocks.ts'
import { COMMAND_LINE } from '../../src/core/hands.ts'
import { offersTo, offersToAny } from '../../src/core/permission/answer.ts'
import { asksOf, isAsked } from '../../src/core/permission/asks.ts'
import type { Place } from '../../src/core/permission/place.ts'
import type { Member, Policy } from '../../src/core/policy.ts'
import type { ProposalCommand } from '../../src/core/proposal/command.ts'
import type { Actor } from '../../src/core/proposal/proposal.ts'
import type { Viewer } from '../../src/web/console-port.ts'
import { placeOf } from '../../src/workflow/places.ts'
import { accountsOf } from '../support/chat-people.ts'
import { createTestDatabase, type TestDatabase } from '../support/database.ts'
import { exampleConsole } from '../support/example-console.ts'
import { exampleService, standard } from '../support/example-service.ts'
import { everyRole, people } from '../support/permission-scene.ts'
import { machineFor } from '../support/proposal-case.ts'
import { content } from '../support/proposals.ts'
import { listSeen } from '../support/seen-assets.ts'
import { offeredInSlack } from '../support/surfaces.ts'
import { always, nights } from '../support/windows.ts'

const zoe: Member = { id: 'zoe', name: 'Zoe', roles: ['owner'] }
const eva: Member = { id: 'eva', name: 'Eva', roles: ['owner'] }
/** Zoe has left the team since; Eva is of the other one. */
const everybody = [...people, zoe, eva]
const policy: Policy = { ...standard, ...everyRole, cli: 'recorded' }

let database: TestDatabase
let service: Awaited<ReturnType<typeof exampleService>>
let told: OutgoingMessage[]
let web: readonly Member[]
/** By what it is, the id of the proposal. */
let ids: Readonly<Record<string, string>>

function by({ id, name }: Member, more: Partial<Person> = {}): Person {
  return { kind: 'person', id, name, via: 'slack', ...more }
}

function called(id: string): Member {
  const found = everybody.find((one) => one.id === id)
  if (found === undefined) throw new Error(`There is no ${id}.`)
  return found
}

/** One for all: they read. */
beforeAll(async () => {
  database = await createTestDatabase()
  told = []
  web = [...people, zoe]
  service = await exampleService(database.db, {
    policy,
    clock: () => new Date('2026-11-20T12:00:00Z'),
    digest: { priorities: ['scheduled'], at: '00:00', timeZone: 'UTC' },
    members: (team) => (team === 'payments' ? [eva] : web),
    connect: () => [
      {
        name: 'slack',
        deliver: async (message) => {
          told.push(message)
          return null
        },
      },
    ],
  })
  const { workflow } = service
  let assets = 3
  async function opened(team: string, window = always): Promise<string> {
    const done = await workflow.open(team, content(++assets, window), policy, { kind: 'system', part: 'assessment' })
    if (!done.ok) throw new Error(done.refusal.sentence)
    return done.state.id
  }
  async function give(id: string, command: ProposalCommand, actor: Actor = machineFor(command)): Promise<string> {
    const done = await workflow.execute(id, command, actor)
    if (!done.ok) throw new Error(`${id} ${command.type}: ${done.refusal.sentence}`)
    return id
  }
  const vote = { type: 'vote', choice: 'approve', revision: null, reason: null, owner: null, until: null } as const
  const link = { through: { kind: 'sign-in link', madeBy: [COMMAND_LINE] } } as const
  async function approved(window = always): Promise<string> {
    const id = await opened('web-platform', window)
    await give(id, vote, by(called('noor')))
    return give(id, vote, by(called('tom')))
  }
  const { subject } = content(assets + 1)
  if (subject.kind === 'patches') await listSeen(database.db, subject.assets, '2026-11-20T12:00:00Z')
  const stopped = await give(await approved(), { type: 'start' })
  await give(stopped, { type: 'start-batch' })
  ids = {
    open: await opened('web-platform'),
    'voted by a link': await give(await opened('web-platform'), vote, by(called('noor'), link)),
    'voted by somebody who is gone': await give(await opened('web-platform'), vote, by(zoe, link)),
    scheduled: await approved(nights),
    'broken glass': await give(
      await opened('web-platform'),
      { type: 'break-glass', reason: 'exploited' },
      by(called('tom')),
    ),
    stopped: await give(stopped, { type: 'halt', reason: 'bad' }, by(called('jonas'))),
    withdrawn: await give(await opened('web-platform'), { type: 'withdraw', reason: 'no' }, by(called('jonas'))),
    'of another team': await opened('payments'),
  }
  web = people
})
afterAll(async () => {
  await service.remove()
  await database.drop()
})

async function places(): Promise<readonly Place[]> {
  const all = await Promise.all(Object.values(ids).map((id) => placeOf({ ...service.parts, db: database.db }, id)))
  return all.flatMap((place) => place ?? [])
}

/** Ids of what waits for somebody, by what each asks and what is offered. */
function waitingFor(me: Person, all: readonly Place[]): readonly string[] {
  const answers = { vote: 'approve', review: 'review-break-glass' } as const
  return all.flatMap((place) => {
    const member = place.members.find(({ id }) => id === me.id)
    const offered = offersTo(me, place)
    const waits = asksOf(place.glance).some((ask) => {
      const act = ask.what === 'vote' || ask.what === 'review' ? answers[ask.what] : ask.what
      return member !== undefined && isAsked(ask, member, place.members) && offered.has(act)
    })
    return waits ? place.glance.id : []
  })
}

test('what waits for somebody is the same in the overview, in what /patch mine says, and in the badges', async () => {
  const { workflow } = service
  const all = await places()
  const port = exampleConsole(database.db, service)
  const seen = new Set<string>()
  for (const member of everybody) {
    const me = by(member)
    const expected = waitingFor(me, all)
    for (const id of expected) seen.add(id)
    const { waiting } = await workflow.desk.overview(me)
    expect(waiting.map(({ proposal }) => proposal).sort(), member.id).toEqual(expected.toSorted())
    const { detail } = await workflow.desk.slash('mine', { channel: null, proposal: null }, me)
    const lines = detail?.lines.slice(0, detail.lines.indexOf('Decided by you')) ?? []
    const named = lines.flatMap((line) => /PW-\d+/.exec(line)?.[0] ?? [])
    expect(named.sort(), member.id).toEqual(expected.toSorted())
    const channels = await port.channels({ person: member.id, name: member.name } as Viewer)
    const badge = channels.reduce((sum, { waitingForViewer }) => sum + waitingForViewer, 0)
    expect(badge, member.id).toBe(expected.length)
  }
  const { withdrawn, 'voted by somebody who is gone': gone, ...others } = ids
  expect([...seen].sort()).toEqual([...Object.values(others), gone].sort())
  expect(withdrawn).toBeDefined()
})

test('what is suggested while somebody types, and the dialogs that open, are those of what would be accepted', async () => {
  const { desk } = service.workflow
  const all = await places()
  const dialogs = ['open', 'scheduled', 'stopped', 'withdrawn'].map((name) => ids[name] ?? '')
  for (const member of ['mara', 'jonas', 'zoe', 'eva'].map(called)) {
    const me = by(member)
    for (const action of actionNames) {
      const offering = all.filter((place) => mayTry(action, me, place)).map(({ glance }) => glance.id)
      const where = `${action} by ${member.id}`
      const suggested = (await desk.suggest('', action, me)).map(({ value }) => value)
      expect(suggested.sort(), where).toEqual(offering.toSorted())
      if (questionsOf(action).length === 0) continue
      const opened: string[] = []
      const some = all.filter(({ glance }) => dialogs.includes(glance.id))
      for (const { glance } of some) {
        const found = await desk.asking({ proposal: glance.id, action, revision: null }, me)
        // A team is frozen whatever became of the proposal that names it; its card is over, and offers it no more.
        if (!('ok' in found) && !(action === 'freeze' && glance.status === 'withdrawn')) opened.push(glance.id)
      }
      expect(opened.sort(), where).toEqual(offering.filter((id) => dialogs.includes(id)).toSorted())
    }
  }
})

function mayTry(action: ActionName, me: Person, place: Place): boolean {
  const possible = actsOfAction(action)
  if (possible.length > 0) return possible.some((act) => offersTo(me, place).has(act))
  return actions[action].command === null
}

test('who can be named to look again is suggested to those who may reject', async () => {
  const { desk } = service.workflow
  const interaction = createInteraction({
    desk,
    accounts: accountsOf(Object.fromEntries(everybody.map(({ id }) => [id, id]))),
    clock: service.parts.clock,
    log: { warn: () => {} },
  })
  const all = await places()
  for (const member of everybody)
    for (const place of all) {
      const account = { platform: 'discord', id: member.id, realm: null, label: '', verifiedEmail: null } as const
      const owners = await interaction.people('reject', place.glance.id, '', async () => ({ account }))
      const expected = mayTry('reject', by(member), place) ? place.members.map(({ id }) => id) : []
      expect(owners.map(({ value }) => value).sort(), member.id).toEqual(expected.toSorted())
    }
})

test('the console asks for a comment of whoever may comment', async () => {
  const port = exampleConsole(database.db, service)
  for (const member of everybody)
    for (const place of await places()) {
      const viewer = { person: member.id, name: member.name } as Viewer
      const view = await port.proposal(place.glance.id, null, viewer)
      expect(view?.takesComments, member.id).toBe(offersTo(by(member), place).has('comment'))
    }
})

test('a digest has Approve for those that somebody may approve', async () => {
  const { workflow } = service
  await workflow.postDigests()
  await workflow.deliver()
  const digests = told.flatMap(({ entry }) =>
    entry !== null && plain(entry.text).includes('of low priority') ? [entry] : [],
  )
  const shown = digests.flatMap((entry) => offeredInSlack(entryMessage(entry, { consoleUrl: '' }).blocks))
  const approvable = (await places()).filter((place) => offersToAny(place).has('approve'))
  expect(approvable.length).toBeGreaterThan(1)
  expect(shown.map(({ proposal }) => proposal).sort()).toEqual(approvable.map(({ glance }) => glance.id).sort())
  expect(shown.map(({ number }) => number)).toEqual(approvable.map(({ glance }) => glance.revision))
})
