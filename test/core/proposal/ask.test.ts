/** Asking a person about a proposal: who can be asked, how often, and what they are told. */

import { describe, expect, test } from 'vitest'
import { noticesOf } from '../../../src/chat/notices.ts'
import { plain } from '../../../src/chat/rich-text.ts'
import { storyOf } from '../../../src/chat/story/story.ts'
import { limits } from '../../../src/core/limits.ts'
import { HOUR_SECONDS } from '../../../src/core/time/instant.ts'
import { caseOf, doer, people, scenes } from '../../support/permission-scene.ts'

type Case = ReturnType<typeof caseOf>

function ask(one: Case, who: string, person: string | null, reason: string | null = null) {
  const given = one.give({ type: 'ask', person, reason }, doer(who))
  return 'sentence' in given ? given.sentence : given
}

/** What the person who was asked last gets: the text, and the names of the buttons. */
function messageOf(one: Case) {
  const last = one.decisions().at(-1)
  const [recorded] = last?.events ?? []
  if (last === undefined || recorded === undefined) throw new Error('Nothing was decided.')
  const moment = { members: one.setting.members, now: last.at, freezes: last.freezes }
  const notices = noticesOf({ recorded, before: null, state: last.state, moment })
  const [told] = storyOf(recorded, null, last.state, people)
  return {
    thread: `${told?.author?.name}: ${plain(told?.text ?? [])}`,
    notices: notices.map(({ person, entry }) => ({
      person,
      lines: plain(entry.text).split('\n'),
      buttons: (entry.actions ?? []).map(({ label }) => label),
    })),
  }
}

describe('somebody who is asked', () => {
  test('gets the question, the first two lines of the card, and the buttons that work for them', () => {
    const one = caseOf()
    expect(ask(one, 'jonas', 'tom', ' can you judge nginx? ')).toEqual(['people-asked'])
    const { thread, notices } = messageOf(one)
    expect(thread).toBe('Jonas: Asked Tom: “can you judge nginx?”')
    expect(notices).toEqual([
      {
        person: 'tom',
        lines: [
          'Jonas asks you about PW-1: “can you judge nginx?”',
          'Scheduled · needs votes',
          'openssl: test. Needs Mara or Noor (owner) and Mara or Tom (security): press Approve or Reject.',
        ],
        buttons: ['Approve', 'Reject…', 'Abstain', '6 servers', 'Why scheduled?'],
      },
    ])
  })

  test('of what is halted, the buttons to go on', () => {
    const one = scenes.halted()
    ask(one, 'lea', 'noor')
    const { thread, notices } = messageOf(one)
    expect(thread).toBe('Lea: Asked Noor to look at it.')
    expect(notices.map(({ buttons }) => buttons)).toEqual([
      ['Retry web1…', 'Resume without it', 'Skip a server…', '6 servers', 'Why scheduled?'],
    ])
  })

  test('by the command line, how it came is said', () => {
    const one = caseOf()
    const through = { kind: 'command line', user: 'deploy', host: 'build01' } as const
    one.give({ type: 'ask', person: 'tom', reason: 'please' }, doer('mara', { through, via: 'cli' }))
    expect(messageOf(one).notices[0]?.lines[0]).toBe(
      'Mara asks you about PW-1: “please” It came by the command line (deploy on build01).',
    )
  })

  test.each([['tom'], ['Tom'], ['@tom']])('is found as %s', (called) => {
    expect(ask(caseOf(), 'noor', called)).toEqual(['people-asked'])
  })
})

describe('nobody is asked', () => {
  const can = 'Mara, Noor, Tom and 1 more can.'
  test.each<[string, string | null, string]>([
    ['without a name', null, `Nobody was asked: say whom, by the short name of a person. ${can}`],
    ['whom nobody knows', 'zoe', `Not asked: nobody of web is called "zoe". ${can}`],
    ['who can do nothing about it', 'ava', `Not asked: Ava can do nothing about PW-1 now. ${can}`],
    ['who asks', 'lea', `Not asked: that is you. ${can}`],
  ])('%s', (_, person, sentence) => {
    expect(ask(caseOf(), 'lea', person)).toBe(sentence)
  })

  test('who is away, and their deputy is named', () => {
    const one = caseOf()
    one.setting.members = [
      ...people.filter(({ id }) => id !== 'tom'),
      { id: 'tom', name: 'Tom', roles: ['security'], awayUntil: '2026-12-01T00:00:00.000Z' },
    ]
    expect(ask(one, 'lea', 'tom')).toBe('Not asked: Tom is away until 2026-12-01 00:00 UTC. Mara, Noor or Jonas can.')
  })

  test('of several with the same name', () => {
    const one = caseOf()
    one.setting.members = [...people, { id: 'tom2', name: 'Tom Berg', roles: ['owner'] }]
    expect(ask(one, 'lea', 'tom')).toEqual(['people-asked'])
    one.setting.members = [
      { id: 't1', name: 'Tom Adler', roles: ['owner'] },
      { id: 't2', name: 'Tom Berg', roles: ['owner'] },
      ...people.filter(({ id }) => id === 'lea'),
    ]
    expect(ask(one, 'lea', 'Tom')).toBe('Not asked: 2 people are called "Tom". Write the short name: t1, t2.')
  })

  test('with a question that is longer than a message holds', () => {
    expect(ask(caseOf(), 'lea', 'tom', 'x'.repeat(501))).toBe(
      'Not asked: a question has 500 characters at most; this one has 501. Write the rest into the thread.',
    )
  })

  test('about what is over, until somebody has to review its break-glass', () => {
    const over = caseOf()
    over.give({ type: 'withdraw', reason: 'no' }, doer('jonas'))
    expect(ask(over, 'lea', 'tom')).toBe('PW-1 is withdrawn.')
  })
})

describe('nobody is asked again and again', () => {
  test('the same person is asked about the same proposal after four hours', () => {
    const one = caseOf()
    ask(one, 'lea', 'tom')
    one.pass(1)
    expect(ask(one, 'noor', 'tom')).toBe(
      'Not asked again: Lea asked Tom at 2026-11-20 00:00 UTC. It can be asked again from 2026-11-20 04:00 UTC on.',
    )
    expect(ask(one, 'lea', 'tom')).toContain('Not asked again: You asked Tom')
    expect(ask(one, 'noor', 'mara')).toEqual(['people-asked'])
    one.pass(limits.askAgainSeconds / HOUR_SECONDS - 1)
    expect(ask(one, 'noor', 'tom')).toEqual(['people-asked'])
    // Who was asked longer ago is forgotten, so the state stays small.
    expect(one.state().questions?.map(({ person }) => person)).toEqual(['mara', 'tom'])
  })

  test('and no more than ten people in that time', () => {
    const one = caseOf()
    const many = Array.from({ length: 12 }, (_, index) => ({
      id: `owner${index}`,
      name: `Owner ${index}`,
      roles: ['owner'],
    }))
    one.setting.members = [...people, ...many]
    const said = many.map(({ id }) => ask(one, 'lea', id))
    expect(said.filter((one) => Array.isArray(one))).toHaveLength(10)
    expect(said.at(-1)).toBe(
      'Not asked: 10 people were asked about PW-1 within 4 hours already. Write it into the thread.',
    )
  })
})
