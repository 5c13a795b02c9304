import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import type { Told } from '../../../src/core/record/entry.ts'
import {
  contentDigest,
  countsOf,
  type FeedAnswer,
  type FeedRecorded,
  feedDifference,
} from '../../../src/core/record/feeds.ts'
import { checkFacts } from '../../../src/core/record/streams.ts'
import { storable } from '../../../src/core/storable.ts'
import { finished } from '../../support/finished.ts'

const read = (cursor: string, said = cursor): FeedAnswer => ({
  kind: 'read',
  readAt: '2026-11-20T12:00:00.000Z',
  counts: { kev: 1 },
  rejected: 0,
  changed: null,
  cursor,
  said,
})
const failed: FeedAnswer = { kind: 'failed', problem: 'https://feeds.example did not answer' }
const unchanged: FeedAnswer = { kind: 'unchanged' }

/** What a stream says after these answers. */
function play(answers: readonly FeedAnswer[]): readonly Told[] {
  let recorded: FeedRecorded | null = null
  return answers.flatMap((answer) => {
    const difference = feedDifference('kev', recorded, answer)
    if (difference === null) return []
    recorded = difference.recorded
    return difference.told
  })
}

it('says that a feed fails when it begins, and that it works again, once each', () => {
  const told = play([read('a'), failed, failed, unchanged, unchanged, failed, read('b')])
  expect(told.map(({ event }) => event)).toEqual([
    'feed-read',
    'feed-failed',
    'feed-recovered',
    'feed-failed',
    'feed-recovered',
    'feed-read',
  ])
  expect(told[0]?.facts).toEqual({
    feed: 'kev',
    readAt: '2026-11-20T12:00:00.000Z',
    counts: { kev: 1 },
    rejected: 0,
    cursor: 'a',
    said: 'a',
  })
  expect(told[1]).toEqual({
    event: 'feed-failed',
    facts: { feed: 'kev' },
    beside: { problem: 'https://feeds.example did not answer' },
  })
})

it('folds to the last answer, and says nothing of the same answer twice, whatever came before', () => {
  const answer = fc.oneof(
    fc.constant(failed),
    fc.constant(unchanged),
    fc.tuple(fc.constantFrom('a', 'b'), fc.constantFrom('x', 'y')).map(([cursor, said]) => read(cursor, said)),
  )
  fc.assert(
    fc.property(fc.array(answer), (answers) => {
      const told = play(answers)
      for (const one of told) checkFacts('feeds', one)
      const failing = told.reduce(
        (before, { event }) => (event === 'feed-read' ? before : event === 'feed-failed'),
        false,
      )
      expect(failing).toBe(answers.at(-1)?.kind === 'failed')
      const news = answers.filter((one) => one.kind === 'read').at(-1)
      expect(told.filter(({ event }) => event === 'feed-read').at(-1)?.facts.cursor).toBe(news?.cursor)
      const last = answers.at(-1)
      if (last !== undefined) expect(play([...answers, last])).toEqual(told)
    }),
  )
})

it('hashes what a feed brought as anybody can: a line for each kind, a line of canonical JSON for each record', () => {
  const content = {
    kev: [{ name: 'x', cve: 'CVE-2026-1', dateAdded: '2026-11-01', dueDate: '2026-11-22', ransomware: false }],
    epss: Array.from({ length: 1_201 }, (_, index) => ({
      score: 0.5,
      cve: `CVE-2026-${index}`,
      percentile: 0.25,
      model: 'v5',
      date: '2026-11-20',
    })),
  }
  const lines = [
    'epss',
    ...content.epss.map(({ cve }) => `{"cve":"${cve}","date":"2026-11-20","model":"v5","percentile":0.25,"score":0.5}`),
    'kev',
    '{"cve":"CVE-2026-1","dateAdded":"2026-11-01","dueDate":"2026-11-22","name":"x","ransomware":false}',
  ]
  const expected = createHash('sha256')
    .update(`${lines.join('\n')}\n`)
    .digest('hex')
  expect(finished(contentDigest(content))).toBe(expected)
  const odd = {
    kev: content.kev.map((one) => ({ ...one, name: 'nul \0, half \ud800, bell \u0007, "\\u0000"', none: undefined })),
  }
  expect(finished(contentDigest(odd))).toBe(finished(contentDigest(storable(odd))))
  expect(finished(contentDigest(odd))).not.toBe(finished(contentDigest({ kev: content.kev })))
  expect(countsOf(content)).toEqual({ kev: 1, epss: 1_201 })
})
