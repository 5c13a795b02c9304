/** The card, the picture of the outcome and the report count the same, whatever happened. */

import fc from 'fast-check'
import { expect, test } from 'vitest'
import { proposalCard } from '../../../src/chat/proposal-card.ts'
import { proposalReport } from '../../../src/chat/report.ts'
import { plain } from '../../../src/chat/rich-text.ts'
import { badEnds, outcomeOf, type Standing, sumOfRings } from '../../../src/core/outcome.ts'
import { type EndState, endStates, type ProposalState } from '../../../src/core/proposal/proposal.ts'
import { countEndState } from '../../../src/core/rollout/gate.ts'
import { unfinished } from '../../../src/core/rollout/run.ts'
import { endCounts } from '../../../src/core/rollout/tally.ts'
import { begun, ringOf } from '../../support/begun.ts'
import { placeOf } from '../../support/place.ts'
import { members, person } from '../../support/proposal-case.ts'

const names = Array.from({ length: 6 }, (_, index) => `web${index + 1}`)

const step = fc.oneof(
  fc.constant({ do: 'start' } as const),
  fc.record({ do: fc.constant('end' as const), end: fc.constantFrom(...endStates) }),
  fc.record({ do: fc.constant('skip' as const), name: fc.constantFrom(...names) }),
  fc.record({ do: fc.constant('drop' as const), name: fc.constantFrom(...names) }),
  fc.constantFrom({ do: 'retry' } as const, { do: 'halt' } as const, { do: 'resume' } as const),
)
type Step = typeof step extends fc.Arbitrary<infer One> ? One : never

function take(one: ReturnType<typeof begun>, what: Step): void {
  switch (what.do) {
    case 'start':
      one.give({ type: 'start-batch' })
      return
    case 'end':
      endOne(one, what.end)
      return
    case 'skip':
      one.give({ type: 'skip', asset: what.name, reason: 'no' }, person('noor'))
      return
    case 'drop':
      one.give({
        type: 'compare-assets',
        departures: [{ asset: `lab/${what.name}`, leftOut: { reason: 'gone' } }],
        newcomers: [],
      })
      return
    case 'retry':
      one.give({ type: 'retry', asset: null }, person('noor'))
      return
    case 'halt':
      one.give({ type: 'halt', reason: 'stop' }, person('jonas'))
      return
    case 'resume':
      one.give({ type: 'resume' }, person('noor'))
  }
}

function endOne(one: ReturnType<typeof begun>, end: EndState): void {
  const [asset] = unfinished(one.state())
  if (asset === undefined) return
  const outcome =
    end === 'not touched'
      ? ({ state: 'not begun', reason: 'late', log: '' } as const)
      : ({ state: 'succeeded', changed: [], rebooted: false, log: '' } as const)
  one.give({ type: 'record-outcomes', outcomes: [{ asset, outcome }] })
  const verification = { end, reason: `as ${end}`, packages: [], health: [], at: one.now() }
  one.give({ type: 'record-verifications', verifications: [{ asset, verification }] })
}

/** What the card says of the progress, by its words. */
function onCard(state: ProposalState): string {
  const { state: line, say } = proposalCard(placeOf(state, members), null)
  return `${plain(line)}: ${plain(say)}`
}

/** How the table of the report lets each server stand. */
function inReport(state: ProposalState): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {}
  for (const line of proposalReport(state, [], new Map()).split('\n')) {
    const cells = line.split(' | ')
    const name = cells[0]?.replace('| ', '') ?? ''
    if (!names.includes(name)) continue
    const end = cells[2] ?? ''
    counts[end] = (counts[end] ?? 0) + 1
  }
  return counts
}

test('card, picture and report', () => {
  const met = new Set<string>()
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const rings = [ringOf('canary', ['web1', 'web2']), ringOf('rest', names.slice(2), { batchSize: 2 })]
      const one = begun(names.length, () => ({ rings }))
      for (const what of steps) take(one, what)
      const state = one.state()
      const pictured = sumOfRings(outcomeOf(state).rings)
      const counts = endCounts(state)
      const of = (group: string) =>
        (Object.entries(pictured) as [Standing, number][]).reduce(
          (sum, [standing, number]) =>
            standing !== 'left out' && standing !== 'at work' && countEndState(standing) === group ? sum + number : sum,
          0,
        )
      // The picture and the tally, of which the card is made.
      expect({ good: of('good'), bad: of('bad'), unreachable: of('unreachable') }).toEqual({
        good: counts.good,
        bad: counts.bad,
        unreachable: counts.unreachable,
      })
      expect(pictured['left out'] ?? 0).toBe(counts.leftOut)
      expect((pictured['not touched'] ?? 0) + (pictured['at work'] ?? 0)).toBe(counts.untouched)
      // The words of the card.
      const said = onCard(state)
      expect(said).toContain(`${of('good')} of ${names.length - counts.leftOut} done`)
      for (const bad of badEnds(pictured)) expect(said).toContain(bad)
      if ((pictured['at work'] ?? 0) > 0) expect(said).toContain(`${pictured['at work']} running`)
      if ((pictured['not touched'] ?? 0) > 0)
        expect(said).toMatch(new RegExp(`${pictured['not touched']} (untouched|waiting)`))
      // The rows of the report.
      expect(inReport(state)).toEqual(pictured)
      for (const standing of Object.keys(pictured)) met.add(standing)
    }),
    { numRuns: 500 },
  )
  // The histories are not all of one kind.
  expect(met).toContain('left out')
  expect(met).toContain('at work')
  expect(met).toContain('held back')
})
