import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { COMMAND_LINE, type Through } from '../../../src/core/hands.ts'
import type { ProposalCommand } from '../../../src/core/proposal/command.ts'
import type { Actor } from '../../../src/core/proposal/proposal.ts'
import { machine, members, person, proposalCase } from '../../support/proposal-case.ts'

const shell: Through = { kind: 'command line', user: 'deploy', host: 'build01' }
const shellLink: Through = { kind: 'sign-in link', madeBy: [COMMAND_LINE] }
/** Made by Mara in a session that began with a link of the command line. */
const marasLink: Through = { kind: 'sign-in link', madeBy: ['mara', COMMAND_LINE] }

const recorded = { policy: { cli: 'recorded' } } as const

function by(id: string, through?: Through, linkedAt?: string): Actor {
  return {
    ...person(id),
    ...(through === undefined ? {} : { through }),
    ...(linkedAt === undefined ? {} : { linkedAt }),
  }
}

function vote(choice: 'approve' | 'reject' | 'abstain' = 'approve'): ProposalCommand {
  return { type: 'vote', choice, revision: null, reason: null, owner: null, until: null }
}

const confirm: ProposalCommand = { type: 'confirm', act: null }

describe('one hand', () => {
  test.each<[string, Actor, Actor]>([
    ['a link that the other made', by('mara'), by('tom', marasLink)],
    ['two links of the command line', by('noor', shellLink), by('tom', shellLink)],
    ['the command line, as two system users', by('noor', shell), by('tom', { ...shell, user: 'root' })],
    ['the command line and a link made on one', by('noor', shell), by('tom', shellLink)],
    ['a link, and one made in the session it opened', by('noor', shellLink), by('tom', marasLink)],
  ])('is not a quorum of two: %s', (_, first, second) => {
    const one = proposalCase(recorded)
    expect(one.give(vote(), first)).toEqual(['vote-cast'])
    expect(one.give(vote(), second)).toEqual(['vote-cast'])
    expect(one.state().status).toBe('open')
  })

  test('an account of their own and a link that nobody of them made are two', () => {
    const one = proposalCase()
    one.give(vote(), by('noor'))
    expect(one.give(vote(), by('tom', shellLink))).toContain('approved')
  })

  test('a vote counts as the person’s own once they confirm it by an account that was known before', () => {
    const one = proposalCase()
    one.give(vote(), by('mara'))
    one.give(vote(), by('tom', marasLink))
    expect(one.give(confirm, by('tom', shellLink))).toMatchObject({ code: 'not own' })
    expect(one.give(confirm, by('tom', undefined, '2026-11-20T00:00:00.000Z'))).toMatchObject({ code: 'not own' })
    expect(one.give(confirm, by('noor'))).toMatchObject({ code: 'not now' })
    expect(one.give({ type: 'confirm', act: 99 }, by('tom'))).toMatchObject({ code: 'not now' })
    one.pass(1)
    expect(one.give(confirm, by('tom', undefined, '2026-11-19T00:00:00.000Z'))).toEqual([
      'act-confirmed',
      'approved',
      'scheduled',
    ])
    expect(one.give(confirm, by('tom'))).toMatchObject({ code: 'not now' })
  })

  test('confirming is per act: a vote that came later by the link waits again, and an old button does not confirm it', () => {
    const one = proposalCase()
    one.give(vote(), by('tom', marasLink))
    const first = one.state().seq
    one.give(vote('abstain'), by('tom', marasLink))
    expect(one.give({ type: 'confirm', act: first }, by('tom'))).toMatchObject({ code: 'not now' })
    one.give(vote(), by('tom', marasLink))
    expect(one.give({ type: 'confirm', act: one.state().seq }, by('tom'))).toEqual(['act-confirmed'])
  })

  test('Approve again, by an account of one’s own, confirms it', () => {
    const one = proposalCase()
    one.give(vote(), by('mara'))
    one.give(vote(), by('tom', marasLink))
    expect(one.give(vote(), by('tom', marasLink))).toMatchObject({ code: 'already' })
    expect(one.give(vote(), by('tom'))).toContain('approved')
  })

  test('takes nothing back and changes nothing that was done by an account of one’s own', () => {
    const one = proposalCase(recorded)
    one.give(vote(), by('tom'))
    for (const through of [marasLink, shell]) {
      const came = by('tom', through)
      expect(one.give(vote('abstain'), came)).toMatchObject({ code: 'not own' })
      expect(one.give({ ...vote('reject'), reason: 'no', until: '2026-12-01' } as ProposalCommand, came)).toMatchObject(
        {
          code: 'not own',
        },
      )
    }
    for (const through of [marasLink, shell])
      expect(one.give({ type: 'withdraw-vote' }, by('tom', through))).toMatchObject({ code: 'not own' })
    expect(one.state().votes).toMatchObject([{ person: 'tom', choice: 'approve' }])
  })

  test.each<[string, Actor, Actor]>([
    ['the proposer’s own link for another', by('noor'), by('tom', { kind: 'sign-in link', madeBy: ['noor'] })],
    ['the command line that proposed', by('noor', shell), by('tom', shell)],
    ['a link made on the command line that proposed', by('noor', shell), by('tom', shellLink)],
    ['the person in whose name the command line proposed', by('tom', shell), by('tom')],
    ['whoever made the link by which it was proposed', by('noor', marasLink), by('mara')],
  ])('is left out together: %s', (_, proposer, voter) => {
    const one = proposalCase({ ...recorded, proposer })
    expect(one.give(vote(), voter)).toMatchObject({
      code: 'not allowed',
      sentence: expect.stringContaining('proposed PW-1'),
    })
    expect(one.state().votes).toEqual([])
  })

  test('does not resume what two must agree to', () => {
    const one = proposalCase({ policy: { cli: 'recorded', resume: [{ role: 'owner', count: 2 }] } })
    one.vote('mara', 'approve')
    one.vote('tom', 'approve')
    one.give({ type: 'start' })
    one.give({ type: 'pause', reason: 'look' }, by('noor'))
    expect(one.give({ type: 'resume' }, by('mara'))).toEqual(['resume-agreed'])
    expect(one.give({ type: 'resume' }, by('noor', marasLink))).toEqual(['resume-agreed'])
    expect(one.give({ type: 'resume' }, by('noor', marasLink))).toMatchObject({ code: 'already' })
    expect(one.state().status).toBe('paused')
    expect(one.give(confirm, by('noor'))).toContain('resumed')
  })

  test('typed alone, confirms nothing where a vote and an agreement to resume both wait', () => {
    const two = proposalCase({
      policy: {
        resume: [{ role: 'owner', count: 2 }],
        approval: { kind: 'lazy consensus', noticeSeconds: 60, objectors: ['owner'] },
      },
    })
    two.give(vote(), by('noor', marasLink))
    two.pass(1)
    two.give({ type: 'end-notice' })
    two.give({ type: 'start' })
    two.give({ type: 'pause', reason: 'look' }, by('mara'))
    expect(two.give({ type: 'resume' }, by('noor', marasLink))).toEqual(['resume-agreed'])
    expect(two.give(confirm, by('noor'))).toMatchObject({ code: 'incomplete' })
    expect(two.give({ type: 'confirm', act: two.state().seq }, by('noor'))).toEqual(['act-confirmed'])
    expect(two.give(confirm, by('noor'))).toEqual(['act-confirmed'])
  })

  test('neither breaks the glass for another nor reviews its own', () => {
    const breakGlass = { roles: ['owner'], reviewWithinSeconds: 86_400 }
    const one = proposalCase({ policy: { cli: 'recorded', breakGlass } })
    const now: ProposalCommand = { type: 'break-glass', reason: 'exploited' }
    expect(one.give(now, by('noor', marasLink))).toMatchObject({ code: 'not own' })
    expect(one.give(now, by('noor', shell))).toContain('approved')
    expect(one.give({ type: 'review-break-glass' }, by('tom', shell))).toMatchObject({ code: 'not allowed' })
    expect(one.give({ type: 'review-break-glass' }, by('tom', shellLink))).toMatchObject({ code: 'not own' })
    expect(one.give({ type: 'review-break-glass' }, by('noor'))).toMatchObject({ code: 'not allowed' })
    expect(one.give({ type: 'review-break-glass' }, by('tom'))).toEqual(['break-glass-reviewed'])
  })

  test('satisfies no step-up until the person confirms it', () => {
    const one = proposalCase({ policy: { stepUpRings: ['broad'] } })
    one.give(vote(), by('noor', shellLink))
    expect(one.state().status).toBe('open')
    const inSlack: Actor = { ...by('tom'), via: 'slack' } as Actor
    expect(one.give(vote(), inSlack)).toMatchObject({ code: 'step-up' })
    one.give(vote(), by('tom', { kind: 'sign-in link', madeBy: ['jonas'] }))
    expect(one.state().status).toBe('open')
    expect(one.give(confirm, inSlack)).toEqual(['act-confirmed'])
    expect(one.give(confirm, { ...by('noor'), via: 'slack' } as Actor)).toContain('approved')
    const cli: Actor = { ...by('noor', shell), via: 'cli' } as Actor
    const other = proposalCase({ policy: { cli: 'recorded', stepUpRings: ['broad'] } })
    expect(other.give(vote(), cli)).toMatchObject({ code: 'step-up' })
  })

  test('in the labelled example each person counts, and the record says where', () => {
    const one = proposalCase()
    one.give(vote(), by('noor', { kind: 'example' }))
    expect(one.give(vote(), by('tom', { kind: 'example' }))).toContain('approved')
    expect(one.state().votes[0]?.through).toEqual({ kind: 'example' })
  })
})

describe('the command line', () => {
  const breakGlass = { roles: ['owner'], reviewWithinSeconds: 86_400 }
  test.each<[ProposalCommand, Actor]>([
    [vote(), by('noor', shell)],
    [{ type: 'break-glass', reason: 'now' }, by('noor', shell)],
    [{ type: 'acknowledge' }, by('jonas', shell)],
    [{ type: 'resume' }, by('noor', shell)],
    [{ type: 'retry', asset: null }, by('noor', shell)],
    [{ type: 'extend-window', until: null, reason: 'longer' }, by('noor', shell)],
  ])('decides nothing where the policy does not say so: %j', (command, actor) => {
    const one = proposalCase({ policy: { breakGlass } })
    expect(one.give(command, actor)).toMatchObject({
      code: 'not own',
      sentence: expect.stringContaining('In Slack, Discord or the console you can.'),
    })
  })

  test('stops and ends all the same', () => {
    const one = proposalCase()
    one.vote('mara', 'approve')
    one.vote('tom', 'approve')
    one.give({ type: 'start' }, machine)
    expect(one.give({ type: 'pause', reason: 'look' }, by('noor', shell))).toEqual(['paused'])
    expect(one.give({ type: 'halt', reason: 'bad' }, by('noor', shell))).toEqual(['halted'])
    expect(one.give({ type: 'withdraw', reason: 'over' }, by('noor', shell))).toContain('withdrawn')
  })
})

test('no sequence of votes, withdrawals and confirmations by one hand approves what takes two', () => {
  const step = fc.record({
    who: fc.constantFrom(...members.map(({ id }) => id)),
    through: fc.constantFrom<Through>(shell, { ...shell, user: 'root' }, shellLink, marasLink),
    command: fc.constantFrom<ProposalCommand>(vote(), vote('abstain'), { type: 'withdraw-vote' }, confirm),
    own: fc.boolean(),
  })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 12 }), fc.boolean(), (steps, maraActs) => {
      const one = proposalCase(recorded)
      // Either the hand of the command line, or Mara, who also holds the links that she made.
      for (const { who, through, command, own } of steps) {
        const actor = maraActs
          ? own
            ? by('mara')
            : by(who, { kind: 'sign-in link', madeBy: ['mara'] })
          : by(who, through)
        one.give(command, actor)
      }
      expect(one.state().status).toBe('open')
    }),
  )
})
