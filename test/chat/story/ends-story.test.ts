/** What the thread says of servers that end: failures at once and by cause, later ones counted, good ones with their ring. */

import fc from 'fast-check'
import { expect, test } from 'vitest'
import { plain } from '../../../src/chat/rich-text.ts'
import { storyOf } from '../../../src/chat/story/story.ts'
import type { EndState } from '../../../src/core/proposal/proposal.ts'
import { unfinished } from '../../../src/core/rollout/run.ts'
import { begun, idOf } from '../../support/begun.ts'
import { members, person } from '../../support/proposal-case.ts'

type End = readonly [EndState, string]
const well: End = ['installed', 'It reports the promised versions']
const full: End = ['failed', 'No space left on /var']

function started(count: number) {
  const one = begun(count, () => ({}))
  one.give({ type: 'start-batch' })
  expect(unfinished(one.state())).toHaveLength(count)
  return one
}

/** One look at these servers; what the thread says of it. */
function look(one: ReturnType<typeof started>, ends: readonly (readonly [string, End])[]): readonly string[] {
  const outcome = { state: 'succeeded', changed: [], rebooted: false, log: '' } as const
  one.give({ type: 'record-outcomes', outcomes: ends.map(([name]) => ({ asset: idOf(name), outcome })) })
  const before = one.state()
  const verifications = ends.map(([name, [end, reason]]) => ({
    asset: idOf(name),
    verification: { end, reason, packages: [], health: [], at: one.now() },
  }))
  one.give({ type: 'record-verifications', verifications })
  const recorded = one.recorded().find(({ seq }) => seq === before.seq + 1)
  if (recorded === undefined) throw new Error('nothing was recorded')
  return storyOf(recorded, before, one.state(), members).map(({ text }) => plain(text))
}

const names = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, index) => `web${from + index}`)

test('one that fails is told by itself, and good ones are not told', () => {
  const one = started(9)
  expect(
    look(one, [
      ['web1', well],
      ['web2', full],
    ]),
  ).toEqual(['web2 failed. No space left on /var.'])
})

test('several are one entry, by cause, and what differs in names and numbers alone is one cause', () => {
  const one = started(99)
  const silent = (name: string): readonly [string, End] => [
    name,
    ['silent', `${name} did not report in time: it was last heard on 2026-11-20 0${name.slice(-1)}:00 UTC`],
  ]
  const ends = [...names(1, 9).map((name) => [name, full] as const), ...names(21, 23).map(silent)]
  expect(look(one, [...ends, ['web30', ['held back', 'Another apt is at work']]])).toEqual([
    [
      '13 servers did not end well:',
      '9 failed. No space left on /var. web1, web2, web3 and 6 more.',
      '3 silent. The first: web21 did not report in time: it was last heard on 2026-11-20 01:00 UTC. web21, web22, web23.',
      'web30 held back. Another apt is at work. Further ones are told when there are 20; the card counts each.',
    ].join('\n'),
  ])
})

test('whoever failed and was tried again is told by itself, whether it ends well or not', () => {
  const one = started(30)
  look(
    one,
    names(1, 29).map((name) => [name, full] as const),
  )
  for (const name of ['web1', 'web2']) one.give({ type: 'retry', asset: idOf(name) }, person('noor'))
  look(one, [['web30', well]])
  one.give({ type: 'start-batch' })
  expect(unfinished(one.state())).toHaveLength(2)
  expect(look(one, [['web1', well]])).toEqual(['web1 installed. It reports the promised versions.'])
  expect(look(one, [['web2', full]])[0]).toMatch(/^web2 failed\. No space left on \/var\./)
})

test('however failures come, the thread tells of the first at once and of all in few entries', () => {
  const looks = fc.array(fc.integer({ min: 1, max: 12 }), { minLength: 1, maxLength: 12 })
  fc.assert(
    fc.property(looks, (sizes) => {
      const total = sizes.reduce((sum, size) => sum + size, 0)
      const one = started(total + 1)
      let known = 0
      let told = 0
      for (const size of sizes) {
        const said = look(
          one,
          names(known + 1, known + size).map((name) => [name, full] as const),
        )
        if (known === 0) expect(said).toHaveLength(1)
        const failures = said.filter((text) => text.includes('failed'))
        if (failures[0]?.startsWith('So far: ')) expect(failures[0]).toContain(`${known + size} servers failed`)
        known += size
        told += failures.length
      }
      expect(told).toBeLessThanOrEqual(5 + Math.max(0, Math.ceil(Math.log2(total / 10)) + 1))
    }),
    { numRuns: 25 },
  )
})
