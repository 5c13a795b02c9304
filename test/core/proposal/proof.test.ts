import { describe, expect, test } from 'vitest'
import { COMMAND_LINE, type Through } from '../../../src/core/hands.ts'
import type { Act } from '../../../src/core/permission/acts.ts'
import {
  commandLineProblem,
  confirmed,
  howItCounts,
  proofProblem,
  proposerProblem,
} from '../../../src/core/proposal/proof.ts'
import type { Actor, Vote } from '../../../src/core/proposal/proposal.ts'
import { members, proposalCase } from '../../support/proposal-case.ts'
import { policy } from '../../support/proposals.ts'

type Person = Extract<Actor, { kind: 'person' }>

const shell: Through = { kind: 'command line', user: 'deploy', host: 'build01' }
const marasLink: Through = { kind: 'sign-in link', madeBy: ['mara'] }
const shellLink: Through = { kind: 'sign-in link', madeBy: [COMMAND_LINE] }
const secondLink: Through = { kind: 'sign-in link', madeBy: ['mara', COMMAND_LINE] }
const example: Through = { kind: 'example' }
const recorded = { ...policy, cli: 'recorded' } as const
const refused = { ...policy, cli: 'refused' } as const

function noor(through?: Through, more: Partial<Person> = {}): Person {
  return { kind: 'person', id: 'noor', name: 'Noor', via: 'console', ...(through ? { through } : {}), ...more }
}

function voted(more: Partial<Vote> = {}): readonly Vote[] {
  const one = proposalCase()
  one.vote('noor', 'approve')
  return one.state().votes.map((vote) => ({ ...vote, ...more }))
}

const votesNotTaken =
  'Not counted: votes are not taken from the command line here (the policy "standard" says cli: refused). In Slack, Discord or the console you can.'
const nothingTaken =
  'Nothing was done: decisions are not taken from the command line here (the policy "standard" says cli: refused). In Slack, Discord or the console you can.'

describe('from the command line', () => {
  test.each<[Act, string]>([
    ['approve', votesNotTaken],
    ['abstain', votesNotTaken],
    ['reject', votesNotTaken],
    ['resume', nothingTaken],
    ['break-glass', nothingTaken],
  ])('%s is taken only where the policy says so', (act, sentence) => {
    expect(commandLineProblem(policy, act, shell)).toEqual({ code: 'not own', sentence })
    expect(commandLineProblem(refused, act, shell)).toEqual({ code: 'not own', sentence })
    expect(commandLineProblem(recorded, act, shell)).toBeNull()
    for (const through of [undefined, marasLink, shellLink, example])
      expect(commandLineProblem(policy, act, through)).toBeNull()
  })
})

describe('how it came', () => {
  const elsewhere = (what: string) =>
    `${what} takes an account of your own, and this session began with a sign-in link made by Mara. Do it in Slack or Discord.`
  const notConfirmed = 'Not confirmed: that takes an account of your own, in Slack or Discord, that was known before.'

  test.each<[Act, boolean, Through | undefined, readonly Vote[], typeof policy, string | null]>([
    ['confirm', false, undefined, [], policy, null],
    ['confirm', false, example, [], policy, null],
    ['confirm', false, shell, [], recorded, notConfirmed],
    ['confirm', false, marasLink, [], policy, notConfirmed],
    [
      'withdraw-vote',
      false,
      marasLink,
      voted(),
      policy,
      'Not withdrawn: you voted by an account of your own; withdraw it there.',
    ],
    ['withdraw-vote', false, marasLink, voted({ through: marasLink }), policy, null],
    ['withdraw-vote', false, shell, [], policy, null],
    ['withdraw-vote', false, undefined, voted(), policy, null],
    ['approve', true, marasLink, [], policy, null],
    ['approve', true, marasLink, voted({ person: 'tom' }), policy, null],
    ['approve', true, marasLink, voted(), policy, 'Not counted: you voted by an account of your own; change it there.'],
    ['abstain', true, shell, voted(), recorded, 'Not counted: you voted by an account of your own; change it there.'],
    ['reject', true, shell, voted({ through: shell }), recorded, null],
    ['reject', true, shell, voted(), policy, votesNotTaken],
    ['break-glass', true, shell, [], policy, nothingTaken],
    ['break-glass', true, shell, [], recorded, null],
    ['break-glass', true, marasLink, [], recorded, elsewhere('Not approved: breaking the glass')],
    ['review-break-glass', true, marasLink, [], recorded, elsewhere('Not reviewed: that')],
    ['review-break-glass', true, shell, [], policy, nothingTaken],
    ['review-break-glass', true, undefined, [], policy, null],
    ['withdraw', true, marasLink, [], recorded, elsewhere('Not withdrawn: while people vote, that')],
    ['withdraw', true, shell, [], policy, nothingTaken],
    ['withdraw', true, shell, [], recorded, null],
    ['withdraw', true, example, [], policy, null],
    ['withdraw', true, undefined, [], policy, null],
    ['withdraw', false, marasLink, [], policy, null],
    ['withdraw', false, shell, [], policy, null],
    ['resume', true, shell, [], policy, nothingTaken],
    ['resume', true, shell, [], recorded, null],
    ['resume', true, marasLink, voted(), policy, null],
    ['halt', false, shell, [], policy, null],
  ])('%s (it decides: %s) by %j', (act, decides, through, votes, under, sentence) => {
    const found = proofProblem(act, decides, noor(through), { votes, policy: under }, members)
    expect(found).toEqual(sentence === null ? null : { code: 'not own', sentence })
  })
})

describe('an approval and who proposed', () => {
  const proposer: Actor = { kind: 'person', id: 'mara', name: 'Mara', via: 'console' }
  const problem = (act: Person, left: readonly string[], by: Actor = proposer) =>
    proposerProblem({ id: 'PW-1', proposer: by }, act, new Set(left), members)

  test('is one’s own, or by the same hand, or simply counts', () => {
    expect(problem({ ...noor(), id: 'mara' }, ['mara'])).toBe('You proposed PW-1, so you cannot approve it.')
    expect(problem(noor(marasLink), ['mara'])).toBe(
      'Not counted: Mara proposed PW-1, and this came by a sign-in link made by Mara: that may be the same hand.',
    )
    expect(problem(noor(), ['mara', 'noor'])).toBe(
      'Not counted: Mara proposed PW-1, and this came by you: that may be the same hand.',
    )
    expect(problem(noor(), ['mara'])).toBeNull()
    expect(problem({ ...noor(), id: 'mara' }, [])).toBeNull()
    expect(problem(noor(), ['noor'], { kind: 'system', part: 'assessment' })).toBeNull()
  })
})

describe('what did not come by an account of their own', () => {
  const counts = (came: string, hands: string) =>
    `It came by ${came}, so it counts as one with whatever else came by ${hands}. To let it count as your own, confirm it with your account in Slack or Discord: /patch confirm.`

  test.each<[Through | undefined, string | null]>([
    [undefined, null],
    [example, null],
    [shell, counts('the command line (deploy on build01)', 'the command line')],
    [marasLink, counts('a sign-in link made by Mara', 'Mara')],
    [secondLink, counts('a sign-in link made by Mara', 'Mara or the command line')],
    [{ kind: 'sign-in link', madeBy: ['noor', 'mara'] }, counts('a sign-in link made by Noor and Mara', 'Mara')],
  ])('is said to count with its hand: %j', (through, sentence) => {
    expect(howItCounts(noor(through), members)).toBe(sentence)
  })
})

describe('a confirmation', () => {
  const act = { at: '2026-11-20T01:00:00.000Z', seq: 7 }
  const event = { type: 'act-confirmed', person: 'noor', name: 'Noor', act: 'vote', of: 7 }

  test('is by an account that was known before it was done', () => {
    expect(confirmed('vote', act, noor())).toEqual(event)
    expect(confirmed('vote', act, noor(undefined, { linkedAt: '2026-11-20T00:59:59.000Z' }))).toEqual(event)
    expect(confirmed('vote', act, noor(undefined, { linkedAt: act.at }))).toBeNull()
    expect(confirmed('vote', act, noor(undefined, { linkedAt: '2026-11-20T02:00:00.000Z' }))).toBeNull()
  })

  test('is of something that can be named', () => {
    expect(confirmed('vote', { seq: 7 }, noor())).toBeNull()
    expect(confirmed('vote', { at: act.at }, noor())).toBeNull()
  })
})
