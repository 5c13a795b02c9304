import { describe, expect, test } from 'vitest'
import type { Through } from '../../../src/core/hands.ts'
import { type Act, acts } from '../../../src/core/permission/acts.ts'
import { offersToAny, refusalOf, why } from '../../../src/core/permission/answer.ts'
import { doer, idsWhoMay, people, placeIn, type Scene } from '../../support/permission-scene.ts'
import { person } from '../../support/proposal-case.ts'

const shell: Through = { kind: 'command line', user: 'deploy', host: 'build01' }

describe('what a card that many read shows', () => {
  test.each<Scene>(['open', 'scheduled', 'started', 'halted', 'test paused', 'broken glass'])(
    'is what at least one of them may, %s',
    (scene) => {
      const place = placeIn(scene)
      const some = acts.filter((act) => idsWhoMay(act, place).length > 0)
      expect([...offersToAny(place)]).toEqual(some)
    },
  )

  test('is nothing that only others than its readers may', () => {
    const place = placeIn('open', { place: { members: people.filter(({ id }) => id === 'ava') } })
    expect([...offersToAny(place)]).toEqual(['comment', 'ask'])
  })
})

describe('why somebody may or may not', () => {
  const told = (act: Act, who: Parameters<typeof why>[1], scene: Scene, options = {}) =>
    why(act, who, placeIn(scene, options))

  test('is told condition by condition, in the order in which they are asked', () => {
    expect(told('approve', doer('mara'), 'open')).toEqual([
      {
        what: 'Who: who may vote: the roles of the approval; while a notice runs, those who may object',
        holds: true,
        why: 'Mara has owner, security.',
      },
      { what: 'How it comes', holds: true, why: 'That counts.' },
      {
        what: 'When: it is open and has not expired; not by its proposer, and only once',
        holds: true,
        why: 'PW-1 is open.',
      },
      { what: 'Nothing in their roles or acts is against it', holds: true, why: 'Nothing is.' },
    ])
  })

  test('says of each condition that does not hold what is missing', () => {
    const proposed = { proposer: person('noor') }
    const [who, how, when, own] = told('approve', doer('noor', { through: shell }), 'open', {
      ...proposed,
      status: 'expired',
    })
    expect(who).toMatchObject({ holds: true, why: 'Noor has owner.' })
    expect(how).toEqual({
      what: 'How it comes',
      holds: false,
      why: 'Not counted: votes are not taken from the command line here (the policy "standard" says cli: refused). In Slack, Discord or the console you can.',
    })
    expect(when).toMatchObject({ holds: false, why: 'Voting on PW-1 is over: it is expired. Nothing was counted.' })
    expect(own).toMatchObject({ holds: false, why: 'You proposed PW-1, so you cannot approve it.' })
  })

  test('names every relation that would do, and says of whom has no role that there is none', () => {
    expect(told('withdraw', doer('zoe'), 'open')[0]).toEqual({
      what: 'Who: a role of `stop`; or who proposed it, while it is open',
      holds: false,
      why: 'zoe has no role in the team.',
    })
    expect(told('withdraw', doer('ava'), 'open')[0]).toMatchObject({ holds: false, why: 'Ava has auditor.' })
    expect(told('withdraw', doer('zoe'), 'open', { glance: { proposer: person('zoe') } })[0]).toMatchObject({
      holds: true,
    })
  })
})

test('where nothing is frozen, nobody is told that they agreed to lift it', () => {
  const [, , when, own] = why('unfreeze', doer('mara'), placeIn('open'))
  expect(when).toMatchObject({ holds: false, why: 'Nobody has frozen web.' })
  expect(own).toMatchObject({ holds: true })
})

test('what no role may do is refused to everybody, though the proposal would take it', () => {
  const place = placeIn('started', { policy: { stop: [] } })
  for (const { id } of people) expect(refusalOf('pause', doer(id), place)).toMatchObject({ code: 'not allowed' })
})
