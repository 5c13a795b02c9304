/** Cards, messages and lists offer what the table of permissions offers: in every place, to every reader. */

import { describe, expect, test } from 'vitest'
import { type ActionName, actionNames, actions, isActionName } from '../../src/chat/actions.ts'
import type { Card, ThreadEntry } from '../../src/chat/card.ts'
import { actsOfAction } from '../../src/chat/card-actions.ts'
import { aloneMessage, cardMessage as discordCard } from '../../src/chat/discord/card-components.ts'
import { discordCommands } from '../../src/chat/discord/commands.ts'
import { noticesInName, noticesOf } from '../../src/chat/notices.ts'
import { overviewOf } from '../../src/chat/overview.ts'
import { proposalCard } from '../../src/chat/proposal-card.ts'
import { entryMessage, cardMessage as slackCard } from '../../src/chat/slack/card-blocks.ts'
import { homeView } from '../../src/chat/slack/home.ts'
import { parseSlash } from '../../src/chat/slash.ts'
import { commandLine } from '../../src/cli/cli.ts'
import { choices } from '../../src/cli/decide.ts'
import { type Act, acts } from '../../src/core/permission/acts.ts'
import { offersTo } from '../../src/core/permission/answer.ts'
import { asksOf, isAsked } from '../../src/core/permission/asks.ts'
import type { Place } from '../../src/core/permission/place.ts'
import type { Asked, Doer } from '../../src/core/permission/row.ts'
import type { ProposalEvent } from '../../src/core/proposal/event.ts'
import { glanceOf } from '../../src/core/proposal/glance.ts'
import type { CardView, Viewer } from '../../src/web/console-port.ts'
import { cardHtml } from '../../src/web/pages/card.ts'
import { threadHtml } from '../../src/web/pages/thread.ts'
import { doer, people } from '../support/permission-scene.ts'
import { everyPlace, type ProofName, proofNames, reader, readerIds } from '../support/surface-places.ts'
import {
  collected,
  disagreement,
  type Elsewhere,
  offeredInConsole,
  offeredInDiscord,
  offeredInSlack,
} from '../support/surfaces.ts'

const consoleUrl = 'https://patchwarden.example.net'
const places = everyPlace()

/** How the console knows people. */
const consoleProofs: readonly ProofName[] = ['a link that Mara made', 'the example']

function viewerAs({ id, name, through }: Doer): Viewer {
  const session = { session: '', sessionEnds: '', switchTo: [], isOperator: false, roles: [] }
  return { person: id, name, timeZone: 'UTC', through: through ?? { kind: 'example' }, ...session }
}

/** What at least one person may, by an account of their own. */
function offersToSomebody(place: Place): ReadonlySet<Act> {
  return new Set(readerIds.flatMap((id) => [...offersTo(reader(id, 'chat'), place)]))
}

const notOnCards: Elsewhere = {
  comment: 'in chat people write in the thread itself, and in the console there is a field for it beside the card',
  confirm: 'it names one act of one person: its button is in the message that told them of it, and in their overview',
}

describe('the card that a channel shares has what at least one person may do', () => {
  test.each([
    ['Slack', (place: Place) => offeredInSlack(slackCard(proposalCard(place, null), { consoleUrl }).blocks)],
    ['Discord', (place: Place) => offeredInDiscord(discordCard(proposalCard(place, null), consoleUrl).components)],
  ])('in %s', (_, shown) => {
    const found = collected(notOnCards)
    for (const { name, place } of places) found.compare(name, shown(place), offersToSomebody(place), place.glance)
    expect(found.disagreements()).toEqual([])
    expect(found.unused()).toEqual([])
  })
})

/** A card as the console shows it. */
function viewOf({ glance, now }: Place, card: Card): CardView {
  const { status, priority, dueAt } = glance
  return { card, status, priority, dueAt, votes: null, owners: people, askable: people, now }
}

test('the card in the console has what its reader may do', () => {
  const found = collected(notOnCards)
  for (const { name, place } of places) {
    // Readers with the same buttons get the same page.
    const pages = new Map<string, ReturnType<typeof offeredInConsole>>()
    for (const proof of consoleProofs)
      for (const id of readerIds) {
        const me = reader(id, proof)
        const card = proposalCard(place, me)
        const buttons = card.actions.map((action) => action.name).join()
        const shown = pages.get(buttons) ?? offeredInConsole(String(cardHtml(viewOf(place, card), viewerAs(me))))
        pages.set(buttons, shown)
        found.compare(`${name}, to ${id} by ${proof}`, shown, offersTo(me, place), place.glance)
      }
  }
  expect(found.disagreements()).toEqual([])
  expect(found.unused()).toEqual([])
})

/** What is told to people, as it stands when they can press its buttons: after all that one command brought about. */
describe('a direct message', () => {
  const told = [...new Set(places.map(({ decisions }) => decisions))].flatMap((decisions) =>
    decisions.flatMap(({ events, state, at, freezes }, index) => {
      const before = decisions[index - 1]?.state ?? null
      const moment = { members: people, now: at, freezes }
      const place: Place = { ...moment, glance: glanceOf(state) }
      const entry: ThreadEntry = { author: { id: '', name: '', via: '' }, tone: 'neutral', text: [], detail: [] }
      return events.flatMap((recorded) =>
        [...noticesOf({ recorded, before, state, moment }), ...noticesInName(recorded, state, moment, [entry])].map(
          (notice) => ({
            event: recorded.event,
            notice,
            place,
          }),
        ),
      )
    }),
  )

  test.each([
    ['Slack', (entry: ThreadEntry) => offeredInSlack(entryMessage(entry, { consoleUrl }).blocks)],
    ['Discord', (entry: ThreadEntry) => offeredInDiscord(aloneMessage(entry, consoleUrl).components)],
  ])('offers only what its reader may do then, in %s', (_, shown) => {
    const found = collected()
    for (const { event, notice, place } of told) {
      const offered = offersTo(reader(notice.person, 'chat'), place)
      for (const one of shown(notice.entry)) {
        const alone = disagreement([one], offered, place.glance)
        const { refused = [], stale = [] } = alone ?? {}
        for (const action of refused) found.note(`${action} is shown and would be refused`, event.type)
        // A confirmation carries the number of what it confirms.
        const { votes, resumeVotes } = place.glance
        const waits = [...votes, ...resumeVotes].some(
          ({ seq, person }) => seq === one.number && person === notice.person,
        )
        const isStale = one.action === 'confirm' ? !waits : stale.length > 0
        if (isStale) found.note(`${one.action} carries the number of something else`, event.type)
      }
    }
    expect(found.disagreements()).toEqual([])
    expect(told.length).toBeGreaterThan(50)
  })

  test('has a button for what it asks for', () => {
    const asks: Partial<Record<ProposalEvent['type'], readonly Act[]>> = {
      reminded: ['approve', 'reject'],
      'acknowledgement-asked': ['acknowledge', 'postpone'],
      halted: ['resume'],
      'break-glass-used': ['review-break-glass'],
      'vote-cast': ['confirm', 'withdraw-vote'],
      'resume-agreed': ['confirm'],
    }
    const found = collected()
    const seen = new Set<string>()
    for (const { event, notice, place } of told) {
      const offered = offersTo(reader(notice.person, 'chat'), place)
      const shown = (notice.entry.actions ?? []).flatMap(({ name }) => actsOfAction(name))
      const wanted = event.type === 'agreed' ? [event.to.act] : (asks[event.type] ?? [])
      for (const act of wanted) {
        if (!offered.has(act)) continue
        seen.add(event.type)
        if (!shown.includes(act)) found.note(`${act} would be accepted, and is not shown`, JSON.stringify(event))
      }
    }
    expect(found.disagreements()).toEqual([])
    const { halted: _, ...asked } = asks
    expect([...seen]).toEqual(expect.arrayContaining([...Object.keys(asked), 'agreed']))
  })
})

/** By what somebody is asked for, the act that answers it. */
const answers: Readonly<Record<Asked, Act>> = {
  acknowledge: 'acknowledge',
  resume: 'resume',
  go: 'go',
  review: 'review-break-glass',
  confirm: 'confirm',
  vote: 'approve',
}

function asked({ id }: Doer, { glance, members }: Place): readonly Asked[] {
  const member = members.find((one) => one.id === id)
  return member === undefined ? [] : asksOf(glance).flatMap((ask) => (isAsked(ask, member, members) ? ask.what : []))
}

/** What waits for somebody: of what is offered, what would bring it on. */
function waitsFor(me: Doer, place: Place): readonly Act[] {
  const offered = offersTo(me, place)
  return asked(me, place)
    .map((what) => answers[what])
    .filter((act) => offered.has(act))
}

test('beside a card, the console asks for a comment where one would be taken', () => {
  const { place } = places[0] ?? {}
  if (place === undefined) throw new Error('There is no place.')
  const card = viewOf(place, proposalCard(place, null))
  const channel = { id: 'web', title: 'Web', waitingForViewer: 0, open: 1, stopped: [], simulated: false }
  const hint = (takesComments: boolean) => {
    const page = String(
      threadHtml({ channel, card, takesComments, thread: [], older: null }, null, viewerAs(doer('mara'))),
    )
    return /placeholder="([^"]*)"/.exec(page)?.[1]
  }
  expect([hint(true), hint(false)]).toEqual(['Write to the thread, or /patch help', '/patch help'])
})

/** Ways to do something besides a button on the card. Menus of commands are the same for everybody: what is typed is judged then. */
const ways: Readonly<Record<string, { readonly by: (act: Act) => boolean; readonly not: Elsewhere }>> = {
  Slack: {
    by: (act) => actionNames.some((name) => parseSlash(`${name} PW-1`, null).kind === 'act' && does(name, act)),
    not: { comment: 'people write in the thread itself' },
  },
  Discord: {
    by: (act) =>
      discordCommands()
        .flatMap(({ options = [] }) => options)
        .some(({ name }) => isActionName(name) && does(name, act)),
    not: { comment: 'people write in the thread itself' },
  },
  'the console': {
    // The field beside a card.
    by: (act) => act === 'comment',
    not: { confirm: 'it takes an account of their own, and a session of the console began with a link' },
  },
  'the command line': {
    by: (act) => {
      const voting = [...choices.values()].some((name) => does(name, act))
      return voting || commandLine(() => {}).commands.some((command) => onCommandLine(command.name(), act))
    },
    not: {
      comment: 'it is for scripts and for the day chat is down: what is said belongs into the thread',
      confirm: 'it takes an account of their own',
    },
  },
}

function does(name: ActionName, act: Act): boolean {
  return actsOfAction(name).includes(act)
}

function onCommandLine(command: string, act: Act): boolean {
  return actionNames.some((name) => (actions[name].commandLine ?? name) === command && does(name, act))
}

test.each(Object.entries(ways))('whatever is offered to somebody can be done by way of %s', (platform, { by, not }) => {
  const cards: Readonly<Record<string, (place: Place) => readonly ActionName[]>> = {
    Discord: (place) => proposalCard(place, null).actions.map(({ name }) => name),
    'the console': (place) =>
      readerIds.flatMap((id) => proposalCard(place, reader(id, 'the example')).actions.map(({ name }) => name)),
  }
  const offered = new Set(places.flatMap(({ place }) => [...offersToSomebody(place)]))
  expect([...offered].sort()).toEqual([...acts].sort())
  const onCards = new Set(places.flatMap(({ place }) => cards[platform]?.(place) ?? []).flatMap(actsOfAction))
  const unreachable = [...offered].filter((act) => !by(act) && !onCards.has(act))
  expect(unreachable.toSorted()).toEqual(Object.keys(not).toSorted())
})

describe('the overview of a person', () => {
  test('says what waits for them, with a button for it, and offers nothing that would be refused', () => {
    const found = collected()
    const seen = new Set<Act>()
    for (const { name, place } of places)
      for (const proof of proofNames)
        for (const id of readerIds) {
          const me = reader(id, proof)
          const overview = overviewOf({ waiting: [place], running: [place], decided: [place] }, me)
          const where = `${name}, to ${id} by ${proof}`
          const lines = [...overview.waiting, ...overview.running, ...overview.decided]
          const inLines = lines.flatMap(({ actions, proposal, revision }) =>
            actions.map((action) => ({ action, proposal, number: revision })),
          )
          // Only Slack has a page for it; elsewhere it is read.
          const shown = proof === 'chat' ? offeredInSlack(homeView(overview, { consoleUrl }).blocks) : inLines
          const { refused = [], stale = [] } = disagreement(shown, offersTo(me, place), place.glance) ?? {}
          for (const action of refused) found.note(`${action} is shown and would be refused`, where)
          for (const action of stale)
            if (action !== 'confirm') found.note(`${action} carries the number of something else`, where)
          // Whether something waits for the person does not hang on how they came to look.
          if (proof !== 'chat') continue
          const waiting = waitsFor(me, place)
          const buttons = overview.waiting.flatMap(({ actions }) => actions.flatMap(actsOfAction))
          for (const act of waiting) seen.add(act)
          if (waiting.length === 0 && overview.waiting.length > 0)
            found.note(`it says that something waits, and nothing does: ${asked(me, place)}`, where)
          if (waiting.length > 0 && !waiting.some((act) => buttons.includes(act)))
            found.note(`${waiting.join()} waits, and is not shown`, where)
        }
    expect(found.disagreements()).toEqual([])
    expect([...seen].sort()).toEqual(Object.values(answers).toSorted())
  })
})
