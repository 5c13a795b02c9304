/** What a proposal knows of the one that undoes it. */

import { expect, test } from 'vitest'
import { limits } from '../../../src/core/limits.ts'
import { offersTo } from '../../../src/core/permission/answer.ts'
import type { EndState } from '../../../src/core/proposal/proposal.ts'
import { rollbackProblem, rollbackSubject, undoing } from '../../../src/core/rollback.ts'
import { placeOf } from '../../support/place.ts'
import { machine, members, person, proposalCase } from '../../support/proposal-case.ts'
import { content } from '../../support/proposals.ts'

const jonas = { kind: 'person', id: 'jonas', name: 'Jonas', via: 'console' } as const

/** Halted after its first ring of one asset, or so many: each was changed, and then failed. */
function halted(assets = 4) {
  const one = proposalCase({ content: content(assets) })
  one.vote('noor', 'approve')
  one.vote('tom', 'approve')
  one.give({ type: 'start' })
  one.finishBatch('failed')
  expect(one.state().status).toBe('halted')
  return one
}
type Case = ReturnType<typeof halted>

const asked = { reason: 'it is slow', only: null, doer: jonas } as const

function problem(one: Case, only: string | null = null): string | null {
  const moment = { members, now: one.now(), freezes: [] }
  return rollbackProblem({ ...asked, only, state: one.state(), moment })
}

function isOffered(one: Case): boolean {
  return offersTo(jonas, placeOf(one.state(), members, one.now())).has('roll-back')
}

/** The proposal that undoes it comes to its end, each asset in the same way. */
function undoneBy(one: Case, end: EndState) {
  const { subject } = one.state()
  if (subject.kind !== 'patches') throw new Error('not patches')
  const back = proposalCase({
    content: { ...content(1), subject: rollbackSubject(one.state(), subject, null) },
    proposer: jonas,
  })
  back.give({ type: 'start' })
  back.give({ type: 'start-batch' })
  const ids = back.state().subject.kind === 'patches' ? Object.keys(back.state().rollout?.deployments ?? {}) : []
  const outcome = { state: 'succeeded', changed: [], rebooted: false, log: '' } as const
  const verification = { end, reason: 'it says so', packages: [], health: [], at: back.now() } as const
  back.give({ type: 'record-outcomes', outcomes: ids.map((asset) => ({ asset, outcome })) })
  back.give({ type: 'record-verifications', verifications: ids.map((asset) => ({ asset, verification })) })
  return undoing(back.state())
}

test('while one rolls it back, nobody else does', () => {
  const one = halted()
  expect(problem(one)).toBeNull()
  expect(one.give({ type: 'open-roll-back', by: 'PW-2' }, jonas)).toEqual(['roll-back-opened'])
  expect(problem(one)).toBe('Not rolled back: PW-2 does that already.')
  expect(isOffered(one)).toBe(false)
  expect(one.give({ type: 'open-roll-back', by: 'PW-3' }, person('mara'))).toEqual({
    code: 'not now',
    sentence: 'Not rolled back: PW-2 does that already.',
  })
})

test('what was rolled back is not rolled back again', () => {
  const one = halted()
  one.give({ type: 'open-roll-back', by: 'PW-2' }, jonas)
  const found = undoneBy(one, 'rolled back')
  expect(found).toEqual({
    original: 'PW-1',
    undone: [{ asset: 'lab/web1', key: one.state().rollout?.deployments['lab/web1']?.key }],
  })
  expect(one.give({ type: 'end-roll-back', by: 'PW-2', undone: found?.undone ?? [] }, machine)).toEqual([
    'roll-back-ended',
  ])
  expect(problem(one)).toBe('PW-2 has rolled PW-1 back.')
  expect(isOffered(one)).toBe(false)
  expect(one.give({ type: 'end-roll-back', by: 'PW-2', undone: [] }, machine)).toMatchObject({ code: 'already' })
})

test('where it ended without having changed anything back, it may be rolled back again', () => {
  const one = halted()
  one.give({ type: 'open-roll-back', by: 'PW-2' }, jonas)
  const found = undoneBy(one, 'failed')
  expect(found?.undone).toEqual([])
  one.give({ type: 'end-roll-back', by: 'PW-2', undone: [] }, machine)
  expect(problem(one)).toBeNull()
  expect(isOffered(one)).toBe(true)
  expect(one.give({ type: 'open-roll-back', by: 'PW-3' }, jonas)).toEqual(['roll-back-opened'])
})

test('where it ended half way, only what is still changed is rolled back', () => {
  const one = halted()
  one.give({ type: 'resume' }, person('noor'))
  one.pass(1)
  one.give({ type: 'end-soak' })
  one.finishBatch('failed')
  expect(one.state().status).toBe('halted')
  const { subject } = one.state()
  if (subject.kind !== 'patches') throw new Error('not patches')
  const all = () => rollbackSubject(one.state(), subject, null).assets.map(({ asset }) => asset.id)
  const before = all()
  expect(before.length).toBeGreaterThan(1)
  const [first = ''] = before
  one.give({ type: 'open-roll-back', by: 'PW-2' }, jonas)
  one.give({ type: 'end-roll-back', by: 'PW-2', undone: [{ asset: first, key: null }] }, machine)
  expect(isOffered(one)).toBe(true)
  expect(all()).toEqual(before.slice(1))
  expect(problem(one, first)).toBe(`Not rolled back: PW-2 has rolled "${first}" back.`)
  expect(problem(one, before[1])).toBeNull()
  // Tried again here, it is changed again.
  expect(one.give({ type: 'retry', asset: first }, person('noor'))).toContain('retry-asked')
  one.finishBatch('failed')
  expect(all()).toContain(first)
})

test('what was started again while it was rolled back counts as changed', () => {
  const one = halted()
  one.give({ type: 'open-roll-back', by: 'PW-2' }, jonas)
  one.give({ type: 'end-roll-back', by: 'PW-2', undone: [{ asset: 'lab/web1', key: 'an earlier start' }] }, machine)
  expect(one.state().rollBack).toEqual({ proposal: 'PW-2', over: true })
  expect(isOffered(one)).toBe(true)
})

test('one that an earlier version opened is known from its end on', () => {
  const one = halted()
  one.give({ type: 'end-roll-back', by: 'PW-2', undone: [{ asset: 'lab/web1', key: null }] }, machine)
  expect(problem(one)).toBe('PW-2 has rolled PW-1 back.')
})

test('it is over with the last event that tells of its assets', () => {
  const hosts = limits.assetsPerEvent + 1
  const all = content(hosts)
  if (all.subject.kind !== 'patches') throw new Error('not patches')
  const ids = all.subject.assets.map(({ asset }) => asset.id)
  const gate = { minSuccessPercent: 0, maxFailures: 0, unreachable: 'ignored' } as const
  const rings = [{ name: 'all', assets: ids, batchSize: hosts, soakSeconds: 0, gate }]
  const one = proposalCase({ content: { ...all, subject: { ...all.subject, rings } } })
  one.vote('noor', 'approve')
  one.vote('tom', 'approve')
  one.give({ type: 'start' })
  one.finishBatch('failed')
  while (Object.keys(one.state().rollout?.deployments ?? {}).length < hosts) {
    one.give({ type: 'resume' }, person('noor'))
    one.finishBatch('failed')
  }
  one.give({ type: 'open-roll-back', by: 'PW-2' }, jonas)
  const undone = ids.map((asset) => ({ asset, key: null }))
  expect(one.give({ type: 'end-roll-back', by: 'PW-2', undone }, machine)).toEqual([
    'roll-back-ended',
    'roll-back-ended',
  ])
  const told = one.recorded().flatMap(({ event }) => (event.type === 'roll-back-ended' ? [event] : []))
  expect(told.map(({ assets, more }) => [assets.length, more])).toEqual([
    [limits.assetsPerEvent, true],
    [1, undefined],
  ])
  expect(problem(one)).toBe('PW-2 has rolled PW-1 back.')
})
