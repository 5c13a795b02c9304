import { describe, expect, test } from 'vitest'
import { loudWords, noticesOf } from '../../src/chat/notices.ts'
import { plain } from '../../src/chat/rich-text.ts'
import type { Occasion } from '../../src/core/permission/told.ts'
import { turnOf } from '../../src/core/permission/turn.ts'
import type { Content, ProposalEvent } from '../../src/core/proposal/event.ts'
import { glanceOf } from '../../src/core/proposal/glance.ts'
import { members, person, proposalCase } from '../support/proposal-case.ts'
import { content, exploited } from '../support/proposals.ts'

/** A rollout of six that its first batch stopped, where two agree to resume. */
function halted() {
  const one = proposalCase({ content: content(6), policy: { resume: [{ role: 'owner', count: 2 }] } })
  one.vote('noor', 'approve')
  one.vote('tom', 'approve')
  one.give({ type: 'start' })
  one.finishBatch('failed')
  return one
}

function occasion(one: ReturnType<typeof proposalCase>, type?: ProposalEvent['type']): Occasion {
  const recorded = one.recorded().findLast(({ event }) => type === undefined || event.type === type)
  if (recorded === undefined) throw new Error('Nothing was recorded.')
  const decisions = one.decisions()
  const index = decisions.findIndex(({ events }) => events.includes(recorded))
  const before = decisions[index - 1]?.state ?? null
  const state = decisions[index]?.state ?? one.state()
  return { recorded, before, state, moment: { members: one.setting.members, now: recorded.at, freezes: [] } }
}

function told(one: ReturnType<typeof proposalCase>, type?: ProposalEvent['type']) {
  return noticesOf(occasion(one, type)).map(({ person: who, entry }) => ({
    who,
    text: plain(entry.text),
    buttons: (entry.actions ?? []).map(({ name }) => name),
    numbers: (entry.actions ?? []).map(({ revision }) => revision),
  }))
}

test('whoever else can agree to leave out what failed is told, with the button for it', () => {
  const one = halted()
  one.give({ type: 'skip', asset: 'web1', reason: 'it is replaced' }, person('noor'))
  expect(told(one)).toEqual([
    {
      who: 'mara',
      text: expect.stringMatching(/^PW-1 .*Noor wants web1 left out: it is replaced\. It takes your agreement, too\.$/),
      buttons: ['skip'],
      numbers: [1],
    },
  ])
})

test('a halt is told with the button that ends this halt, to those who may press it', () => {
  const one = halted()
  one.give({ type: 'resume' }, person('noor'))
  one.give({ type: 'resume' }, person('mara'))
  one.pass(1)
  one.give({ type: 'halt', reason: 'the shop is slow' }, person('mara'))
  // Mara halted it; Noor may resume, and Jonas is on call.
  expect(told(one).map(({ who, buttons }) => [who, buttons])).toEqual([
    ['noor', ['resume', 'retry', 'skip', 'roll-back', 'assets']],
    ['jonas', ['skip', 'roll-back', 'assets']],
  ])
  const asMara = proposalCase({ content: content(6), proposer: person('noor') })
  asMara.vote('mara', 'approve')
  asMara.vote('tom', 'approve')
  asMara.give({ type: 'start' })
  asMara.pass(1)
  asMara.give({ type: 'halt', reason: 'the shop is slow' }, person('jonas'))
  const number = turnOf('resume', glanceOf(asMara.state()))
  expect(told(asMara)).toContainEqual(expect.objectContaining({ who: 'noor', numbers: [number, 1, 1] }))
  expect(number).toBe(Date.parse('2026-11-20T01:00:00Z'))
})

test('a halt by Patchwarden is told to all who may resume, to those on call and to who proposed it, once each', () => {
  const one = proposalCase({ content: content(6), proposer: person('tom'), policy: { selfApproval: 'allowed' } })
  one.vote('noor', 'approve')
  one.vote('tom', 'approve')
  one.give({ type: 'start' })
  one.finishBatch('failed')
  expect(one.recorded().at(-1)?.event.type).toBe('halted')
  expect(told(one).map(({ who, buttons }) => [who, buttons])).toEqual([
    ['mara', ['resume', 'retry', 'skip', 'roll-back', 'assets']],
    ['noor', ['resume', 'retry', 'skip', 'roll-back', 'assets']],
    ['jonas', ['skip', 'roll-back', 'assets']],
    ['tom', ['assets']],
  ])
})

test('a halt says how many servers are left, and what its reader can press, or else who can', () => {
  const one = halted()
  const text = (who: string) => told(one).find((notice) => notice.who === who)?.text
  expect(text('noor')).toMatch(
    /^PW-1 openssl\. Halted: .* 5 of 6 servers not touched\. Press Resume without it, Retry web1… or Skip a server…\.$/,
  )
  expect(text('jonas')).toMatch(/5 of 6 servers not touched\. Mara or Noor can resume it\.$/)
})

test('the thread names loudly whom a halt concerns, by what they are to it', () => {
  const loud = loudWords(occasion(halted())) ?? []
  expect(plain(loud)).toBe(
    'Mara or Noor: press Resume without it, Retry web1… or Skip a server… on the card. On call: Jonas. ',
  )
  expect(loud.flatMap((span) => (span.kind === 'mention' ? span.id : []))).toEqual(['mara', 'noor', 'jonas'])
})

test('at most five people are mentioned, and the rest are counted', () => {
  const many = Array.from({ length: 7 }, (_, index) => ({ id: `o${index}`, name: `O${index}`, roles: ['owner'] }))
  const one = halted()
  one.setting.members = [...members, ...many]
  const loud = loudWords(occasion(one)) ?? []
  expect(loud.filter(({ kind }) => kind === 'mention')).toHaveLength(5)
  expect(plain(loud)).toMatch(/And 5 more people\.$/)
})

test('where nobody is left who could act, that is said', () => {
  const one = halted()
  one.setting.members = []
  expect(plain(loudWords(occasion(one)) ?? [])).toMatch(/^Nobody else could be told of this\. Nobody can act on it now/)
})

test('what can wait is not said loudly', () => {
  const one = proposalCase({ content: content(6), proposer: person('tom') })
  one.give({ type: 'withdraw', reason: 'not needed' }, person('noor'))
  expect(loudWords(occasion(one))).toBeNull()
  expect(told(one).map(({ who }) => who)).toEqual(['tom'])
})

describe('an escalation', () => {
  function escalated(asked: Content, hours: number) {
    const policy = { escalateAfterSeconds: hours * 3_600, escalateTo: ['on-call'] }
    const one = proposalCase({ content: asked, policy })
    one.vote('noor', 'approve')
    one.pass(hours)
    one.give({ type: 'remind' })
    return noticesOf(occasion(one)).map(({ person: who, entry }) => [who, entry.tone, plain(entry.text)])
  }

  test('says what is urgent, and who has approved', () => {
    expect(escalated({ ...exploited(content(6)), dueAt: '2026-11-20T00:00:00.000Z' }, 26)).toEqual([
      [
        'jonas',
        'urgent',
        expect.stringMatching(
          /^PW-1 openssl\. Nobody has decided it\. It is exploited now on 6 servers\. It is 1 day overdue\. Noor approved\. It expires 2026-11-27 00:00 UTC\./,
        ),
      ],
    ])
  })

  test('says no more than that nobody has decided where nothing is', () => {
    expect(escalated(content(6), 26)[0]).toEqual([
      'jonas',
      'warning',
      expect.stringMatching(/^PW-1 openssl\. Nobody has decided it\. It expires 2026-11-27 00:00 UTC\./),
    ])
  })
})
