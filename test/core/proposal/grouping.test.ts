/** However what became of assets is collected and cut into events, the state is the same as when each is recorded alone. */

import fc from 'fast-check'
import { expect, test } from 'vitest'
import { GENESIS } from '../../../src/core/audit.ts'
import type { StoredContent } from '../../../src/core/content.ts'
import type { ProposalCommand } from '../../../src/core/proposal/command.ts'
import { decide } from '../../../src/core/proposal/decide.ts'
import { recordedOf } from '../../../src/core/proposal/entry.ts'
import type { RecordedOutcome, RecordedVerification } from '../../../src/core/proposal/event.ts'
import { evolve } from '../../../src/core/proposal/evolve.ts'
import type { EndState, ProposalState } from '../../../src/core/proposal/proposal.ts'
import { pageOf } from '../../../src/core/proposal/results-page.ts'
import { withContents } from '../../../src/core/proposal/written.ts'
import { readEntry } from '../../../src/core/record/entry.ts'
import { machineFor, proposalCase } from '../../support/proposal-case.ts'
import { content } from '../../support/proposals.ts'
import { readFrom } from '../../support/read-from.ts'
import { sealedEntry, testRegister } from '../../support/test-register.ts'

const HOSTS = 12
const AT = '2026-11-20T00:00:00.000Z'

/** A batch under way of which some wait; the gate lets everything pass. */
function underWay(): ProposalState {
  const base = content(HOSTS)
  if (base.subject.kind !== 'patches') throw new Error('not patches')
  const gate = { minSuccessPercent: 0, maxFailures: HOSTS, unreachable: 'ignored' } as const
  const assets = base.subject.assets.map(({ asset }) => asset.id)
  const rings = [{ name: 'all', assets, batchSize: HOSTS, concurrency: HOSTS - 2, soakSeconds: 0, gate }]
  const one = proposalCase({ content: { ...base, subject: { ...base.subject, rings } } })
  one.vote('mara', 'approve')
  one.vote('tom', 'approve')
  one.give({ type: 'start' })
  one.give({ type: 'start-batch' })
  return one.state()
}

const start = underWay()
const atWork = Object.keys(start.rollout?.deployments ?? {})

/** Gives commands as the shell does: logs go out of them, and each event is written, read and opened again. */
function play(state: ProposalState, commands: readonly ProposalCommand[]): ProposalState {
  let next = state
  for (const given of commands) {
    const { command, contents } = withContents(given)
    const stored = new Map<string, StoredContent>(contents.map((item) => [item.hash, item]))
    const actor = machineFor(command)
    const decision = decide(next, command, { now: AT, actor, members: [], freezes: [], standing: null })
    if (!decision.ok) throw new Error(decision.refusal.sentence)
    for (const event of decision.events) {
      const page = pageOf(event)
      if (page !== null) expect(stored.get(page.hash)).toEqual(page)
      const recorded = { stream: next.id, seq: next.seq + 1, at: AT, actor, event }
      const { text, beside } = sealedEntry(recorded, GENESIS)
      next = evolve(next, recordedOf(readEntry(text), beside, testRegister(), readFrom(contents)))
    }
  }
  return next
}

function cut<Item>(items: readonly Item[], sizes: readonly number[]): readonly (readonly Item[])[] {
  const parts: (readonly Item[])[] = []
  let from = 0
  for (let turn = 0; from < items.length; turn++) {
    const size = sizes[turn % sizes.length] ?? 1
    parts.push(items.slice(from, from + size))
    from += size
  }
  return parts
}

const end = fc.constantFrom<EndState>('installed', 'failed', 'unreachable', 'held back', 'not touched')
const plan = fc.record({
  order: fc.shuffledSubarray(atWork, { minLength: atWork.length }),
  ends: fc.array(end, { minLength: atWork.length, maxLength: atWork.length }),
  log: fc.string({ unit: 'binary' }),
  sizes: fc.array(fc.integer({ min: 1, max: HOSTS }), { minLength: 1, maxLength: 5 }),
})

function outcomeOf(asset: string, ends: EndState, log: string): RecordedOutcome {
  if (ends === 'not touched') return { asset, outcome: { state: 'not begun', reason: 'time was over', log: '' } }
  return { asset, outcome: { state: 'failed', reason: `as ${asset} says`, log } }
}

test('collected and cut in any way, it is as if each had been recorded alone', () => {
  fc.assert(
    fc.property(plan, ({ order, ends, log, sizes }) => {
      const outcomes = order.map((asset, index) => outcomeOf(asset, ends[index] ?? 'failed', `${log}${index % 3}`))
      const verifications = order.map((asset, index): RecordedVerification => {
        const verification = { end: ends[index] ?? 'failed', reason: log, packages: [], health: [], at: AT }
        return { asset, verification }
      })
      const commands = (by: readonly number[]): readonly ProposalCommand[] => [
        ...cut(outcomes, by).map((some) => ({ type: 'record-outcomes', outcomes: some }) as const),
        ...cut(verifications, by).map((some) => ({ type: 'record-verifications', verifications: some }) as const),
      ]
      const { seq: _alone, ...alone } = play(start, commands([1]))
      const { seq: _collected, ...collected } = play(start, commands(sizes))
      expect(JSON.parse(JSON.stringify(collected))).toEqual(JSON.parse(JSON.stringify(alone)))
      expect(JSON.stringify(alone.rollout)).not.toContain(`"log":${JSON.stringify(`${log}0`)}`)
    }),
  )
})
