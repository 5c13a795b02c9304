import { expect, test } from 'vitest'
import { contentHash } from '../../src/core/content-hash.ts'
import type { PatchSubject } from '../../src/core/proposal/proposal.ts'
import { withTested } from '../../src/core/tested.ts'
import { proposalCase } from '../support/proposal-case.ts'
import { content } from '../support/proposals.ts'

/** Three assets, the first of them in the test ring, which has passed. */
function tested() {
  const all = content(3)
  if (all.subject.kind !== 'patches') throw new Error('not patches')
  const [canary, ...rest] = all.subject.rings
  if (canary === undefined) throw new Error('no ring')
  const subject: PatchSubject = { ...all.subject, rings: [{ ...canary, soakSeconds: 0, beforeVote: true }, ...rest] }
  const one = proposalCase({
    content: { ...all, subject, contentHash: contentHash(subject) },
    policy: { testRing: 'run' },
  })
  one.give({ type: 'start-test' })
  return { one, subject }
}

test('what the test has installed is missing no more, and the plan is still the same', () => {
  const { one, subject } = tested()
  one.finishBatch()
  const left = { ...subject, assets: subject.assets.slice(1), rings: subject.rings.slice(1) }
  const again = withTested(left, one.state())
  expect(again && contentHash(again)).toBe(contentHash(subject))
})

test('nothing is changed while it runs', () => {
  const { one, subject } = tested()
  one.give({ type: 'start-batch' })
  expect(withTested(subject, one.state())).toBeNull()
})

test('another asset is another decision', () => {
  const { one, subject } = tested()
  one.finishBatch()
  const more = content(4).subject
  if (more.kind !== 'patches') throw new Error('not patches')
  const left = { ...more, assets: more.assets.slice(1) }
  expect(withTested(left, one.state())).toBe(left)
  expect(contentHash(left)).not.toBe(contentHash(subject))
})
