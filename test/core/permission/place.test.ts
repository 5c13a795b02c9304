import { describe, expect, test } from 'vitest'
import { acts } from '../../../src/core/permission/acts.ts'
import { why } from '../../../src/core/permission/answer.ts'
import { atWork, leftToSkip, notWell } from '../../../src/core/permission/place.ts'
import { relation } from '../../../src/core/permission/relations.ts'
import { doer, placeIn, said } from '../../support/permission-scene.ts'

describe('of the assets of a rollout', () => {
  /** Six assets, of which so many ended how in the first ring. */
  function counted(counts: Readonly<Record<string, number>>) {
    const { glance } = placeIn('started')
    const { rollout } = glance
    const rings = rollout?.rings.map((ring, index) => (index === 0 ? { ...ring, counts } : ring)) ?? []
    return { ...glance, rollout: rollout && { ...rollout, rings } }
  }

  test.each<[Readonly<Record<string, number>>, number, number, number]>([
    [{}, 0, 0, 6],
    [{ 'at work': 2 }, 2, 0, 4],
    [{ 'at work': 1, installed: 2 }, 1, 0, 3],
    [{ installed: 1, failed: 1, unreachable: 1 }, 0, 2, 5],
    [{ 'not touched': 1, waiting: 3, forgiven: 1 }, 0, 1, 6],
  ])('%j: at work, not well, left that can be left out', (counts, working, bad, left) => {
    expect(atWork(counted(counts))).toBe(working)
    expect(notWell(counted(counts))).toBe(bad)
    expect(leftToSkip(counted(counts))).toBe(left)
  })

  test('before it started all are left, and none is at work', () => {
    const { glance } = placeIn('scheduled')
    expect([atWork(glance), notWell(glance), leftToSkip(glance)]).toEqual([0, 0, 6])
  })

  test('a rule has none', () => {
    const { glance } = placeIn('scheduled')
    expect(leftToSkip({ ...glance, subject: { kind: 'standing rule', ...rule } })).toBe(0)
  })
})

const rule = {
  rule: { name: 'dev', team: 'web', tags: ['dev'], types: ['security'], expiresAt: '2027-01-01T00:00:00.000Z' },
  window: { name: 'always', rules: [] },
} as const

test('when all rings have passed none waits for a go', () => {
  const { glance, ...rest } = placeIn('waits for go')
  const { rollout } = glance
  const passed = rollout && { ...rollout, rings: rollout.rings.map((ring) => ({ ...ring, status: 'passed' as const })) }
  expect(said('go', 'lea', { ...rest, glance: { ...glance, rollout: passed } })).toBe('No ring of PW-1 waits for a go.')
  expect(relation('go').roles?.({ glance: { ...glance, rollout: passed } })).toEqual([])
})

test('what a part of Patchwarden proposed has no proposer among people', () => {
  expect(relation('proposer').people?.(placeIn('open'))).toEqual([])
  expect(relation('proposer while it is open').people?.(placeIn('open'))).toEqual([])
})

test('why is told of every act, also where it makes no sense', () => {
  for (const scene of ['open', 'scheduled', 'waits for go'] as const) {
    const place = placeIn(scene, { policy: { breakGlass: null } })
    for (const act of acts) expect(why(act, doer('lea'), place), act).toHaveLength(4)
  }
  expect(why('break-glass', doer('tom'), placeIn('open', { policy: { breakGlass: null } }))[2]).toMatchObject({
    holds: false,
    why: 'The policy "standard" has no break-glass.',
  })
})
