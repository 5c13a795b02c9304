import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Observation } from '../../src/core/asset.ts'
import { byOurClock, type EarlyWord } from '../../src/core/early-word.ts'
import { toIso } from '../../src/core/time/instant.ts'
import { anAsset, aSnapshot } from '../support/asset.ts'

const look = (observedAt: string, listsRefreshedAt: string | null = null): Observation => {
  return { kind: 'seen', snapshot: aSnapshot(anAsset('web1'), { observedAt, listsRefreshedAt }), warnings: [] }
}
const timeOf = (observation: Observation) => (observation.kind === 'seen' ? observation.snapshot.observedAt : '')

test('a word from a clock that is six hours ahead counts as said when it was first read, also after that hour', () => {
  const claimed = '2026-11-20T18:00:00.000Z'
  const first = byOurClock(look(claimed, claimed), undefined, '2026-11-20T13:00:00.000Z')
  const readAt = '2026-11-20T13:00:00.000Z'
  expect(first.observation).toEqual(look(readAt, readAt))
  expect(first.early).toEqual({ claimedAt: claimed, readAt })
  for (const now of ['2026-11-20T14:00:00.000Z', '2026-11-20T19:00:00.000Z'])
    expect(timeOf(byOurClock(look(claimed), first.early ?? undefined, now).observation)).toBe(readAt)
})

test('however often words are read, none counts as newer than it was first read, and an honest one stays as it is', () => {
  const minute = fc.integer({ min: 0, max: 2_000 })
  const said = fc.record({
    at: minute,
    ahead: fc.constantFrom(0, 0, 30, 600),
    reads: fc.array(minute, { minLength: 1 }),
  })
  fc.assert(
    fc.property(fc.uniqueArray(said, { selector: ({ at, ahead }) => at + ahead }), (words) => {
      let known: EarlyWord | undefined
      for (const { at, ahead, reads } of words) {
        const claimed = toIso((at + ahead) * 60_000)
        const first = Math.min(...reads.map((read) => at + read))
        for (const read of reads.map((one) => at + one).sort((a, b) => a - b)) {
          const { observation, early } = byOurClock(look(claimed), known, toIso(read * 60_000))
          known = early ?? known
          expect(timeOf(observation)).toBe(toIso(Math.min(at + ahead, first) * 60_000))
        }
      }
    }),
  )
})
