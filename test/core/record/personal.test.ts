/** What is personal stands beside entries: erased, it is missing where it is shown, and nowhere else. */

import { expect, test } from 'vitest'
import type { ProposalCommand } from '../../../src/core/proposal/command.ts'
import { evolve } from '../../../src/core/proposal/evolve.ts'
import type { Actor, ProposalState } from '../../../src/core/proposal/proposal.ts'
import { ERASED } from '../../../src/core/record/register.ts'
import { createParts } from '../../support/in-parts.ts'
import { machine, person, proposalCase } from '../../support/proposal-case.ts'
import { testedContent } from '../../support/proposals.ts'

const cli: Actor = {
  kind: 'person',
  id: 'mara',
  name: 'Mara',
  via: 'cli',
  through: { kind: 'command line', user: 'osuser', host: 'oshost' },
}
const linked: Actor = {
  kind: 'person',
  id: 'tom',
  name: 'Tom',
  via: 'slack',
  account: 'T0/U0ACCOUNT',
  linkedAt: '2026-11-01T00:00:00.000Z',
}
const byLink: Actor = {
  kind: 'person',
  id: 'noor',
  name: 'Noor',
  via: 'console',
  through: { kind: 'sign-in link', madeBy: ['jonas', 'the command line'] },
}

const secrets = /said-|osuser|oshost|U0ACCOUNT|Mara|Tom|Noor|Jonas/

/** Plays commands; the state, and the parts that it is kept in. */
function played(
  commands: readonly (readonly [ProposalCommand, Actor])[],
  options: Parameters<typeof proposalCase>[0] = {},
) {
  const one = proposalCase(options)
  for (const [command, actor] of commands) expect(one.give(command, actor), command.type).toBeInstanceOf(Array)
  const parts = createParts()
  let state: ProposalState | null = null
  for (const recorded of one.recorded()) {
    state = evolve(state, recorded)
    parts.save(state, [recorded])
  }
  return { state: one.state(), parts }
}

function checkParts({ state, parts }: ReturnType<typeof played>): ProposalState {
  expect(parts.read()).toEqual(state)
  for (const { was, is } of parts.events()) expect(is).toEqual(was)
  for (const text of [...parts.entries().map((entry) => entry.text), ...parts.stored()])
    expect(text).not.toMatch(secrets)
  return parts.readErased()
}

const glass = { policy: { breakGlass: { roles: ['on-call'], reviewWithinSeconds: 86_400 } } }

const vote = (choice: 'approve' | 'reject' | 'abstain', reason: string) =>
  ({ type: 'vote', choice, revision: null, reason, owner: 'noor', until: '2026-12-24' }) as const

test('votes from everywhere, and a rejection with its owner', () => {
  const erased = checkParts(
    played(
      [
        [vote('approve', 'said-one'), cli],
        [vote('abstain', 'said-two'), byLink],
        [{ type: 'comment', text: 'said-three' }, linked],
        [vote('reject', 'said-four'), linked],
      ],
      { policy: { cli: 'recorded' }, proposer: linked },
    ),
  )
  expect(erased.votes.map(({ person: who, choice, reason, through }) => ({ who, choice, reason, through }))).toEqual([
    { who: 'mara', choice: 'approve', reason: ERASED, through: { kind: 'command line', user: ERASED, host: ERASED } },
    {
      who: 'noor',
      choice: 'abstain',
      reason: ERASED,
      through: { kind: 'sign-in link', madeBy: ['jonas', 'the command line'] },
    },
    { who: 'tom', choice: 'reject', reason: ERASED, through: undefined },
  ])
  expect(erased.deferral).toEqual({ by: 'tom', owner: 'noor', reason: ERASED, until: '2026-12-24T00:00:00.000Z' })
  expect(erased.proposer).not.toHaveProperty('account')
})

test.each([
  ['by an account', linked],
  ['by the command line', cli],
  ['by nothing that stands beside', person('mara')],
])('a vote without a reason %s has none, erased or not', (_, actor) => {
  const silent = [{ ...vote('approve', ''), reason: null }, actor] as const
  const erased = checkParts(played([silent], { policy: { cli: 'recorded' } }))
  expect(erased.votes.map(({ reason }) => reason)).toEqual([null])
})

test('break-glass, stops, agreements, an asset that was left out', () => {
  const one = played(
    [
      [{ type: 'break-glass', reason: 'said-glass' }, person('jonas')],
      [{ type: 'review-break-glass' }, person('mara')],
      [{ type: 'start' }, machine],
      [{ type: 'pause', reason: 'said-pause' }, person('jonas')],
      [{ type: 'skip', asset: 'web2', reason: 'said-skip' }, person('jonas')],
      [{ type: 'halt', reason: 'said-halt' }, person('jonas')],
    ],
    glass,
  )
  const erased = checkParts(one)
  expect(erased.breakGlass).toMatchObject({ person: 'jonas', reason: ERASED, reviewedBy: 'mara' })
  expect(erased.approvedBy).toMatchObject({ how: 'break-glass', person: 'jonas', reason: ERASED })
  expect(erased.stopped).toMatchObject({ by: { person: 'jonas', name: 'Jonas' }, reason: ERASED })
  expect(Object.values(erased.rollout?.skipped ?? {})).toEqual([
    { by: { person: 'jonas', name: 'Jonas' }, reason: ERASED, said: expect.any(Number) },
  ])
})

test('a test ring that somebody stopped', () => {
  const erased = checkParts(
    played(
      [
        [{ type: 'start-test' }, machine],
        [{ type: 'pause', reason: 'said-pause' }, person('jonas')],
      ],
      { content: testedContent(4, 2), policy: { testRing: 'required' } },
    ),
  )
  expect(erased.test?.stopped).toMatchObject({ how: 'paused', by: { person: 'jonas' }, reason: ERASED })
})

test('what follows from what a person does is Patchwarden’s doing', () => {
  const { state, parts } = played(
    [
      [{ type: 'break-glass', reason: 'said-glass' }, person('jonas')],
      [{ type: 'start' }, machine],
      [{ type: 'start-batch' }, machine],
    ],
    glass,
  )
  const gate = { type: 'gate-failed', ring: 0, reason: 'said-gate' } as const
  const halted = { type: 'halted', by: 'Patchwarden', reason: 'said-gate' } as const
  const at = '2026-11-20T01:00:00.000Z'
  const events = [gate, halted].map((event, index) => {
    return { stream: 'PW-1', seq: state.seq + 1 + index, at, actor: person('jonas'), event }
  })
  const after = events.reduce<ProposalState>(evolve, state)
  parts.save(after, events)
  expect(after.stopped?.by).toEqual({ person: null, name: 'Patchwarden' })
  expect(checkParts({ state: after, parts }).stopped?.by).toEqual({ person: null, name: 'Patchwarden' })
})
