import { expect, test } from 'vitest'
import { waitsForDigest } from '../../src/core/digest.ts'
import type { ProposalState, Status } from '../../src/core/proposal/proposal.ts'
import { proposalCase } from '../support/proposal-case.ts'

const rule = { priorities: ['scheduled'], at: '09:00', timeZone: 'UTC' } as const
const opened = proposalCase().state()
const as = (status: Status): ProposalState => ({ ...opened, status })

test.each<[before: Status | null, after: Status, waits: boolean]>([
  [null, 'open', true],
  ['open', 'open', true],
  ['open', 'scheduled', false],
  ['open', 'expired', true],
  // What its test had begun is brought to its end afterwards.
  ['expired', 'expired', true],
  ['rolling out', 'rolling out', false],
  ['verifying', 'completed', false],
])('a proposal that was %s and is %s: waits for the digest, %s', (before, after, waits) => {
  expect(waitsForDigest(rule, before === null ? null : as(before), as(after))).toBe(waits)
})
