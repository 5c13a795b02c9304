import { describe, expect, test } from 'vitest'
import { type Act, actOf, acts, isAct } from '../../../src/core/permission/acts.ts'
import { forbidden } from '../../../src/core/permission/forbidden.ts'
import type { PeoplesCommand } from '../../../src/core/permission/parts.ts'
import type { Context, ProposalCommand } from '../../../src/core/proposal/command.ts'
import { caseOf, doer, people, scenes } from '../../support/permission-scene.ts'
import { machine } from '../../support/proposal-case.ts'
import { content, policy } from '../../support/proposals.ts'

const reason = 'because'
const vote = { type: 'vote', revision: null, reason, owner: null, until: null } as const

/** What people give, with the act that it is. */
const ofPeople: readonly (readonly [PeoplesCommand, Act])[] = [
  [{ ...vote, choice: 'approve' }, 'approve'],
  [{ ...vote, choice: 'abstain' }, 'abstain'],
  [{ ...vote, choice: 'reject' }, 'reject'],
  [{ type: 'comment', text: 'hello' }, 'comment'],
  [{ type: 'withdraw-vote' }, 'withdraw-vote'],
  [{ type: 'ask', person: 'tom', reason }, 'ask'],
  [{ type: 'confirm', act: null }, 'confirm'],
  [{ type: 'withdraw', reason }, 'withdraw'],
  [{ type: 'postpone', until: null, reason }, 'postpone'],
  [{ type: 'freeze', until: '2026-12-24T00:00:00.000Z', reason }, 'freeze'],
  [{ type: 'unfreeze' }, 'unfreeze'],
  [{ type: 'acknowledge' }, 'acknowledge'],
  [{ type: 'pause', reason }, 'pause'],
  [{ type: 'halt', reason }, 'halt'],
  [{ type: 'go' }, 'go'],
  [{ type: 'retry', asset: null }, 'retry'],
  [{ type: 'resume' }, 'resume'],
  [{ type: 'extend-window', until: null, reason }, 'extend-window'],
  [{ type: 'break-glass', reason }, 'break-glass'],
  [{ type: 'open-roll-back', by: 'PW-2' }, 'roll-back'],
  [{ type: 'review-break-glass' }, 'review-break-glass'],
  [{ type: 'skip', asset: 'web1', reason }, 'skip'],
]

const ofParts: readonly ProposalCommand[] = [
  { type: 'open', id: 'PW-1', number: 1, team: 'web', content: content(4), policy },
  { type: 'revise', content: content(4), reason },
  { type: 'compare-assets', departures: [], newcomers: [] },
  { type: 'supersede', by: 'PW-2' },
  { type: 'end-roll-back', by: 'PW-2', undone: [] },
  { type: 'follow-up', advisory: 'DSA-1', mends: 'DSA-0', proposal: 'PW-2' },
  { type: 'remind' },
  { type: 'expire' },
  { type: 'end-notice' },
  { type: 'ask-acknowledgement' },
  { type: 'reschedule' },
  { type: 'announce-window' },
  { type: 'start' },
  { type: 'start-test' },
  { type: 'start-batch' },
  { type: 'yield', to: 'PW-2', priority: 'immediate', assets: [] },
  { type: 'take-over', from: 'PW-2', assets: [] },
  { type: 'end-soak' },
  { type: 'complete' },
  { type: 'record-outcomes', outcomes: [] },
  { type: 'record-gate', results: [] },
  { type: 'record-verifications', verifications: [] },
  { type: 'note-drift', asset: 'web1', what: 'openssl' },
  {
    type: 'note-late-word',
    asset: 'web1',
    word: { applied: true, what: 'all of it is installed', saidAt: '2026-11-20T12:00:00.000Z' },
  },
  { type: 'note', text: 'hello' },
  { type: 'note-taken-back', why: 'Stopped', goesOn: false, stopped: 1, may: 0, until: null, atWork: 0 },
]

const one = caseOf()
const context: Context = { now: one.now(), actor: machine, members: people, freezes: [], standing: null }

describe('a part of Patchwarden', () => {
  test.each(ofPeople)('does nothing that people do: %j', (command) => {
    expect(forbidden(one.state(), command, context)).toEqual({
      code: 'not allowed',
      sentence: `${command.type} is for people: Patchwarden never does it by itself.`,
    })
  })

  test.each(ofParts)('does its own, and none does another’s: %j', (command) => {
    const parts = ['assessment', 'timer', 'rollout', 'verification', 'operator', 'inventory', 'feeds'] as const
    const may = parts.filter(
      (part) => forbidden(one.state(), command, { ...context, actor: { kind: 'system', part } }) === null,
    )
    expect(may).toHaveLength(1)
  })
})

describe('a person', () => {
  test.each(ofParts)('does nothing that a part of Patchwarden does: %j', (command) => {
    expect(forbidden(one.state(), command, { ...context, actor: doer('mara') })).toEqual({
      code: 'not allowed',
      sentence: `Only Patchwarden itself does this (${command.type}).`,
    })
  })

  test('is judged by the row of the act, with the revision that the vote shows', () => {
    const actor = doer('mara')
    const approve = { ...vote, choice: 'approve' } as const
    expect(forbidden(one.state(), approve, { ...context, actor })).toBeNull()
    expect(forbidden(one.state(), { ...approve, revision: 7 }, { ...context, actor })).toMatchObject({
      code: 'old revision',
    })
    expect(forbidden(one.state(), approve, { ...context, actor: doer('ava') })).toMatchObject({ code: 'not allowed' })
  })

  test('is judged by the freezes of now, and by the policy that the team has now', () => {
    const rolling = scenes.started()
    const extend: ProposalCommand = { type: 'extend-window', until: null, reason }
    const here = { ...context, now: rolling.now(), actor: doer('noor') }
    expect(forbidden(rolling.state(), extend, here)).toBeNull()
    const sale = { name: 'Sale', from: '2026-11-01T00:00:00.000Z', to: '2026-12-01T00:00:00.000Z', teams: null }
    expect(forbidden(rolling.state(), extend, { ...here, freezes: [sale] })).toMatchObject({
      sentence: 'Nothing may be touched now: Sale.',
    })
    const teamPolicy = { ...policy, resume: [{ role: 'lead', count: 1 }] }
    expect(forbidden(rolling.state(), { type: 'unfreeze' }, here)).toBeNull()
    expect(forbidden(rolling.state(), { type: 'unfreeze' }, { ...here, teamPolicy })).toMatchObject({
      sentence: 'Lifting the freeze of PW-1 takes the role lead; you have owner. Lea can.',
    })
  })
})

describe('an act', () => {
  test.each(ofPeople)('is what a command asks for: %j is %s', (command, act) => {
    expect(actOf(command, one.state())).toBe(act)
  })

  test('leaves out what failed where an asset has, and else skips it', () => {
    const halted = scenes.halted().state()
    expect(actOf({ type: 'skip', asset: 'web1', reason }, halted)).toBe('leave-out')
    expect(actOf({ type: 'skip', asset: 'web6', reason }, halted)).toBe('skip')
    expect(actOf({ type: 'skip', asset: 'nowhere', reason }, halted)).toBe('skip')
  })

  test('is of a closed list', () => {
    expect(acts.every(isAct)).toBe(true)
    for (const other of ['', 'vote', 'Approve', 'delete']) expect(isAct(other)).toBe(false)
  })
})
