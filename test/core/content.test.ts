import { describe, expect, test } from 'vitest'
import type { OpenedEvent, SealedEvent } from '../../src/core/audit.ts'
import { createExportLines, verifyExport } from '../../src/core/audit-export.ts'
import { contentOf, contentProblem, type StoredContent } from '../../src/core/content.ts'
import type { RecordedOutcome } from '../../src/core/proposal/event.ts'
import { opened, withContents } from '../../src/core/proposal/written.ts'
import { outcomesEvents, pageOf } from '../../src/core/rollout/results-page.ts'
import { sha256 } from '../../src/core/sha256.ts'
import { sealEarlier } from '../support/earlier-events.ts'
import { machine } from '../support/proposal-case.ts'
import { readFrom } from '../support/read-from.ts'

const AT = '2026-11-20T00:00:00.000Z'
const failed = (asset: string, log: string): RecordedOutcome => ({
  asset,
  outcome: { state: 'failed', reason: 'dpkg failed', log },
})

describe('content', () => {
  test('is named by kind, format and canonical text, and can be stored whatever is in it', () => {
    const content = contentOf('log', 'odd \0 \ud800')
    expect(content).toEqual({
      kind: 'log',
      format: 1,
      text: '"odd \ufffd \ufffd"',
      hash: sha256('patchwarden log 1\n"odd \ufffd \ufffd"'),
    })
    expect(contentOf('results', 'odd \0 \ud800').hash).not.toBe(content.hash)
  })

  test.each<[string, (content: StoredContent) => StoredContent | undefined, string]>([
    ['that is not there', () => undefined, 'is missing'],
    ['whose text was changed', (one) => ({ ...one, text: '"y"' }), 'does not match its hash: it was changed'],
    [
      'of a later format',
      (one) => ({ ...one, format: 2 }),
      'is written in format 2, and this version reads formats up to 1',
    ],
    [
      'of no known kind',
      (one) => ({ ...one, kind: 'map' }),
      'is content of the kind "map", which this version does not know',
    ],
    ['of another kind', () => contentOf('results', {}), 'is content of the kind "results"'],
  ])('%s is said in a sentence', (_, change, sentence) => {
    expect(contentProblem('log', change(contentOf('log', 'x')))).toBe(sentence)
  })
})

describe('a page', () => {
  const { command, contents } = withContents({
    type: 'record-outcomes',
    outcomes: [failed('a', 'E: x'), failed('b', 'E: x'), failed('c', '')],
  })
  const outcomes = command.type === 'record-outcomes' ? command.outcomes : []
  const [event] = outcomesEvents(outcomes)
  if (event === undefined) throw new Error('no event')

  test('holds the outcomes, and names each log once; an event has its hash and counts', () => {
    expect(contents.map(({ kind }) => kind)).toEqual(['log', 'log', 'results'])
    expect(new Set(contents.map(({ hash }) => hash)).size).toBe(2)
    expect(outcomes.map(({ log }) => log)).toEqual([contents[0]?.hash, contents[0]?.hash, undefined])
    const { event: recorded } = sealEarlier({ stream: 'PW-1', seq: 1, at: AT, actor: machine, event }, '')
    expect(recorded).toEqual({ type: 'outcomes-recorded', page: pageOf(event)?.hash, counts: { failed: 3 } })
    expect(opened(recorded, readFrom(contents))).toEqual(event)
    expect(() => opened(recorded, readFrom([]))).toThrow(
      `needs the results page ${pageOf(event)?.hash.slice(0, 12)}, which is missing`,
    )
  })

  test('a long log is kept from its end, and says so', () => {
    const { contents: kept } = withContents({
      type: 'record-outcomes',
      outcomes: [failed('a', `${'x'.repeat(70_000)}the end`)],
    })
    expect(JSON.parse(kept[0]?.text ?? '')).toMatch(/^\(4471 characters before this were not kept\)\nx+the end$/)
  })
})

test('an event of an earlier version has everything in itself, and keeps its hash', () => {
  const event = { type: 'outcome-recorded', ...failed('a', 'E: x') } as const
  const sealed = sealEarlier({ stream: 'PW-1', seq: 1, at: AT, actor: machine, event }, 'p')
  const text = `{"actor":{"kind":"system","part":"rollout"},"at":"${AT}","event":{"asset":"a","outcome":{"log":"E: x","reason":"dpkg failed","state":"failed"},"type":"outcome-recorded"},"prev":"p","seq":1,"stream":"PW-1"}`
  expect(sealed.hash).toBe(sha256(text))
  expect(opened(sealed.event, readFrom([]))).toEqual(event)
  const several = { type: 'outcomes-recorded', outcomes: [failed('a', 'E: x')] } as const
  expect(sealEarlier({ stream: 'PW-1', seq: 1, at: AT, actor: machine, event: several }, 'p').event).toEqual(several)
  expect(opened(several, readFrom([]))).toEqual(several)
})

describe('an export with pages', () => {
  const { contents, command } = withContents({
    type: 'record-outcomes',
    outcomes: [failed('a', 'E: x'), failed('b', 'E: y')],
  })
  const [first] = outcomesEvents(command.type === 'record-outcomes' ? command.outcomes : [])
  if (first === undefined) throw new Error('no event')
  const sealed = sealEarlier({ stream: 'PW-1', seq: 1, at: AT, actor: machine, event: first }, '0'.repeat(64))

  function exported(contents: readonly StoredContent[], exportedAt = AT, event: SealedEvent | OpenedEvent = sealed) {
    const lines = createExportLines(exportedAt)
    return [lines.header(), ...contents.map(lines.content), lines.event(event as SealedEvent), lines.end()].join('')
  }

  const [logX, logY, page] = contents
  if (logX === undefined || logY === undefined || page === undefined) throw new Error('not as expected')
  const after90days = '2027-02-19T00:00:00.000Z'

  test('holds, each content once, and any changed byte of it is found', () => {
    const text = exported(contents)
    expect(verifyExport(text)).toEqual({
      ok: true,
      events: 1,
      streams: 1,
      checkpoints: 0,
      contents: 3,
      expiredLogs: 0,
      erased: 0,
    })
    for (let at = 0; at < text.length; at++) {
      const other = text[at] === 'x' ? 'y' : 'x'
      expect(verifyExport(text.slice(0, at) + other + text.slice(at + 1)), `byte ${at}`).toMatchObject({ ok: false })
    }
  })

  test('a log that expired is said as such; one that is missing before its time is a fault', () => {
    expect(verifyExport(exported([logY, page], after90days))).toMatchObject({ ok: true, expiredLogs: 1 })
    expect(verifyExport(exported([logY, page]))).toEqual({
      ok: false,
      record: 'line 4 (PW-1 event 1)',
      problem: `needs the log ${logX.hash.slice(0, 12)}, which is missing`,
    })
  })

  const forged = (value: unknown) => {
    const text = JSON.stringify(value)
    return { kind: 'results', format: 1, text, hash: sha256(`patchwarden results 1\n${text}`) }
  }
  test.each<[string, readonly StoredContent[], RegExp]>([
    ['a page that is missing', [logX, logY], /^line 4 .*event 1\) needs the results page \w{12}, which is missing$/],
    [
      'a page that was changed',
      [logX, logY, { ...page, text: page.text.replace('dpkg', 'apt') }],
      /^line 4 \(content \w+\) does not match its hash/,
    ],
    ['one that stands twice', [logX, logX, logY, page], /^line 3 .* stands twice$/],
    ['one that nothing names', [logX, logY, page, contentOf('log', 'z')], /^content \w{64} is not named by any event$/],
    [
      'a kind that nobody knows',
      [logX, logY, page, { ...logX, kind: 'map' }],
      /^line 5 .*which this version does not know$/,
    ],
    ['a page of another shape', [logX, logY, page, forged(null)], /is not named by any event$/],
    [
      'outcomes that are none',
      [logX, logY, page, forged({ outcomes: [null, 5, { log: 7 }] })],
      /is not named by any event$/,
    ],
  ])('%s is named', (_, given, sentence) => {
    const verdict = verifyExport(exported(given))
    expect(verdict.ok ? '' : `${verdict.record} ${verdict.problem}`).toMatch(sentence)
  })
})
