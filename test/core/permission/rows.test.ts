import { describe, expect, test } from 'vitest'
import type { Through } from '../../../src/core/hands.ts'
import { type Act, acts } from '../../../src/core/permission/acts.ts'
import type { Glance } from '../../../src/core/proposal/glance.ts'
import { finalStatuses, type Status, statuses } from '../../../src/core/proposal/proposal.ts'
import {
  caseOf,
  codeOf,
  doer,
  idsWhoMay,
  isOffered,
  type PlaceOptions,
  people,
  placeIn,
  type Scene,
  said,
} from '../../support/permission-scene.ts'
import { person } from '../../support/proposal-case.ts'

const shell: Through = { kind: 'command line', user: 'deploy', host: 'build01' }
const marasLink: Through = { kind: 'sign-in link', madeBy: ['mara'] }

const agreedByLink = {
  person: 'noor',
  name: 'Noor',
  through: marasLink,
  at: '2026-11-20T02:00:00.000Z',
  seq: 7,
}

const rule: Glance['subject'] = {
  kind: 'standing rule',
  rule: { name: 'dev', team: 'web', tags: ['dev'], types: ['security'], expiresAt: '2027-01-01T00:00:00.000Z' },
  window: { name: 'always', rules: [] },
}

/** What is known of one that was rejected or replaced. */
const decidedOtherwise: Partial<Glance> = {
  deferral: { by: 'tom', reason: 'too early', owner: 'tom', until: '2026-12-01T00:00:00.000Z' },
  supersededBy: 'PW-2',
}

describe('who may do what', () => {
  test.each<[Act, Scene, readonly string[]]>([
    ['comment', 'open', ['mara', 'noor', 'tom', 'jonas', 'lea', 'ava']],
    ['ask', 'open', ['mara', 'noor', 'tom', 'jonas', 'lea', 'ava']],
    ['approve', 'open', ['mara', 'noor', 'tom']],
    ['abstain', 'open', ['mara', 'noor', 'tom']],
    ['reject', 'open', ['mara', 'noor', 'tom']],
    ['withdraw-vote', 'scheduled', ['noor', 'tom']],
    ['withdraw', 'open', ['mara', 'noor', 'jonas']],
    ['postpone', 'scheduled', ['mara', 'noor', 'tom', 'jonas', 'lea']],
    ['freeze', 'open', ['mara', 'noor', 'jonas']],
    ['unfreeze', 'frozen', ['mara', 'noor']],
    ['acknowledge', 'scheduled', ['mara', 'noor', 'jonas', 'lea']],
    ['pause', 'started', ['mara', 'noor', 'jonas']],
    ['halt', 'started', ['mara', 'noor', 'jonas']],
    ['end-waiting', 'started', ['mara', 'noor', 'jonas']],
    ['skip', 'started', ['mara', 'noor', 'jonas']],
    ['leave-out', 'halted', ['mara', 'noor']],
    ['go', 'waits for go', ['lea']],
    ['retry', 'halted', ['mara', 'noor']],
    ['resume', 'halted', ['mara', 'noor']],
    ['extend-window', 'started', ['mara', 'noor']],
    ['roll-back', 'halted', ['mara', 'noor', 'jonas']],
    ['break-glass', 'open', ['mara', 'tom']],
    // Tom broke it.
    ['review-break-glass', 'broken glass', ['mara', 'noor', 'jonas', 'lea']],
  ])('%s, %s: %j', (act, scene, ids) => {
    const { glance, ...rest } = placeIn(scene)
    // A failed asset has changed nothing; where one has, it can be rolled back.
    const more = { 'roll-back': { changed: true }, 'end-waiting': { reporting: 1 } }
    const tally = act in more ? { ...glance.tally, ...more[act as keyof typeof more] } : glance.tally
    const place = { ...rest, glance: { ...glance, tally } }
    expect(idsWhoMay(act, place)).toEqual(ids)
    for (const { id } of people) expect(isOffered(act, id, place), id).toBe(ids.includes(id))
    expect(said(act, 'zoe', place)).toBe(
      'zoe is not known to team web. An operator can add people and roles in patchwarden.yaml.',
    )
  })

  test.each<[Act, Scene, string]>([
    ['approve', 'open', 'Approving PW-1 takes the role owner or security; you have auditor. Mara, Noor or Tom can.'],
    ['abstain', 'open', 'Voting on PW-1 takes the role owner or security; you have auditor. Mara, Noor or Tom can.'],
    ['reject', 'open', 'Rejecting PW-1 takes the role owner or security; you have auditor. Mara, Noor or Tom can.'],
    [
      'withdraw',
      'open',
      'Withdrawing PW-1 takes the role owner or on-call; you have auditor. Mara, Noor or Jonas can.',
    ],
    [
      'postpone',
      'scheduled',
      'Postponing PW-1 takes the role on-call, owner, security or lead; you have auditor. Mara, Noor, Tom and 2 more can.',
    ],
    [
      'freeze',
      'open',
      'Freezing the team of PW-1 takes the role owner or on-call; you have auditor. Mara, Noor or Jonas can.',
    ],
    ['unfreeze', 'frozen', 'Lifting the freeze of PW-1 takes the role owner; you have auditor. Mara or Noor can.'],
    [
      'acknowledge',
      'scheduled',
      'Acknowledging PW-1 takes the role on-call, owner or lead; you have auditor. Mara, Noor, Jonas and 1 more can.',
    ],
    ['pause', 'started', 'Pausing PW-1 takes the role owner or on-call; you have auditor. Mara, Noor or Jonas can.'],
    ['halt', 'started', 'Halting PW-1 takes the role owner or on-call; you have auditor. Mara, Noor or Jonas can.'],
    [
      'skip',
      'started',
      'Leaving servers out of PW-1 takes the role owner or on-call; you have auditor. Mara, Noor or Jonas can.',
    ],
    [
      'leave-out',
      'halted',
      'Leaving out what failed in PW-1 takes the role owner; you have auditor. Mara or Noor can.',
    ],
    ['go', 'waits for go', 'Saying go for PW-1 takes the role lead; you have auditor. Lea can.'],
    ['retry', 'halted', 'Trying again in PW-1 takes the role owner; you have auditor. Mara or Noor can.'],
    ['resume', 'halted', 'Resuming PW-1 takes the role owner; you have auditor. Mara or Noor can.'],
    [
      'extend-window',
      'started',
      'Extending the window of PW-1 takes the role owner; you have auditor. Mara or Noor can.',
    ],
    [
      'roll-back',
      'halted',
      'Rolling back PW-1 takes the role owner or on-call; you have auditor. Mara, Noor or Jonas can.',
    ],
    ['break-glass', 'open', 'Breaking the glass for PW-1 takes the role security; you have auditor. Mara or Tom can.'],
    [
      'review-break-glass',
      'broken glass',
      'Reviewing the break-glass of PW-1 takes the role owner, security, on-call or lead; you have auditor. Mara, Noor, Jonas and 1 more can.',
    ],
  ])('%s says to others what it takes and who can', (act, scene, sentence) => {
    const place = placeIn(scene)
    expect(said(act, 'ava', place)).toBe(sentence)
    expect(codeOf(act, 'ava', place)).toBe('not allowed')
  })

  test('where nobody may at this moment, those who hold the role are named', () => {
    expect(said('resume', 'ava', placeIn('scheduled'))).toBe(
      'Resuming PW-1 takes the role owner; you have auditor. Mara or Noor can.',
    )
  })

  test('where nobody holds the role, that is said, and of whom has none, too', () => {
    const place = placeIn('open', { place: { members: [{ id: 'ava', name: 'Ava', roles: [] }] } })
    expect(said('approve', 'ava', place)).toBe(
      'Approving PW-1 takes the role owner or security; you have none. Nobody holds that role now.',
    )
    expect(said('comment', 'ava', place)).toBeNull()
  })

  test('who proposed it comments, and withdraws it while it is open, whatever their roles', () => {
    const glance = { proposer: person('zoe') }
    expect(said('comment', 'zoe', placeIn('open', { glance }))).toBeNull()
    expect(said('withdraw', 'zoe', placeIn('open', { glance }))).toBeNull()
    expect(codeOf('withdraw', 'zoe', placeIn('scheduled', { glance }))).toBe('not allowed')
  })

  test('a freeze of the configuration is not lifted by people; whoever agreed waits for the others', () => {
    const { freezes, ...place } = placeIn('frozen')
    const [freeze] = freezes
    if (freeze === undefined) throw new Error('Nothing is frozen.')
    const { liftAgreed: _, ...configured } = freeze
    expect(said('unfreeze', 'noor', { ...place, freezes: [configured] })).toBe('Nobody has frozen web.')
    const agreed = [{ ...freeze, liftAgreed: [{ person: 'noor' }] }]
    expect(said('unfreeze', 'noor', { ...place, freezes: agreed })).toBe(
      'Counted already: you agreed to it, and it takes somebody else, too.',
    )
    expect(said('unfreeze', 'noor', { ...place, freezes: [...agreed, freeze] })).toBeNull()
    expect(said('unfreeze', 'mara', { ...place, freezes: agreed })).toBeNull()
  })

  test('a freeze goes by the policy that the team has now', () => {
    const teamPolicy = { ...placeIn('open').glance.policy, stop: ['security'], resume: [{ role: 'lead', count: 1 }] }
    const place = placeIn('frozen', { place: { teamPolicy } })
    expect(idsWhoMay('freeze', place)).toEqual(['mara', 'tom'])
    expect(idsWhoMay('unfreeze', place)).toEqual(['lea'])
    expect(idsWhoMay('withdraw', place)).toEqual(['mara', 'noor', 'jonas'])
  })

  test('whose vote a break-glass skipped may stop it until somebody reviewed it', () => {
    const place = placeIn('broken glass', { status: 'rolling out' })
    expect(idsWhoMay('pause', place)).toEqual(['mara', 'noor', 'tom', 'jonas'])
    expect(idsWhoMay('halt', place)).toEqual(['mara', 'noor', 'tom', 'jonas'])
    const { breakGlass } = place.glance
    const reviewed = placeIn('broken glass', {
      status: 'rolling out',
      glance: { breakGlass: breakGlass && { ...breakGlass, reviewedBy: 'mara' } },
    })
    expect(idsWhoMay('pause', reviewed)).toEqual(['mara', 'noor', 'jonas'])
  })

  test('while a notice runs those vote who may object; asked for its fallback, those of the fallback', () => {
    const lazy = { kind: 'lazy consensus', noticeSeconds: 60, objectors: ['lead'] } as const
    expect(idsWhoMay('approve', placeIn('open', { policy: { approval: lazy } }))).toEqual(['lea'])
    const fallback = [{ role: 'security', count: 1 }]
    const standing = { kind: 'standing', rule: 'dev', noticeSeconds: 60, objectors: ['lead'], fallback } as const
    const policy = { approval: standing }
    expect(idsWhoMay('reject', placeIn('open', { policy }))).toEqual(['lea'])
    expect(idsWhoMay('reject', placeIn('open', { policy, glance: { standingRefused: 'no rule' } }))).toEqual([
      'mara',
      'tom',
    ])
  })
})

const early: readonly Status[] = ['open', 'approved', 'scheduled']
const underWay: readonly Status[] = ['rolling out', 'paused', 'halted']
const notFinal = statuses.filter((status) => !finalStatuses.includes(status))

function voteIsOver(status: Status): string {
  if (status === 'approved' || status === 'scheduled')
    return 'PW-1 is already approved; your vote was not needed and was not counted. To stop it, withdraw it.'
  if (status === 'rejected') return 'PW-1 was rejected: too early. Voting is over.'
  if (status === 'superseded') return 'PW-1 was replaced by PW-2; vote there.'
  return `Voting on PW-1 is over: it is ${status}. Nothing was counted.`
}

describe('when', () => {
  test.each<[Act, string, Scene, readonly Status[], (status: Status) => string]>([
    ['comment', 'ava', 'scheduled', statuses, () => ''],
    ['ask', 'ava', 'open', notFinal, (status) => `PW-1 is ${status}.`],
    ['ask', 'ava', 'broken glass', statuses, () => ''],
    ['approve', 'mara', 'open', ['open'], voteIsOver],
    ['abstain', 'mara', 'open', ['open'], voteIsOver],
    ['reject', 'mara', 'open', ['open'], voteIsOver],
    ['withdraw-vote', 'noor', 'scheduled', early, voteIsOver],
    [
      'withdraw',
      'jonas',
      'scheduled',
      ['open', 'approved', 'scheduled', 'paused', 'halted'],
      (status) =>
        finalStatuses.includes(status)
          ? `PW-1 is over: it is ${status}.`
          : 'PW-1 is being rolled out. Halt it first; then it can be withdrawn.',
    ],
    [
      'postpone',
      'lea',
      'scheduled',
      ['scheduled'],
      (status) => `PW-1 is ${status}: only what is scheduled and has not begun is postponed.`,
    ],
    ['freeze', 'jonas', 'open', notFinal, (status) => `PW-1 is ${status}.`],
    ['unfreeze', 'noor', 'frozen', notFinal, (status) => `PW-1 is ${status}.`],
    [
      'acknowledge',
      'jonas',
      'scheduled',
      ['approved', 'scheduled', 'rolling out'],
      (status) => `There is nothing to acknowledge: PW-1 is ${status}.`,
    ],
    ['pause', 'jonas', 'halted', ['rolling out'], (status) => `PW-1 is ${status}: there is nothing to pause.`],
    ['halt', 'jonas', 'halted', ['rolling out', 'paused'], (status) => `PW-1 is ${status}: there is nothing to halt.`],
    ['skip', 'jonas', 'halted', underWay, (status) => `PW-1 is ${status}: nothing is being rolled out.`],
    ['leave-out', 'noor', 'halted', underWay, (status) => `PW-1 is ${status}: nothing is being rolled out.`],
    ['go', 'lea', 'waits for go', ['rolling out'], () => 'No ring of PW-1 waits for a go.'],
    ['retry', 'noor', 'halted', underWay, (status) => `PW-1 is ${status}: propose what is still missing anew.`],
    ['retry', 'noor', 'scheduled', [], (status) => `PW-1 is ${status}: nothing was rolled out yet.`],
    ['resume', 'noor', 'halted', ['paused', 'halted'], (status) => `PW-1 is ${status}, not stopped.`],
    [
      'extend-window',
      'noor',
      'halted',
      underWay,
      (status) => `PW-1 is ${status}: only the window of a running rollout can be extended.`,
    ],
    ['break-glass', 'tom', 'open', early, (status) => `PW-1 is ${status}.`],
    ['review-break-glass', 'noor', 'broken glass', statuses, () => ''],
  ])('%s by %s, %s', (act, who, scene, accepted, sentence) => {
    const { glance, ...rest } = placeIn(scene, { glance: decidedOtherwise })
    for (const status of statuses) {
      const place = { ...rest, glance: { ...glance, status } }
      expect(said(act, who, place), status).toBe(accepted.includes(status) ? null : sentence(status))
    }
  })

  test.each<[string, Act, string, Scene, PlaceOptions, string, string | null]>([
    // Voting.
    [
      'past its deadline nobody votes, whether the timer came or not',
      'reject',
      'mara',
      'open',
      { place: { now: '2026-11-27T00:00:00.000Z' } },
      'not now',
      'PW-1 expired on 2026-11-27; no vote was counted.',
    ],
    ['until its deadline they do', 'reject', 'mara', 'open', { place: { now: '2026-11-26T23:59:59.000Z' } }, '', null],
    [
      'of a vote that is not theirs there is nothing to withdraw',
      'withdraw-vote',
      'mara',
      'scheduled',
      {},
      'already',
      'You have no vote on PW-1 to withdraw.',
    ],
    [
      'what was rejected without a word is over all the same',
      'approve',
      'mara',
      'open',
      { status: 'rejected' },
      'not now',
      'PW-1 was rejected: . Voting is over.',
    ],
    [
      'what was replaced by nobody knows what is over all the same',
      'approve',
      'mara',
      'open',
      { status: 'superseded' },
      'not now',
      'PW-1 was replaced by a newer proposal; vote there.',
    ],
    [
      'there is nothing to confirm where all came by an account of their own',
      'confirm',
      'noor',
      'scheduled',
      {},
      'not now',
      'Nothing of yours on PW-1 waits for a confirmation.',
    ],
    // Its life.
    [
      'what is at work is not withdrawn',
      'withdraw',
      'jonas',
      'at work',
      { status: 'halted' },
      'not now',
      'Servers of PW-1 are still being patched; withdraw it when they are done.',
    ],
    [
      'what has no window is not postponed',
      'postpone',
      'jonas',
      'scheduled',
      { glance: { schedule: null } },
      'not now',
      'PW-1 is scheduled: only what is scheduled and has not begun is postponed.',
    ],
    [
      'a rule is not postponed',
      'postpone',
      'jonas',
      'scheduled',
      { glance: { subject: rule } },
      'not now',
      'PW-1 is scheduled: only what is scheduled and has not begun is postponed.',
    ],
    [
      'nobody acknowledges where the policy does not ask for it',
      'acknowledge',
      'jonas',
      'scheduled',
      { policy: { acknowledgement: null } },
      'not now',
      'Nobody is asked to acknowledge PW-1: the policy "standard" asks for none.',
    ],
    [
      'nobody acknowledges a rule',
      'acknowledge',
      'jonas',
      'scheduled',
      { glance: { subject: rule }, status: 'approved' },
      'not now',
      'There is nothing to acknowledge: PW-1 is approved.',
    ],
    [
      'one acknowledgement is enough',
      'acknowledge',
      'noor',
      'scheduled',
      { glance: { acknowledgedBy: 'jonas' } },
      'already',
      'PW-1 is acknowledged already.',
    ],
    // Its test ring.
    ['a test that runs can be paused', 'pause', 'jonas', 'test runs', {}, '', null],
    ['a test that runs can be halted', 'halt', 'jonas', 'test runs', {}, '', null],
    [
      'a test that runs is not stopped',
      'resume',
      'noor',
      'test runs',
      {},
      'not now',
      'PW-1 is open; its test ring is running, not stopped.',
    ],
    [
      'a paused test is not paused again',
      'pause',
      'jonas',
      'test paused',
      {},
      'already',
      'The test ring of PW-1 is paused already.',
    ],
    ['a paused test can be halted', 'halt', 'jonas', 'test paused', {}, '', null],
    ['a paused test can be resumed', 'resume', 'noor', 'test paused', {}, '', null],
    [
      'a halted test is not paused',
      'pause',
      'jonas',
      'test halted',
      {},
      'not now',
      'PW-1 is open; its test ring is halted: there is nothing to pause.',
    ],
    [
      'a halted test is not halted again',
      'halt',
      'jonas',
      'test halted',
      {},
      'already',
      'The test ring of PW-1 is halted already.',
    ],
    [
      'a halted test only ends',
      'resume',
      'noor',
      'test halted',
      {},
      'not now',
      'The test ring of PW-1 was halted, and only ends: it cannot be resumed.',
    ],
    [
      'what only a test did is not rolled back',
      'roll-back',
      'jonas',
      'test halted',
      {},
      'not now',
      'PW-1 has changed no server, so there is nothing to roll back.',
    ],
    // The rollout.
    [
      'nothing is left out of what has not started',
      'skip',
      'jonas',
      'scheduled',
      { status: 'rolling out' },
      'not now',
      'PW-1 is rolling out: nothing is being rolled out.',
    ],
    [
      'what has failed is what is left out',
      'leave-out',
      'noor',
      'started',
      {},
      'not now',
      'No server of PW-1 has failed.',
    ],
    ['what has failed is tried again', 'retry', 'noor', 'started', {}, 'not now', 'No server of PW-1 has failed.'],
    [
      'there is a go only for a ring that asks for it',
      'go',
      'lea',
      'waits for go',
      { glance: { rollout: null } },
      'not now',
      'No ring of PW-1 waits for a go.',
    ],
    // Rolling back.
    [
      'what is being rolled out is halted first',
      'roll-back',
      'jonas',
      'started',
      {},
      'not now',
      'PW-1 is being rolled out: halt it first.',
    ],
    [
      'what is being verified is halted first',
      'roll-back',
      'jonas',
      'started',
      { status: 'verifying' },
      'not now',
      'PW-1 is being rolled out: halt it first.',
    ],
    [
      'a rule is not rolled back',
      'roll-back',
      'jonas',
      'open',
      { glance: { subject: rule } },
      'not now',
      'PW-1 asks for a rule; there is nothing to roll back.',
    ],
    // Break-glass.
    [
      'there is no break-glass where the policy has none',
      'break-glass',
      'tom',
      'open',
      { policy: { breakGlass: null } },
      'not allowed',
      'The policy "standard" has no break-glass.',
    ],
    [
      'a rule is never decided by break-glass',
      'break-glass',
      'tom',
      'open',
      { glance: { subject: rule } },
      'not allowed',
      'A rule is decided by its quorum, never by break-glass. Nobody else can either: ask an operator.',
    ],
    [
      'the glass is broken once',
      'break-glass',
      'mara',
      'broken glass',
      { status: 'open' },
      'already',
      'Somebody broke the glass for PW-1 already.',
    ],
    [
      'past its deadline it is not broken',
      'break-glass',
      'tom',
      'open',
      { place: { now: '2026-11-27T00:00:00.000Z' } },
      'not now',
      'PW-1 expired on 2026-11-27; nothing was approved.',
    ],
    [
      'what is approved has no deadline any more',
      'break-glass',
      'tom',
      'scheduled',
      { place: { now: '2026-11-27T00:00:00.000Z' } },
      '',
      null,
    ],
    [
      'nobody reviews what nobody broke',
      'review-break-glass',
      'noor',
      'scheduled',
      {},
      'not now',
      'Nobody broke the glass for PW-1.',
    ],
  ])('%s', (_, act, who, scene, options, code, sentence) => {
    const place = placeIn(scene, options)
    expect(said(act, who, place)).toBe(sentence)
    expect(codeOf(act, who, place)).toBe(sentence === null ? null : code)
  })

  test('an asset can be left out as long as one is left that was not started and not left out', () => {
    const { tally } = placeIn('halted').glance
    // Six assets, of which one failed.
    expect(said('skip', 'jonas', placeIn('halted', { glance: { tally: { ...tally, skipped: 4 } } }))).toBeNull()
    expect(said('skip', 'jonas', placeIn('halted', { glance: { tally: { ...tally, skipped: 5 } } }))).toBe(
      'No server of PW-1 is left that could be left out.',
    )
  })

  test('what has changed is rolled back once nothing is at work; what rolls back is not', () => {
    const changed = (scene: Scene) => ({ ...placeIn(scene).glance.tally, changed: true })
    expect(said('roll-back', 'jonas', placeIn('halted', { glance: { tally: changed('halted') } }))).toBeNull()
    expect(
      said('roll-back', 'jonas', placeIn('at work', { status: 'halted', glance: { tally: changed('at work') } })),
    ).toBe('Servers of PW-1 are still being patched; roll it back when they are done.')
    const { subject } = placeIn('halted').glance
    const back: Glance['subject'] = subject.kind === 'patches' ? { ...subject, rollsBack: 'PW-0' } : subject
    expect(said('roll-back', 'jonas', placeIn('halted', { glance: { subject: back, tally: changed('halted') } }))).toBe(
      'PW-1 rolls PW-0 back itself: propose the patches again instead.',
    )
    expect(said('break-glass', 'tom', placeIn('open', { glance: { subject: back } }))).toBe(
      'PW-1 is decided already: it rolls PW-0 back.',
    )
  })

  test('a window is extended in its last three hours or after it, and never into a freeze', () => {
    const schedule = { start: '2026-11-20T01:00:00.000Z', end: '2026-11-20T09:00:00.000Z' }
    const extend = (now: string, place: PlaceOptions['place'] = {}) =>
      said('extend-window', 'noor', placeIn('halted', { glance: { schedule }, place: { ...place, now } }))
    const anyway =
      'The window is open until 2026-11-20T09:00:00.000Z anyway: it is extended in its last 3 hours, or after it.'
    expect(extend('2026-11-20T01:00:00.000Z')).toBe(anyway)
    expect(extend('2026-11-20T04:00:00.000Z')).toBe(anyway)
    // A window is made longer by four hours at most, and that is not when it may be.
    expect(extend('2026-11-20T05:00:01.000Z')).toBe(anyway)
    expect(extend('2026-11-20T05:59:59.000Z')).toBe(anyway)
    expect(extend('2026-11-20T06:00:00.000Z')).toBeNull()
    expect(extend('2026-11-20T09:00:00.000Z')).toBeNull()
    // It stopped, and its window is moved to one that has not begun.
    expect(extend('2026-11-20T00:59:00.000Z')).toBeNull()
    const sale = { name: 'Sale', from: '2026-11-20T08:00:00.000Z', to: '2026-11-21T00:00:00.000Z', teams: ['web'] }
    expect(extend('2026-11-20T09:00:00.000Z', { freezes: [sale] })).toBe('Nothing may be touched now: Sale.')
    expect(extend('2026-11-20T07:00:00.000Z', { freezes: [sale] })).toBeNull()
    expect(extend('2026-11-20T09:00:00.000Z', { freezes: [{ ...sale, teams: ['db'] }] })).toBeNull()
    expect(said('extend-window', 'noor', placeIn('halted', { glance: { schedule: null } }))).toBe(
      'PW-1 is halted: only the window of a running rollout can be extended.',
    )
  })
})

describe('the revision that a button shows', () => {
  const old =
    'PW-1 has changed since: this was revision 1, now it is revision 2. Look at the new card before you vote; nothing was counted.'

  test.each<Act>(['approve', 'abstain', 'reject'])('is the one that %s answers', (act) => {
    const place = placeIn('open', { glance: { revision: 2 } })
    expect(said(act, 'mara', place, 1)).toBe(old)
    expect(codeOf(act, 'mara', place, 1)).toBe('old revision')
    expect(said(act, 'mara', place, 2)).toBeNull()
    expect(said(act, 'mara', place)).toBeNull()
  })
})

describe('what of their own is against it', () => {
  test('who voted so already counts once, and may change it', () => {
    const one = caseOf()
    one.vote('mara', 'approve')
    const { policy, votes } = one.state()
    const glance = { votes }
    const approvedOnce = placeIn('open', { policy, glance })
    expect(said('approve', 'mara', approvedOnce)).toBe('You already voted to approve on PW-1; one person counts once.')
    expect(codeOf('approve', 'mara', approvedOnce)).toBe('already')
    expect(said('abstain', 'mara', approvedOnce)).toBeNull()
    const abstained = placeIn('open', { glance: { votes: votes.map((vote) => ({ ...vote, choice: 'abstain' })) } })
    expect(said('abstain', 'mara', abstained)).toBe('You already voted to abstain on PW-1; one person counts once.')
    expect(said('approve', 'mara', abstained)).toBeNull()
    expect(said('approve', 'noor', approvedOnce)).toBeNull()
  })

  test('a vote that came by a link is cast again by an account of their own, and not by the link', () => {
    const one = caseOf()
    one.vote('noor', 'approve')
    const votes = one.state().votes.map((vote) => ({ ...vote, through: marasLink }))
    const place = placeIn('open', { glance: { votes } })
    expect(said('approve', 'noor', place)).toBeNull()
    expect(codeOf('approve', doer('noor', { through: marasLink }), place)).toBe('already')
  })

  test('who proposed it does not approve it, and others are named', () => {
    const place = placeIn('open', { proposer: person('noor') })
    expect(said('approve', 'noor', place)).toBe('You proposed PW-1, so you cannot approve it. Mara or Tom can.')
    expect(said('reject', 'noor', place)).toBeNull()
    const alone = placeIn('open', { proposer: person('noor'), place: { members: people.slice(1, 2) } })
    expect(said('approve', 'noor', alone)).toBe(
      'You proposed PW-1, so you cannot approve it. Nobody else can either: ask an operator.',
    )
    expect(
      said('approve', 'noor', placeIn('open', { proposer: person('noor'), policy: { selfApproval: 'allowed' } })),
    ).toBe(null)
  })

  test('where a ring asks for more proof, an approval is confirmed in the console: it is offered, and not counted', () => {
    const place = placeIn('open', { policy: { stepUpRings: ['canary', 'broad'] } })
    const inSlack = doer('tom', { via: 'slack' })
    expect(said('approve', inSlack, place)).toBe(
      'PW-1 reaches canary and broad: approve it in the console, then confirm that by an account of your own. Nothing was counted yet.',
    )
    expect(codeOf('approve', inSlack, place)).toBe('step-up')
    expect(isOffered('approve', inSlack, place)).toBe(true)
    expect(said('approve', 'tom', place)).toBeNull()
    expect(said('reject', inSlack, place)).toBeNull()
    expect(said('approve', inSlack, placeIn('open', { policy: { stepUpRings: ['other'] } }))).toBeNull()
  })

  test('who agreed to resume counts once; by an account of their own what came by a link is said again', () => {
    const policy = { resume: [{ role: 'owner', count: 2 }] }
    const agreed = (through?: Through) =>
      placeIn('halted', {
        policy,
        glance: { resumeVotes: [{ person: 'noor', name: 'Noor', ...(through ? { through } : {}) }] },
      })
    const already = 'You already agreed to resume PW-1; the policy asks for others too.'
    expect(said('resume', 'noor', agreed())).toBe(already)
    expect(codeOf('resume', 'noor', agreed())).toBe('already')
    expect(said('resume', 'mara', agreed())).toBeNull()
    expect(said('resume', 'noor', agreed(marasLink))).toBeNull()
    expect(said('resume', doer('noor', { through: marasLink }), agreed(marasLink))).toBe(already)
  })

  test('who agreed to leave out each that failed counts once', () => {
    const to = { act: 'leave-out', asset: 'lab/web1' } as const
    const agreed = (through?: Through) =>
      placeIn('halted', {
        glance: { agreements: [{ person: 'noor', name: 'Noor', to, ...(through ? { through } : {}) }] },
      })
    const already = 'Counted already: you agreed to it, and it takes somebody else, too.'
    expect(said('leave-out', 'noor', agreed())).toBe(already)
    expect(codeOf('leave-out', 'noor', agreed())).toBe('already')
    expect(said('leave-out', 'mara', agreed())).toBeNull()
    expect(said('leave-out', 'noor', agreed(marasLink))).toBeNull()
    expect(said('leave-out', doer('noor', { through: marasLink }), agreed(marasLink))).toBe(already)
    // Another one failed, to which Noor has not agreed.
    const { tally } = placeIn('halted').glance
    const two = { ...tally, failed: { ...tally.failed, count: 2 } }
    expect(said('leave-out', 'noor', placeIn('halted', { glance: { ...agreed().glance, tally: two } }))).toBeNull()
  })

  test('who agreed to a longer window counts once, as long as that end is to come', () => {
    const agreed = (until: string) =>
      placeIn('halted', {
        glance: { agreements: [{ person: 'noor', name: 'Noor', to: { act: 'extend-window', until } }] },
      })
    const already = 'Counted already: you agreed to it, and it takes somebody else, too.'
    expect(said('extend-window', 'noor', agreed('2026-11-20T05:00:00.000Z'))).toBe(already)
    expect(said('extend-window', 'mara', agreed('2026-11-20T05:00:00.000Z'))).toBeNull()
    expect(said('extend-window', 'noor', agreed('2026-11-20T01:00:00.000Z'))).toBeNull()
  })

  test('who broke the glass does not review it, nor what came by the same hand', () => {
    const place = placeIn('broken glass')
    expect(said('review-break-glass', 'mara', place)).toBeNull()
    expect(said('review-break-glass', 'tom', place)).toBe(
      'You broke the glass yourself: somebody else reviews it. Mara, Noor, Jonas and 1 more can.',
    )
    const { breakGlass } = place.glance
    const byShell = placeIn('broken glass', {
      policy: { cli: 'recorded' },
      glance: { breakGlass: breakGlass && { ...breakGlass, through: shell } },
    })
    expect(said('review-break-glass', doer('noor', { through: shell }), byShell)).toBe(
      'Not reviewed: this came by the same hand as the break-glass. Somebody else reviews it. Mara, Noor, Jonas and 1 more can.',
    )
    expect(said('review-break-glass', 'noor', byShell)).toBeNull()
    const reviewed = placeIn('broken glass', {
      glance: { breakGlass: breakGlass && { ...breakGlass, reviewedBy: 'lea' } },
    })
    expect(said('review-break-glass', 'mara', reviewed)).toBe('The break-glass of PW-1 has been reviewed already.')
    expect(codeOf('review-break-glass', 'mara', reviewed)).toBe('already')
  })

  test('what came by a link waits for its confirmation, a vote and an agreement to resume alike', () => {
    const vote = caseOf()
    vote.vote('noor', 'approve')
    const votes = vote.state().votes.map((one) => ({ ...one, through: marasLink, seq: 2 }))
    const voted = placeIn('open', { glance: { votes } })
    expect(said('confirm', 'noor', voted)).toBeNull()
    expect(said('confirm', 'tom', voted)).toBe('Nothing of yours on PW-1 waits for a confirmation.')
    const stopped = (resumeVotes: Glance['resumeVotes']) => placeIn('halted', { glance: { resumeVotes } })
    expect(said('confirm', 'noor', stopped([agreedByLink]))).toBeNull()
    // An agreement that an earlier version recorded needs none.
    const { person: who, name, through } = agreedByLink
    expect(said('confirm', 'noor', stopped([{ person: who, name, through }]))).toBe(
      'Nothing of yours on PW-1 waits for a confirmation.',
    )
  })

  test('an account that was linked after that confirms nothing, and is offered nothing', () => {
    const { glance } = placeIn('open')
    const vote = { ...agreedByLink, choice: 'approve', reason: null, revision: 1, via: 'console' } as const
    const voted = placeIn('open', { glance: { ...glance, votes: [vote] } })
    const linked = (linkedAt: string) => doer('noor', { via: 'slack', linkedAt })
    expect(said('confirm', linked('2026-11-20T01:59:59.000Z'), voted)).toBeNull()
    expect(said('confirm', linked('2026-11-20T02:00:00.000Z'), voted)).toBe(
      'Not confirmed: this account was linked after that was done. Confirm it by an account that was known before.',
    )
    expect(isOffered('confirm', linked('2026-11-20T02:00:00.000Z'), voted)).toBe(false)
  })
})

test('what decides is not taken from the command line where the policy does not say so; what stops or looks is', () => {
  const scene: Readonly<Partial<Record<Act, Scene>>> = {
    'withdraw-vote': 'scheduled',
    postpone: 'scheduled',
    acknowledge: 'scheduled',
    unfreeze: 'frozen',
    pause: 'started',
    halt: 'started',
    'end-waiting': 'started',
    skip: 'started',
    'leave-out': 'halted',
    go: 'waits for go',
    retry: 'halted',
    resume: 'halted',
    'extend-window': 'halted',
    'roll-back': 'halted',
    'review-break-glass': 'broken glass',
  }
  const refused = acts.filter((act) => {
    const place = placeIn(scene[act] ?? 'open')
    const able = idsWhoMay(act, place)[0] ?? 'noor'
    return said(act, doer(able, { through: shell, via: 'cli' }), place)?.includes('from the command line') === true
  })
  expect(refused).toEqual([
    'approve',
    'abstain',
    'reject',
    'withdraw',
    'unfreeze',
    'acknowledge',
    'leave-out',
    'go',
    'retry',
    'resume',
    'extend-window',
    'roll-back',
    'break-glass',
    'review-break-glass',
  ])
})

test('while people vote, withdrawing takes an account of one’s own; what was decided is cancelled and ended in any way', () => {
  const recorded = { policy: { cli: 'recorded' } } as const
  const by = (through: Through, scene: Scene, options: PlaceOptions = {}) =>
    said('withdraw', doer('noor', { through }), placeIn(scene, options))
  const link = 'this session began with a sign-in link made by Mara. Do it in Slack or Discord.'
  expect(by(marasLink, 'open')).toBe(`Not withdrawn: while people vote, that takes an account of your own, and ${link}`)
  expect(isOffered('withdraw', doer('noor', { through: marasLink }), placeIn('open'))).toBe(false)
  expect(by(shell, 'open')).toContain('decisions are not taken from the command line here')
  expect(by(shell, 'open', recorded)).toBeNull()
  expect(by({ kind: 'example' }, 'open')).toBeNull()
  for (const scene of ['scheduled', 'halted'] as const)
    for (const through of [marasLink, shell]) {
      expect(by(through, scene), scene).toBeNull()
      expect(isOffered('withdraw', doer('noor', { through }), placeIn(scene))).toBe(true)
    }
})
