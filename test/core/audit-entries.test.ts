import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createChainCheck, GENESIS, type RecordItem, sealCheckpoint, verifyChains } from '../../src/core/audit.ts'
import { createContentCheck } from '../../src/core/audit-content.ts'
import { exportLines, verifyExport } from '../../src/core/audit-export.ts'
import { canonicalJson } from '../../src/core/canonical-json.ts'
import { contentOf } from '../../src/core/content.ts'
import { createHashTable } from '../../src/core/hash-table.ts'
import { commitTo, leafHash, type SealedEntry, sealEntry } from '../../src/core/record/entry.ts'

const AT = '2026-11-20T00:00:00.000Z'
const SALT = '00112233445566778899aabbccddeeff'

function chain(stream: string, length: number): SealedEntry[] {
  const entries: SealedEntry[] = []
  for (let seq = 1; seq <= length; seq++) {
    const entry = { stream, seq, at: AT, by: 'p_5c1e09ab', event: 'commented', facts: { via: 'console', rights: seq } }
    const beside = seq === 2 ? {} : { words: `Ümläut ${seq}` }
    entries.push(sealEntry({ ...entry, prev: entries.at(-1)?.hash ?? GENESIS }, beside, SALT))
  }
  return entries
}

/** The text of the first entry as somebody else may write it, with the hash that fits. */
function rewritten(change: (text: string) => string): SealedEntry[] {
  const [first, ...rest] = chain('PW-1', 3)
  if (first === undefined) throw new Error('no entry')
  const text = change(first.text)
  expect(text).not.toBe(first.text)
  return [{ ...first, text, hash: leafHash(text) }, ...rest]
}

const besides = (change: (beside: { salt: string; text: string }) => SealedEntry['beside']) =>
  chain('PW-1', 3).map((entry) =>
    entry.seq === 1 && entry.beside !== null ? { ...entry, beside: change(entry.beside) } : entry,
  )

const lost = ({ beside, text }: SealedEntry) => beside === null && text.includes('"commit"')

const exported = (items: readonly RecordItem[]) => [...exportLines(items, [], AT)].join('')

describe('an entry', () => {
  test('has the leaf hash of RFC 6962 and a commit that can be worked out by hand', () => {
    const [entry] = chain('PW-1', 1)
    if (!entry?.beside) throw new Error('no entry')
    // RFC 6962, section 2.1: SHA-256(0x00 || leaf); of the empty leaf as Certificate Transparency's own tests have it.
    expect(leafHash('')).toBe('6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d')
    const byHand = createHash('sha256').update(Buffer.concat([Buffer.from([0]), Buffer.from(entry.text, 'utf8')]))
    expect(entry.hash).toBe(byHand.digest('hex'))
    const commit = createHash('sha256')
      .update(Buffer.from(`${SALT}\n{"words":"Ümläut 1"}`, 'utf8'))
      .digest('hex')
    expect(JSON.parse(entry.text)).toEqual({
      at: AT,
      by: 'p_5c1e09ab',
      commit,
      event: 'commented',
      facts: { via: 'console', rights: 1 },
      prev: GENESIS,
      seq: 1,
      stream: 'PW-1',
      v: 2,
    })
  })

  test('verifies as it was written, and with what stood beside it erased', () => {
    const whole = chain('PW-1', 3)
    const erased = whole.map((entry) => ({ ...entry, beside: null }))
    for (const entries of [whole, erased, besides(() => null)]) {
      expect(verifyChains(entries, [])).toBeNull()
      const counted = { ok: true, events: 3, streams: 1, erased: entries.filter(lost).length }
      expect(verifyExport(exported(entries), { mayBeErased: true })).toMatchObject(counted)
    }
  })

  test.each<[string, SealedEntry[], RegExp]>([
    ['a member twice', rewritten((text) => text.replace('{', '{"at":"2020-01-01T00:00:00.000Z",')), /not written as/],
    ['a fact twice', rewritten((text) => text.replace('"facts":{', '"facts":{"via":"slack",')), /not written as/],
    ['another order', rewritten((text) => `{"v":2,${text.slice(1).replace(',"v":2', '')}`), /not written as/],
    ['a space', rewritten((text) => text.replace(':', ': ')), /not written as/],
    ['a second line', rewritten((text) => `${text}\n`), /not written as/],
    ['an escape that needs none', rewritten((text) => text.replace('console', '\\u0063onsole')), /not written as/],
    ['a member that none has', rewritten((text) => text.replace('"v":2', '"v":2,"w":1')), /not written as/],
    ['a number in another spelling', rewritten((text) => text.replace('"seq":1', '"seq":1.0')), /not written as/],
    ['minus zero', rewritten((text) => text.replace('"rights":1', '"rights":-0')), /not written as/],
    ['a number that is not whole', rewritten((text) => text.replace('"rights":1', '"rights":1.5')), /not whole/],
    ['one within a list', rewritten((text) => text.replace('"rights":1', '"rights":[{"a":0.5}]')), /not whole/],
    [
      'one that not all read alike',
      rewritten((text) => text.replace('"rights":1', '"rights":9007199254740992')),
      /whole/,
    ],
    ['a form that nobody knows', rewritten((text) => text.replace('"v":2', '"v":3')), /is of the form 3/],
    ['no form', rewritten((text) => text.replace(',"v":2', '')), /is of the form undefined/],
    ['another number', rewritten((text) => text.replace('"seq":1', '"seq":7')), /says that it is PW-1 event 7/],
    ['another stream', rewritten((text) => text.replace('PW-1', 'PW-9')), /says that it is PW-9 event 1/],
    ['a commit that is none', rewritten((text) => text.replace(/"commit":"\w+"/, '"commit":"x"')), /is not a hash/],
    ['no JSON', rewritten(() => 'hello'), /is not the JSON of an entry/],
    [
      'nested 300 deep',
      rewritten((text) => text.replace('1,"via"', `${'['.repeat(300)}${']'.repeat(300)},"via"`)),
      /deep/,
    ],
    [
      'a changed text',
      chain('PW-1', 3).map((one) => ({ ...one, text: one.text.replace('console', 'slack') })),
      /changed/,
    ],
    [
      'something beside one that is bound to nothing',
      chain('PW-1', 3).map((one) => (one.seq === 2 ? { ...one, beside: { salt: SALT, text: '{}' } } : one)),
      /PW-1 event 2 has something beside it that the entry is not bound to/,
    ],
    ['other words', besides((one) => ({ ...one, text: '{"words":"other"}' })), /something else beside it/],
    ['another salt', besides((one) => ({ ...one, salt: 'f'.repeat(32) })), /something else beside it/],
    [
      'what is bound to another salt',
      besides(() => ({ salt: SALT.toUpperCase(), text: '{"words":"Ümläut 1"}' })),
      /something else beside it/,
    ],
  ])('with %s is found and named', (_, entries, says) => {
    const { record, problem } = verifyChains(entries, []) ?? { record: '', problem: '' }
    expect(`${record} ${problem}`).toMatch(says)
    expect(problem.length).toBeLessThan(200)
    const verdict = verifyExport(exported(entries))
    expect(verdict).toMatchObject({ ok: false, problem })
  })

  test.each([
    ['its salt', { salt: SALT }, /line 2 \(PW-1 event 1\) has a salt, and what it belongs to is gone/],
    ['what its salt belongs to', { beside: '{"words":"x"}' }, /has something beside it without its salt/],
    ['a salt that is no text', { salt: 7, beside: '{}' }, /is not an entry as it was recorded/],
  ])('of which an export has only %s is found', (_, left, says) => {
    const [first, ...rest] = chain('PW-1', 3)
    const lines = exported([...rest]).split('\n')
    const kept = {
      kind: 'entry',
      stream: 'PW-1',
      seq: 1,
      hash: first?.hash,
      entry: first?.text,
      salt: null,
      beside: null,
    }
    lines.splice(1, 0, canonicalJson({ ...kept, ...left }))
    const verdict = verifyExport(lines.join('\n'))
    expect(verdict.ok ? '' : `${verdict.record} ${verdict.problem}`).toMatch(says)
  })

  test('that has lost salt and text together is found, unless it may have been erased', () => {
    const problem = 'has lost what stood beside it, and no entry says that it was erased'
    expect(verifyExport(exported(chain('PW-1', 3)))).toMatchObject({ ok: true, erased: 0 })
    expect(verifyExport(exported(besides(() => null)))).toEqual({ ok: false, record: 'PW-1 event 1', problem })
    // The second has nothing beside it, and nothing to lose.
    const check = createChainCheck()
    for (const entry of chain('PW-1', 300)) expect(check.event({ ...entry, beside: null })).toBeNull()
    const { count, first } = check.lost()
    expect([count, check.counts().erased, first.length]).toEqual([299, 299, 100])
    expect(first.slice(0, 2)).toEqual([1, 3].map((seq) => ({ record: `PW-1 event ${seq}`, problem })))
  })

  test('is written the same by whoever reads it: any facts', () => {
    const whole = fc.integer({ min: Number.MIN_SAFE_INTEGER, max: Number.MAX_SAFE_INTEGER })
    const fact = fc.oneof(fc.string({ unit: 'grapheme' }), whole, fc.boolean(), fc.constant(null), fc.array(whole))
    fc.assert(
      fc.property(
        fc.dictionary(fc.string({ unit: 'grapheme' }), fact),
        fc.string({ unit: 'grapheme' }),
        (facts, words) => {
          const entry = { stream: 'PW-1', seq: 1, at: AT, by: 'timer', event: 'noted', facts, prev: GENESIS }
          const sealed = sealEntry(entry, { words }, SALT)
          expect(verifyChains([sealed], [])).toBeNull()
          expect(commitTo(SALT, sealed.beside?.text ?? '')).toBe(JSON.parse(sealed.text).commit)
        },
      ),
    )
  })
})

describe('any byte of an export with entries, content beside them and checkpoints', () => {
  test('that is changed or cut is found', () => {
    const entries = [...chain('PW-1', 2), ...chain('rights', 1)]
    const heads = [entries[1], entries[2]]
      .flatMap((one) => one ?? [])
      .map(({ stream, seq, hash }) => ({ stream, seq, hash }))
    const text = [...exportLines(entries, [sealCheckpoint(1, AT, heads, GENESIS)], AT)].join('')
    expect(verifyExport(text)).toMatchObject({ ok: true, events: 3, streams: 2, checkpoints: 1 })
    for (let at = 0; at < text.length; at++) {
      const other = text[at] === 'x' ? 'y' : 'x'
      expect(verifyExport(text.slice(0, at) + other + text.slice(at + 1)).ok, `byte ${at}`).toBe(false)
      expect(verifyExport(text.slice(0, at)).ok, `cut at ${at}`).toBe(false)
    }
  })
})

describe('hashes in little memory', () => {
  const hashOf = (value: unknown) => leafHash(String(value))

  test('are found as a map finds them, with marks and links', () => {
    const small = fc.integer({ min: 0, max: 60 })
    fc.assert(
      fc.property(fc.array(fc.tuple(small, fc.boolean())), (steps) => {
        const [table, model] = [createHashTable(), new Map<string, number>()]
        for (const [value, added] of steps) {
          const hash = hashOf(value)
          expect(table.find(hash)).toBe(model.get(hash) ?? -1)
          if (!added) continue
          const number = table.add(hash)
          if (!model.has(hash)) {
            model.set(hash, model.size)
            table.setMark(number, value)
            table.setLink(number, 60 - value)
          }
          expect(number).toBe(model.get(hash))
        }
        expect(table.size()).toBe(model.size)
        for (const [hash, number] of model) {
          expect([table.hash(number), table.has(hash)]).toEqual([hash, true])
          expect(table.mark(number) + table.link(number)).toBe(60)
        }
      }),
    )
  })

  test('take at most 100 bytes each', () => {
    const table = createHashTable()
    const before = process.memoryUsage().arrayBuffers
    for (let value = 0; value < 300_000; value++) table.add(hashOf(value))
    // Room that was outgrown may not be given back yet, which is as much again.
    expect((process.memoryUsage().arrayBuffers - before) / 300_000).toBeLessThan(200)
    expect(table.find(hashOf(299_999))).toBe(299_999)
  })

  test('what is no hash is not among them', () => {
    const table = createHashTable()
    for (const text of ['', 'x', 'A'.repeat(64), `${'a'.repeat(63)}g`]) {
      expect(table.has(text)).toBe(false)
      expect(() => table.add(text)).toThrow('Only a hash has a number')
    }
  })
})

describe('content beside events', () => {
  const log = contentOf('log', 'Setting up openssl ...')
  const page = contentOf('results', {
    outcomes: [
      { asset: 'web1', log: log.hash },
      { asset: 'web2', log: log.hash },
    ],
  })
  const naming = (at: string) =>
    sealEntry(
      {
        stream: 'PW-1',
        seq: 1,
        at,
        by: 'rollout',
        event: 'outcomes-recorded',
        facts: { page: page.hash },
        prev: GENESIS,
      },
      {},
      SALT,
    )

  test('a log that is missing is a fault for 90 days, and is counted once afterwards', () => {
    const check = createContentCheck('2026-11-20T00:00:00.000Z')
    expect(check.content(page)).toBeNull()
    expect(check.event(naming('2026-08-01T00:00:00.000Z'))).toBeNull()
    expect(check.event(naming('2026-08-02T00:00:00.000Z'))).toBeNull()
    expect(check.event(naming('2026-11-19T00:00:00.000Z'))).toMatchObject({
      problem: `needs the log ${log.hash.slice(0, 12)}, which is missing`,
    })
    expect(check.counts()).toEqual({ contents: 1, expiredLogs: 1 })
    expect(check.unnamed()).toBeNull()
  })

  test('what is there, stands twice, is missing far below or is named by nothing is told apart', () => {
    const check = createContentCheck('2026-11-20T00:00:00.000Z')
    expect([check.content(log), check.content(page), check.content(page)]).toEqual([null, null, 'stands twice'])
    expect(check.unnamed()).toBe(page.hash)
    expect(check.event(naming('2026-11-19T00:00:00.000Z'))).toBeNull()
    expect(check.unnamed()).toBeNull()
    const change = contentOf('change', { name: 'openssl' })
    const set = contentOf('change set', { changes: [change.hash] })
    const classes = contentOf('classes', { classes: [{ changes: set.hash }] })
    const decision = contentOf('decision', { classes: [classes.hash] })
    for (const one of [set, classes, decision]) expect(check.content(one)).toBeNull()
    const facts = { content: decision.hash }
    const opened = sealEntry(
      { stream: 'PW-2', seq: 1, at: AT, by: 'assessment', event: 'opened', facts, prev: GENESIS },
      {},
      SALT,
    )
    expect(check.event(opened)).toEqual({
      record: 'PW-2 event 1',
      problem: `needs the content ${change.hash.slice(0, 12)}, which is missing`,
    })
    expect(check.counts()).toEqual({ contents: 5, expiredLogs: 0 })
  })
})
