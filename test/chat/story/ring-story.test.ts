/** What the thread says of rings: only one in which servers succeeded has passed. */

import { expect, test } from 'vitest'
import { plain } from '../../../src/chat/rich-text.ts'
import { storyOf } from '../../../src/chat/story/story.ts'
import { evolve } from '../../../src/core/proposal/evolve.ts'
import type { EndState, PlannedRing, ProposalState } from '../../../src/core/proposal/proposal.ts'
import { unfinished } from '../../../src/core/rollout/run.ts'
import { begun, ringOf } from '../../support/begun.ts'
import { members, person } from '../../support/proposal-case.ts'

const strict = { minSuccessPercent: 100, maxFailures: 0, unreachable: 'as failure' } as const

function rollout(canary: Partial<PlannedRing> = {}) {
  const rings = [ringOf('canary', ['web1'], { gate: strict, ...canary }), ringOf('rest', ['web2'], { gate: strict })]
  return begun(2, () => ({ rings }))
}

/** Brings the next batch to this end. */
function ends(one: ReturnType<typeof begun>, end: EndState, names = ['web1']): void {
  one.give({ type: 'start-batch' })
  for (const asset of unfinished(one.state())) {
    if (!names.includes(asset.replace('lab/', ''))) continue
    const outcome = { state: 'held back', reason: 'No room.', log: '' } as const
    one.give({ type: 'record-outcomes', outcomes: [{ asset, outcome }] })
    const verification = { end, reason: 'No room', packages: [], health: [], at: one.now() }
    one.give({ type: 'record-verifications', verifications: [{ asset, verification }] })
  }
}

function entries(one: ReturnType<typeof begun>) {
  let state: ProposalState | null = null
  return one.recorded().flatMap((event) => {
    const [before, after]: [ProposalState | null, ProposalState] = [state, evolve(state, event)]
    state = after
    return storyOf(event, before, after, members)
  })
}

function thread(one: ReturnType<typeof begun>): readonly string[] {
  return entries(one).map(({ text }) => plain(text))
}

test('a ring whose servers succeeded has passed', () => {
  const one = rollout()
  ends(one, 'installed')
  expect(thread(one).at(-1)).toBe('Ring canary passed: installed and verified on web1. Next is ring rest (1): web2.')
})

test('how the last ring ended stands in the summary', () => {
  const one = rollout()
  ends(one, 'installed')
  ends(one, 'installed', ['web2'])
  expect(one.state().status).toBe('verifying')
  expect(thread(one).at(-1)).toMatch(/^Ring canary passed/)
})

test('one that soaked says with its end only what comes next', () => {
  const one = rollout({ soakSeconds: 600 })
  ends(one, 'installed')
  expect(thread(one).at(-1)).toMatch(/^Ring canary: installed and verified on web1\. Soaking until /)
  one.pass(1)
  one.give({ type: 'end-soak' })
  expect(thread(one).at(-1)).toBe('Ring canary passed. Next is ring rest (1): web2.')
})

test('what people have to see to on servers that ended well stands where their ring ends', () => {
  const rings = [ringOf('canary', ['web1', 'web2', 'web3'], { batchSize: 3 }), ringOf('rest', ['web4'])]
  const one = begun(4, () => ({ rings }))
  one.give({ type: 'start-batch' })
  const assets = unfinished(one.state())
  const kept = 'kept /etc/nginx/nginx.conf; the new one is nginx.conf.dpkg-dist'
  const done = { state: 'succeeded', changed: [], rebooted: false, log: '' } as const
  const outcomes = assets.map((asset, index) => ({
    asset,
    outcome: index < 2 ? { ...done, notes: [kept] } : { ...done, rebooted: true },
  }))
  one.give({ type: 'record-outcomes', outcomes })
  const found = { packages: [], health: [], at: one.now() }
  const verifications = assets.map((asset, index) => ({
    asset,
    verification:
      index < 2
        ? { ...found, end: 'installed' as const, reason: `It reports the promised versions; ${kept}` }
        : { ...found, end: 'rebooted and re-scanned' as const, reason: 'Installed, rebooted, and seen again' },
  }))
  one.give({ type: 'record-verifications', verifications })
  const entry = entries(one).at(-1)
  expect(plain(entry?.text ?? [])).toBe(
    'Ring canary passed: installed and verified on web1, web2, web3. 1 server rebooted. Next is ring rest (1): web4.',
  )
  expect(entry?.detail).toEqual([`web1, web2: installed. It reports the promised versions; ${kept}.`])
})

test('a ring that waits for a go says so where the one before it ends', () => {
  const gate = { ...strict, go: ['on-call'] }
  const rings = [ringOf('canary', ['web1'], { gate: strict }), ringOf('rest', ['web2'], { gate })]
  const one = begun(2, () => ({ rings }))
  ends(one, 'installed')
  expect(thread(one).at(-1)).toMatch(/Ring rest \(1\) waits until somebody says go\.$/)
})

test('one whose only server was held back, and that somebody resumed over, has shown nothing', () => {
  const one = rollout()
  ends(one, 'held back')
  expect(one.state().status).toBe('halted')
  expect(thread(one).join(' ')).toContain('1 of 1 was held back, more than the 0 this ring allows')
  one.give({ type: 'resume' }, person('noor'))
  expect(thread(one).join()).not.toContain('canary passed')
  expect(thread(one)).toContain(
    'Ring canary has shown nothing: 0 of 1 succeeded. The rollout went on by decision of Noor. Next is ring rest (1): web2.',
  )
})

test('so has one that soaks', () => {
  const one = rollout({ soakSeconds: 600 })
  ends(one, 'failed')
  one.give({ type: 'resume' }, person('noor'))
  const told = thread(one).join('\n')
  expect(told).toContain(
    'Ring canary has shown nothing: 0 of 1 succeeded. The rollout went on by decision of Noor. Soaking until ',
  )
  expect(told).not.toContain('installed and verified')
  one.pass(1)
  one.give({ type: 'end-soak' })
  expect(thread(one).join()).not.toContain('canary passed')
})

test('one that was left out by hand went on by decision of whoever left it out', () => {
  const one = rollout()
  one.give({ type: 'skip', asset: 'web1', reason: 'It is being moved.' }, person('jonas'))
  expect(thread(one)).toContain(
    'Ring canary has shown nothing: 0 of 1 succeeded. The rollout went on by decision of Jonas. Next is ring rest (1): web2.',
  )
})

test('one whose gate allows everything says that it was the gate', () => {
  const one = rollout({ gate: { minSuccessPercent: 0, maxFailures: 9, unreachable: 'ignored' } })
  ends(one, 'failed')
  expect(thread(one)).toContain(
    'Ring canary has shown nothing: 0 of 1 succeeded. Its gate allows that, as it was voted on, so the rollout goes on. Next is ring rest (1): web2.',
  )
})

test('one of which some succeeded says how many', () => {
  const lenient = { minSuccessPercent: 0, maxFailures: 9, unreachable: 'ignored' } as const
  const canary = ringOf('canary', ['web1', 'web2'], { batchSize: 2, gate: lenient })
  const one = begun(3, () => ({ rings: [canary, ringOf('rest', ['web3'])] }))
  ends(one, 'failed', ['web1'])
  ends(one, 'installed', ['web2'])
  expect(thread(one)).toContain('Ring canary passed: 1 of 2 succeeded. Next is ring rest (1): web3.')
})

test('an empty ring holds the rollout, and goes on by decision', () => {
  const one = begun(1, () => ({ rings: [ringOf('canary', []), ringOf('rest', ['web1'])] }))
  expect(thread(one)).toContain('Rollout started: canary (no server), then rest (1).')
  expect(one.state().status).toBe('halted')
  expect(thread(one).at(-1)).toContain('Ring canary has no server, so it would show nothing')
  one.give({ type: 'resume' }, person('noor'))
  expect(thread(one)).toContain(
    'Ring canary has no server. The rollout went on by decision of Noor. Next is ring rest (1): web1.',
  )
})
