import { describe, expect, test } from 'vitest'
import { agreedTo } from '../../../src/core/proposal/agreement.ts'
import type { ProposalEvent } from '../../../src/core/proposal/event.ts'
import { isSame, withAgreements } from '../../../src/core/proposal/evolve-agreements.ts'
import type { Actor, AgreedAct, ProposalState } from '../../../src/core/proposal/proposal.ts'
import { machine, person, proposalCase } from '../../support/proposal-case.ts'

const web1: AgreedAct = { act: 'leave-out', asset: 'lab/web1' }
const web2: AgreedAct = { act: 'leave-out', asset: 'lab/web2' }
const five: AgreedAct = { act: 'extend-window', until: '2026-11-20T05:00:00.000Z' }
const six: AgreedAct = { act: 'extend-window', until: '2026-11-20T06:00:00.000Z' }
const fresh = proposalCase().state()

function next(state: ProposalState, event: ProposalEvent, actor: Actor = machine, inItself?: true): ProposalState {
  const at = '2026-11-20T02:00:00.000Z'
  return withAgreements(state, { stream: 'PW-1', seq: 9, at, actor, event, ...(inItself ? { inItself } : {}) })
}

function agreed(to: AgreedAct, who: string): ProposalEvent {
  return { type: 'agreed', to, reason: 'because', person: who, name: who }
}

/** What stands agreed to after all of these, one after the other. */
function kept(...events: readonly ProposalEvent[]): readonly (readonly [string, AgreedAct])[] {
  const state = events.reduce((before, event) => next(before, event), fresh)
  return (state.agreements ?? []).map(({ person: who, to }) => [who, to])
}

test('two mean the same where they leave out the same asset, or let it run until the same time', () => {
  const all = [web1, web2, five, six]
  for (const one of all) for (const other of all) expect(isSame(one, other)).toBe(one === other)
  expect(isSame(five, { ...five })).toBe(true)
  expect(isSame(web1, { ...web1 })).toBe(true)
})

describe('what somebody agreed to', () => {
  test('stands beside what others did', () => {
    expect(kept(agreed(web1, 'noor'), agreed(web1, 'mara'), agreed(web2, 'noor'), agreed(five, 'noor'))).toEqual([
      ['noor', web1],
      ['mara', web1],
      ['noor', web2],
      ['noor', five],
    ])
  })

  test('is kept once, and of two ends of one window the later word', () => {
    expect(kept(agreed(web1, 'noor'), agreed(five, 'noor'), agreed(five, 'mara'), agreed(six, 'noor'))).toEqual([
      ['noor', web1],
      ['mara', five],
      ['noor', six],
    ])
    expect(kept(agreed(web1, 'noor'), agreed(web1, 'noor'))).toEqual([['noor', web1]])
  })

  test('is kept with how it came, and with the entry that has its words', () => {
    const through = { kind: 'sign-in link', madeBy: ['mara'] } as const
    const byLink = { ...person('noor'), through }
    expect(next(fresh, agreed(web1, 'noor'), byLink).agreements).toEqual([
      { person: 'noor', name: 'noor', to: web1, through, said: 9 },
    ])
    expect(next(fresh, agreed(web1, 'noor'), byLink, true).agreements).toEqual([
      { person: 'noor', name: 'noor', to: web1, through },
    ])
    expect(next(fresh, agreed(web1, 'noor')).agreements).toEqual([{ person: 'noor', name: 'noor', to: web1, said: 9 }])
  })

  const given = [agreed(web1, 'noor'), agreed(web2, 'noor'), agreed(five, 'noor')]
  test.each<[ProposalEvent, readonly AgreedAct[]]>([
    [{ type: 'paused', by: 'Jonas', reason: 'look' }, []],
    [{ type: 'halted', by: 'Jonas', reason: 'look' }, []],
    [{ type: 'resumed', by: ['Noor'] }, []],
    [{ type: 'asset-skipped', asset: 'lab/web1', name: 'Noor', reason: 'gone' }, [web2, five]],
    [{ type: 'retry-asked', assets: ['lab/web2', 'lab/web3'], name: 'Noor' }, [web1, five]],
    [
      { type: 'window-extended', until: '2026-11-20T07:00:00.000Z', person: 'mara', name: 'Mara', reason: 'so' },
      [web1, web2],
    ],
    [{ type: 'acknowledged', person: 'jonas', name: 'Jonas' }, [web1, web2, five]],
  ])('ends with what makes it void: %j', (event, left) => {
    expect(kept(...given, event)).toEqual(left.map((to) => ['noor', to]))
  })

  test('is counted for what it is, a longer window only as long as that end is to come', () => {
    const state = given.reduce((before, event) => next(before, event), fresh)
    const of = (act: AgreedAct['act'], now: string) =>
      agreedTo(state, act, `2026-11-20T${now}.000Z`).map(({ to }) => to)
    expect(of('leave-out', '09:00:00')).toEqual([web1, web2])
    expect(of('extend-window', '04:59:59')).toEqual([five])
    expect(of('extend-window', '05:00:00')).toEqual([])
    expect(agreedTo({}, 'leave-out', '2026-11-20T01:00:00.000Z')).toEqual([])
  })
})
