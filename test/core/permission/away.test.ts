import { describe, expect, test } from 'vitest'
import { untilBack, withDeputies } from '../../../src/core/deputies.ts'
import { type AwayAsked, declareAbsence, type TeamHere } from '../../../src/core/permission/away.ts'
import type { Doer } from '../../../src/core/permission/row.ts'
import { doer } from '../../support/permission-scene.ts'

const now = '2026-11-30T12:00:00.000Z'
const friday = '2026-12-05T00:00:00.000Z'
const teams: readonly TeamHere[] = [
  {
    team: 'web',
    above: ['lead'],
    members: [
      { id: 'eva', name: 'Eva', roles: ['owner'] },
      { id: 'tom', name: 'Tom', roles: ['security'] },
      { id: 'lea', name: 'Lea', roles: ['lead'] },
      { id: 'ola', name: 'Ola', roles: ['operator'] },
    ],
  },
  {
    team: 'payments',
    above: ['lead'],
    members: [
      { id: 'eva', name: 'Eva', roles: ['owner'] },
      { id: 'tom', name: 'Tom', roles: ['security'] },
      { id: 'ola', name: 'Ola', roles: ['operator'] },
    ],
  },
]
const names = new Map(['eva', 'tom', 'lea', 'ola', 'sam'].map((id) => [id, id[0]?.toUpperCase() + id.slice(1)]))

function declared(asked: Partial<AwayAsked>, by: Doer) {
  return declareAbsence({
    asked: { person: 'eva', deputy: 'tom', until: friday, ...asked },
    doer: by,
    teams,
    names,
    now,
  })
}

function refused(asked: Partial<AwayAsked>, by: Doer): string | null {
  const found = declared(asked, by)
  return 'refused' in found ? found.refused : null
}

describe('somebody who goes away', () => {
  test('names anybody as their deputy, for all teams, also a person of no team', () => {
    const absence = { person: 'eva', deputy: 'sam', from: now, until: friday, anybody: true }
    expect(declared({ deputy: 'sam' }, doer('eva'))).toEqual({ absence })
    const [web] = teams
    const members = withDeputies(web?.members ?? [], [absence], now, (id) => names.get(id) ?? null)
    expect(members.at(-1)).toMatchObject({ id: 'sam', name: 'Sam', roles: ['owner'], own: [] })
  })

  test('may be away without a deputy', () => {
    expect(refused({ deputy: null }, doer('eva'))).toBeNull()
  })
})

describe('for somebody who is absent', () => {
  test.each([
    ['a lead, in the teams that are theirs', 'lea', ['web']],
    ['an operator, in every team', 'ola', ['web', 'payments']],
  ])('%s names a person of the same team', (_, who, where) => {
    expect(declared({}, doer(who))).toMatchObject({ absence: { deputy: 'tom', teams: where } })
  })

  test('a person of no team is not named', () => {
    expect(refused({ deputy: 'sam' }, doer('lea'))).toBe(
      'Not noted: for somebody else you name a person with a role in the same team, and Sam has none in web.',
    )
  })

  test('nobody else does, and is told who can', () => {
    expect(refused({ deputy: 'lea' }, doer('tom'))).toBe(
      'Not noted: that is for Eva to say, or for a lead of the team or an operator (Lea or Ola).',
    )
  })

  test('a deputy of a lead is no lead', () => {
    const leaAway = { person: 'lea', deputy: 'tom', from: now, until: friday }
    const all = teams.map((team) => ({ ...team, members: withDeputies(team.members, [leaAway], now) }))
    const asked = { person: 'eva', deputy: 'ola', until: friday }
    expect(declareAbsence({ asked, doer: doer('tom'), teams: all, names, now })).toHaveProperty('refused')
  })
})

describe('nobody', () => {
  test('names themselves', () => {
    expect(refused({ deputy: 'lea' }, doer('lea'))).toMatch(/nobody names themselves/)
    expect(refused({ deputy: 'eva' }, doer('eva'))).toMatch(/cannot stand in for themselves/)
  })

  test.each<[string, Doer]>([
    ['a session that a link opened', doer('eva', { through: { kind: 'sign-in link', madeBy: ['tom'] } })],
    ['the command line', doer('eva', { through: { kind: 'command line', user: 'deploy', host: 'build01' } })],
  ])('does it by %s', (_, by) => {
    expect(refused({}, by)).toMatch(/takes an account of your own/)
  })

  test('is away until a day that is over, too far off, or none, or is somebody whom nobody knows', () => {
    for (const until of [now, '2028-01-01T00:00:00.000Z', ''])
      expect(refused({ until }, doer('eva'))).toMatch(/say until when/)
    expect(refused({ deputy: 'zoe' }, doer('eva'))).toMatch(/nobody is called "zoe"/)
    expect(refused({ person: 'sam', deputy: 'tom' }, doer('ola'))).toMatch(/Sam holds a role in no team/)
  })
})

test('an absence ends with the first thing that the person does in it, and not with what they did before', () => {
  const absence = { person: 'eva', deputy: 'tom', from: now, until: friday }
  const at = '2026-12-01T08:00:00.000Z'
  const returns = [
    { person: 'eva', at: '2026-11-29T08:00:00.000Z' },
    { person: 'eva', at: '2026-12-02T08:00:00.000Z' },
    { person: 'eva', at },
    { person: 'tom', at: now },
  ]
  expect(untilBack([absence], returns)).toEqual([{ ...absence, until: at }])
  expect(untilBack([absence], [])).toEqual([absence])
})
