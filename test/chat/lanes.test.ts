/** How a proposal with several lanes reads. With one lane, everything reads as without lanes: the other tests see to it. */

import { expect, test } from 'vitest'
import { assetsDetail, planDetail } from '../../src/chat/details.ts'
import { proposalCard } from '../../src/chat/proposal-card.ts'
import { plain } from '../../src/chat/rich-text.ts'
import { outcomeOf } from '../../src/core/outcome.ts'
import type { PlannedRing } from '../../src/core/proposal/proposal.ts'
import { ringOf } from '../support/begun.ts'
import { lanesCase } from '../support/lanes.ts'
import { placeOf } from '../support/place.ts'
import { members } from '../support/proposal-case.ts'

function begun(more: Partial<PlannedRing> = {}) {
  const one = lanesCase(4, [
    { engine: 'ssh', rings: [ringOf('canary', ['web1']), ringOf('broad', ['web2'])] },
    { engine: 'wsus', rings: [ringOf('canary', ['web3'], more), ringOf('broad', ['web4'])] },
  ])
  one.give({ type: 'start' })
  return one
}

test('a card names rings with their engine, and says what goes beside what', () => {
  const card = proposalCard(placeOf(begun().state(), members), null)
  expect(plain(card.say)).toContain('Now rings canary (ssh), canary (wsus).')
  const order = card.facts.find(({ label }) => label === 'Order')
  expect(plain(order?.value ?? [])).toMatch(
    /^canary \(ssh\) 1, then broad \(ssh\) 1; beside them canary \(wsus\) 1, then broad \(wsus\) 1; /,
  )
  expect(card.rings.map(({ name }) => name)).toEqual(['canary (ssh)', 'broad (ssh)', 'canary (wsus)', 'broad (wsus)'])
})

test('a card names every ring that waits for a go', () => {
  const gate = { minSuccessPercent: 0, maxFailures: 9, unreachable: 'ignored', go: ['owner'] } as const
  const { say } = proposalCard(placeOf(begun({ gate }).state(), members), null)
  expect(plain(say)).toContain('Ring canary (wsus) waits. Mara or Noor: press Go.')
})

test('the plan says that lanes go on beside each other, and which one waits', () => {
  const one = begun({ after: 'ssh' })
  const { subject } = one.state()
  if (subject.kind !== 'patches') throw new Error('not patches')
  const plan = planDetail(one.state(), subject, [], one.now())
  expect(plain(plan.lead)).toContain(
    'engines ssh, wsus. Each ring waits for the one before it with the same engine; the engines go on beside each other. wsus waits until ssh is through.',
  )
  const [rings] = plan.tables
  expect(rings?.rows.map(([name]) => plain(name ?? []))).toEqual([
    'canary (ssh)',
    'broad (ssh)',
    'canary (wsus)',
    'broad (wsus)',
  ])
  expect(assetsDetail(one.state(), subject).tables.map(({ caption }) => caption)).toContain('Ring broad (wsus)')
  expect(outcomeOf(one.state()).rings.map(({ name }) => name)).toContain('canary (wsus)')
})
