import { describe, expect, test } from 'vitest'
import { type Ask, asksOf, isAsked } from '../../../src/core/permission/asks.ts'
import type { Glance } from '../../../src/core/proposal/glance.ts'
import type { Vote } from '../../../src/core/proposal/proposal.ts'
import { caseOf, type PlaceOptions, people, placeIn, type Scene } from '../../support/permission-scene.ts'
import { person } from '../../support/proposal-case.ts'

function asks(scene: Scene, options: PlaceOptions = {}): readonly Ask[] {
  return asksOf(placeIn(scene, options).glance)
}

/** Who is asked for what, the most pressing first. */
function asked(scene: Scene, options: PlaceOptions = {}): readonly (readonly [string, readonly string[]])[] {
  return asks(scene, options).map((ask) => [
    ask.what,
    people.filter((one) => isAsked(ask, one, people)).map(({ id }) => id),
  ])
}

describe('whom a proposal waits for', () => {
  test.each<[string, Scene, PlaceOptions, readonly (readonly [string, readonly string[]])[]]>([
    ['open: those whose vote is missing', 'open', {}, [['vote', ['mara', 'noor', 'tom']]]],
    ['proposed by a person: not that one', 'open', { proposer: person('noor') }, [['vote', ['mara', 'tom']]]],
    [
      'proposed by a person who may approve it: also that one',
      'open',
      { proposer: person('noor'), policy: { selfApproval: 'allowed' } },
      [['vote', ['mara', 'noor', 'tom']]],
    ],
    [
      'proposed by the command line in a name: not that one',
      'open',
      {
        proposer: {
          kind: 'person',
          id: 'noor',
          name: 'Noor',
          via: 'cli',
          through: { kind: 'command line', user: 'a', host: 'b' },
        },
      },
      [['vote', ['mara', 'tom']]],
    ],
    [
      'while a notice runs: nobody, silence is consent',
      'open',
      { policy: { approval: { kind: 'lazy consensus', noticeSeconds: 60, objectors: ['owner'] } } },
      [],
    ],
    ['scheduled: whoever is on call acknowledges', 'scheduled', {}, [['acknowledge', ['jonas']]]],
    ['scheduled where nobody has to acknowledge', 'scheduled', { policy: { acknowledgement: null } }, []],
    ['scheduled and acknowledged', 'scheduled', { glance: { acknowledgedBy: 'jonas' } }, []],
    ['without a window there is nothing to acknowledge', 'scheduled', { glance: { schedule: null } }, []],
    ['a ring waits for a go', 'waits for go', {}, [['go', ['lea']]]],
    ['what is stopped waits for no go', 'waits for go', { status: 'paused', glance: { stopped: null } }, []],
    ['nothing is waited for as long as it rolls out', 'started', {}, []],
    ['halted: whoever resumes', 'halted', {}, [['resume', ['mara', 'noor']]]],
    [
      'its test ring is paused: whoever resumes, before the votes',
      'test paused',
      {},
      [
        ['resume', ['mara', 'noor']],
        ['vote', ['mara', 'noor', 'tom']],
      ],
    ],
    ['its test ring is halted: nobody resumes it', 'test halted', {}, [['vote', ['mara', 'noor', 'tom']]]],
    [
      'the glass was broken: whoever reviews it, not who broke it',
      'broken glass',
      {},
      [['review', ['mara', 'noor', 'jonas', 'lea']]],
    ],
    ['it is over', 'open', { status: 'expired' }, []],
  ])('%s', (_, scene, options, expected) => {
    expect(asked(scene, options)).toEqual(expected)
  })

  test('who voted is asked no more', () => {
    const one = caseOf()
    one.vote('noor', 'abstain')
    expect(asked('open', { glance: { votes: one.state().votes } })).toEqual([['vote', ['mara', 'tom']]])
  })

  test('who holds a role of which all places are filled is not asked; who would leave room for another is', () => {
    const askedAfter = (...voters: readonly string[]) => {
      const one = caseOf()
      for (const who of voters) one.vote(who, 'approve')
      return asked('open', { glance: { votes: one.state().votes } })
    }
    expect(askedAfter('noor')).toEqual([['vote', ['mara', 'tom']]])
    // Mara is owner and security: with Noor or with Tom she fills the other.
    expect(askedAfter('mara')).toEqual([['vote', ['noor', 'tom']]])
    expect(askedAfter('tom')).toEqual([['vote', ['mara', 'noor']]])
  })

  test('where all have approved and a test is waited for, nobody is asked for a vote', () => {
    const votes = ['noor', 'tom'].map((who) => {
      const one = caseOf()
      one.vote(who, 'approve')
      return one.state().votes
    })
    expect(asked('test runs', { glance: { votes: votes.flat() } })).toEqual([['vote', []]])
  })

  test('the hand of the command line is no person to leave out', () => {
    const proposer = {
      kind: 'person',
      id: 'noor',
      name: 'Noor',
      via: 'cli',
      through: { kind: 'command line', user: 'a', host: 'b' },
    } as const
    expect(asks('open', { proposer })[0]?.except).toEqual(['noor'])
  })
})

describe('whose vote or agreement came by a link', () => {
  const through = { kind: 'sign-in link', madeBy: ['mara'] } as const
  const vote = (more: Partial<Vote>): readonly Vote[] => {
    const one = caseOf()
    one.vote('noor', 'approve')
    return one.state().votes.map((item) => ({ ...item, ...more }))
  }

  test('is asked to confirm it, as a person, and whatever their role', () => {
    const [first] = asks('open', { glance: { votes: vote({ through, seq: 2 }) } })
    expect(first).toEqual({ what: 'confirm', roles: [], people: ['noor'], except: [], places: null })
    expect(
      asked('halted', { glance: { votes: [], resumeVotes: [{ person: 'noor', name: 'Noor', through, seq: 9 }] } }),
    ).toEqual([
      ['resume', ['mara', 'noor']],
      ['confirm', ['noor']],
    ])
  })

  test.each<[string, Partial<Glance>]>([
    ['what came by an account of their own', { votes: vote({ seq: 2 }) }],
    ['what was confirmed', { votes: vote({ through, seq: 2, confirmedAt: '2026-11-20T00:00:00.000Z' }) }],
    ['what is of before there were confirmations', { votes: vote({ through }) }],
    ['what is over', { votes: vote({ through, seq: 2 }), closedAt: '2026-11-20T00:00:00.000Z' }],
  ])('is asked nothing of %s', (_, glance) => {
    expect(asked('open', { glance }).map(([what]) => what)).not.toContain('confirm')
  })

  test('only those are asked whose it is', () => {
    const [noor] = vote({ through, seq: 2 })
    const votes = noor === undefined ? [] : [noor, { ...noor, person: 'tom', name: 'Tom' }]
    const own = votes.map((one) => (one.person === 'tom' ? { ...one, confirmedAt: '2026-11-20T00:00:00.000Z' } : one))
    expect(asked('open', { glance: { votes: own } })[0]).toEqual(['confirm', ['noor']])
  })
})

describe('is asked', () => {
  const ask: Ask = { what: 'vote', roles: ['owner'], people: ['zoe'], except: ['noor'], places: null }
  test.each<[string, string, readonly string[], boolean]>([
    ['who holds the role', 'mara', ['owner', 'lead'], true],
    ['who is named, without a role', 'zoe', [], true],
    ['not who is left out', 'noor', ['owner'], false],
    ['not who holds another role', 'tom', ['security'], false],
  ])('%s', (_, id, roles, expected) => {
    expect(isAsked(ask, { id, roles }, people)).toBe(expected)
  })
})
