import { describe, expect, test } from 'vitest'
import { GENESIS, type OpenedEvent, type SealedEvent, sealCheckpoint, verifyChains } from '../../src/core/audit.ts'
import { exportLines, verifyExport } from '../../src/core/audit-export.ts'
import { canonicalJson } from '../../src/core/canonical-json.ts'
import { sha256 } from '../../src/core/sha256.ts'
import { sealEarlier } from '../support/earlier-events.ts'
import { machine } from '../support/proposal-case.ts'

describe('canonical JSON', () => {
  test('is that of RFC 8785, section 3.2.2 and 3.2.3', () => {
    const text = String.raw`{
      "numbers": [333333333.33333329, 1E30, 4.50, 2e-3, 0.000000000000000000000000001],
      "string": "\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/",
      "literals": [null, true, false]
    }`
    expect(canonicalJson(JSON.parse(text))).toBe(
      String.raw`{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],"string":"€$\u000f\nA'B\"\\\\\"/"}`,
    )
  })

  test('sorts keys by UTF-16 code units, as RFC 8785 section 3.2.3 shows', () => {
    const keys = ['\u20ac', '\r', '\ufb33', '1', '\ud83d\ude00', '\u0080', '\u00f6']
    const sorted = Object.keys(JSON.parse(canonicalJson(Object.fromEntries(keys.map((key) => [`_${key}`, 0])))))
    expect(sorted).toEqual(['\r', '1', '\u0080', '\u00f6', '\u20ac', '\ud83d\ude00', '\ufb33'].map((key) => `_${key}`))
  })

  test.each([[Number.NaN], [Number.POSITIVE_INFINITY], [1n], [() => 0]])(
    'refuses what JSON cannot hold: %s',
    (value) => {
      expect(() => canonicalJson({ value })).toThrow(/no JSON form/)
    },
  )
})

function chain(stream: string, length: number): (SealedEvent & OpenedEvent)[] {
  const events: (SealedEvent & OpenedEvent)[] = []
  for (let seq = 1; seq <= length; seq++) {
    const at = `2026-11-20T00:00:0${seq}.000Z`
    const event = { type: 'withdrawn' as const, reason: `reason ${seq}` }
    events.push({ ...sealEarlier({ stream, seq, at, actor: machine, event }, events.at(-1)?.hash ?? GENESIS), event })
  }
  return events
}

const one = chain('PW-1', 4)
const two = chain('PW-2', 3)
const heads = [one, two]
  .map((events) => events.at(-1))
  .map((last) => ({ stream: last?.stream ?? '', seq: last?.seq ?? 0, hash: last?.hash ?? '' }))
const checkpoint = sealCheckpoint(1, '2026-11-20T01:00:00.000Z', heads, GENESIS)

describe('the chain', () => {
  test('holds as it was written', () => {
    expect(verifyChains([...one, ...two], [checkpoint])).toBeNull()
  })

  test.each<[string, SealedEvent[], string]>([
    [
      'a changed word',
      one.map((item) => (item.seq === 2 ? { ...item, event: { type: 'withdrawn', reason: 'other' } } : item)),
      'PW-1 event 2',
    ],
    [
      'another author',
      one.map((item) => (item.seq === 3 ? { ...item, actor: { kind: 'system', part: 'timer' } } : item)),
      'PW-1 event 3',
    ],
    ['a missing event', one.filter((item) => item.seq !== 2), 'PW-1 event 3'],
    ['two in the wrong order', [one[0], one[2], one[1], one[3]].flatMap((item) => item ?? []), 'PW-1 event 3'],
    [
      'a forged one with a fresh hash',
      one.map((item) => (item.seq === 2 ? sealEarlier({ ...item, at: '2026-01-01T00:00:00.000Z' }, item.prev) : item)),
      'PW-1 event 3',
    ],
    ['an end that was cut off', one.slice(0, 3), 'PW-1 event 4'],
    [
      'a chain that was rewritten whole',
      chain('PW-1', 4).map((item, index, all) =>
        index === 3 ? sealEarlier({ ...item, at: '2027-01-01T00:00:00.000Z' }, all[2]?.hash ?? '') : item,
      ),
      'PW-1 event 4',
    ],
    ['a whole proposal that is gone', [], 'PW-1 event 4'],
  ])('%s is found and named', (_, events, record) => {
    expect(verifyChains([...events, ...two], [checkpoint])).toMatchObject({ record })
  })

  test.each(['patchwarden-audit-1', 'patchwarden-audit-2'])('an export of the earlier format %s holds', (format) => {
    const lines = [...exportLines([...one, ...two], [checkpoint], '2026-11-20T02:00:00.000Z')].slice(0, -1)
    const text = lines.join('').replace('patchwarden-audit-3', format)
    expect(text).toContain(format)
    const end = canonicalJson({ kind: 'end', lines: lines.length, sha256: sha256(text) })
    expect(verifyExport(`${text}${end}\n`)).toMatchObject({ ok: true, events: 7, streams: 2, checkpoints: 1 })
    const later = text.replace(format, 'patchwarden-audit-4')
    expect(verifyExport(later)).toMatchObject({ record: 'line 1', problem: 'is not the header of an audit export' })
  })

  test('an export holds, and any changed byte of it is found', () => {
    const text = [...exportLines([...one, ...two], [checkpoint], '2026-11-20T02:00:00.000Z')].join('')
    expect(verifyExport(text)).toEqual({
      ok: true,
      events: 7,
      streams: 2,
      checkpoints: 1,
      contents: 0,
      expiredLogs: 0,
      erased: 0,
    })
    for (let at = 0; at < text.length; at++) {
      const other = text[at] === 'x' ? 'y' : 'x'
      expect(verifyExport(text.slice(0, at) + other + text.slice(at + 1)), `byte ${at}`).toMatchObject({
        ok: false,
        record: expect.stringMatching(/^(line|PW|checkpoint|the end)/),
      })
      expect(verifyExport(text.slice(0, at)).ok, `cut at ${at}`).toBe(false)
    }
  })
})
