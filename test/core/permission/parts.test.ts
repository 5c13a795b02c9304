import { expect, test } from 'vitest'
import { person, proposalCase } from '../../support/proposal-case.ts'
import { content } from '../../support/proposals.ts'

const parts = ['assessment', 'timer', 'rollout', 'verification', 'operator', 'inventory', 'feeds'] as const

test('each part of Patchwarden gives its own commands only, and none of those of people', () => {
  const mine = {
    assessment: { type: 'revise', content: content(3), reason: 'web4 is gone' },
    timer: { type: 'remind' },
    rollout: { type: 'start' },
    verification: { type: 'record-verifications', verifications: [] },
  } as const
  for (const [owner, command] of Object.entries(mine)) {
    for (const part of parts) {
      const given = proposalCase().give(command, { kind: 'system', part })
      if (part !== owner)
        expect(given).toEqual({
          code: 'not allowed',
          sentence: `${command.type} is done by the part "${owner}", not by "${part}".`,
        })
      else if ('code' in given) expect(given.code).not.toBe('not allowed')
    }
    expect(proposalCase().give(command, person('mara'))).toMatchObject({
      code: 'not allowed',
      sentence: `Only Patchwarden itself does this (${command.type}).`,
    })
  }
  for (const part of parts)
    expect(proposalCase().give({ type: 'comment', text: 'hello' }, { kind: 'system', part })).toMatchObject({
      code: 'not allowed',
    })
})

test('a proposal is opened by the assessment, or by somebody with a role in the team', () => {
  const zoe = { kind: 'person', id: 'zoe', name: 'Zoe', via: 'cli' } as const
  expect(proposalCase({ proposer: person('jonas') }).opened).toEqual(['opened'])
  expect(proposalCase({ proposer: { kind: 'system', part: 'timer' } }).opened).toMatchObject({ code: 'not allowed' })
  expect(proposalCase({ proposer: zoe }).opened).toEqual({
    code: 'not allowed',
    sentence: 'Not proposed: Zoe has no role in web. Mara, Noor, Tom and 1 more can.',
  })
})
