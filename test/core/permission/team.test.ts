import { describe, expect, test } from 'vitest'
import type { Through } from '../../../src/core/hands.ts'
import { someOf } from '../../../src/core/permission/names.ts'
import { above, holders } from '../../../src/core/permission/roles.ts'
import { proposeRefusal, type TeamAsk, teamRefusal } from '../../../src/core/permission/team.ts'
import { everyRole, people } from '../../support/permission-scene.ts'
import { policy } from '../../support/proposals.ts'

describe('what the team misses is proposed', () => {
  const ava = { id: 'ava', name: 'Ava' }
  const zoe = { id: 'zoe', name: 'Zoe' }

  test('by people with a role in it', () => {
    expect(proposeRefusal('web', ava, people)).toBeNull()
  })

  test('by nobody else, who is told whom to ask', () => {
    expect(proposeRefusal('web', zoe, people)).toBe(
      'Not proposed: Zoe has no role in web. Mara, Noor, Tom and 3 more can.',
    )
    expect(proposeRefusal('web', zoe, [])).toBe('Not proposed: Zoe has no role in web. Nobody has one.')
  })
})

describe('a team', () => {
  const asked = (ask: Partial<TeamAsk>) =>
    teamRefusal({ act: 'freeze', team: 'web', person: 'jonas', policy, members: people, ...ask })
  const shell: Through = { kind: 'command line', user: 'deploy', host: 'build01' }

  test('is frozen by one who may stop, and the freeze lifted by one who may resume', () => {
    const may = (act: TeamAsk['act']) => people.filter(({ id }) => asked({ act, person: id }) === null)
    expect(may('freeze').map(({ id }) => id)).toEqual(['mara', 'noor', 'jonas'])
    expect(may('unfreeze').map(({ id }) => id)).toEqual(['mara', 'noor'])
  })

  test.each<[Partial<TeamAsk>, string]>([
    [{ person: 'ava' }, 'Freezing web takes the role owner or on-call; you have auditor. Mara, Noor or Jonas can.'],
    [{ person: 'zoe' }, 'Freezing web takes the role owner or on-call; you have none. Mara, Noor or Jonas can.'],
    [{ act: 'unfreeze' }, 'Lifting the freeze of web takes the role owner; you have on-call. Mara or Noor can.'],
    [
      { act: 'unfreeze', members: people.slice(3) },
      'Lifting the freeze of web takes the role owner; you have on-call. Nobody holds that role now.',
    ],
    [
      { person: 'zoe', members: [{ id: 'zoe', name: 'Zoe', roles: ['a', 'b'] }] },
      'Freezing web takes the role owner or on-call; you have a, b. Nobody holds that role now.',
    ],
    [
      { act: 'unfreeze', person: 'noor', through: shell },
      'Nothing was done: decisions are not taken from the command line here (the policy "standard" says cli: refused). In Slack, Discord or the console you can.',
    ],
  ])('%j: %s', (ask, sentence) => {
    expect(asked(ask)).toBe(sentence)
  })

  test('is frozen from the command line whatever the policy says, and the freeze lifted where it takes decisions', () => {
    expect(asked({ through: shell })).toBeNull()
    const recorded = { ...policy, cli: 'recorded' } as const
    expect(asked({ act: 'unfreeze', person: 'noor', through: shell, policy: recorded })).toBeNull()
    expect(asked({ act: 'unfreeze', person: 'noor' })).toBeNull()
  })
})

describe('names', () => {
  test.each<[readonly string[], string]>([
    [[], 'nobody'],
    [['Mara'], 'Mara'],
    [['Mara', 'Tom'], 'Mara or Tom'],
    [['Mara', 'Tom', 'Eva'], 'Mara, Tom or Eva'],
    [['Mara', 'Tom', 'Eva', 'Noor'], 'Mara, Tom, Eva and 1 more'],
    [['Mara', 'Tom', 'Eva', 'Noor', 'Lea'], 'Mara, Tom, Eva and 2 more'],
  ])('%j are said as "%s"', (names, words) => {
    expect(someOf(names)).toBe(words)
  })
})

describe('roles', () => {
  test('those above are of the ladder and of the acknowledgement, each once', () => {
    expect(above({ policy: { ...policy, ...everyRole, escalateTo: ['lead', 'owner'] } })).toEqual(['lead', 'owner'])
    expect(above({ policy: { ...policy, escalateTo: ['lead'] } })).toEqual(['lead'])
    expect(above({ policy: { ...policy, ...everyRole, escalateTo: [] } })).toEqual(['lead'])
  })

  test('are held by whoever has one of them', () => {
    expect(holders(people, ['lead', 'security']).map(({ id }) => id)).toEqual(['mara', 'tom', 'lea'])
    expect(holders(people, [])).toEqual([])
  })
})
