import { execFileSync } from 'node:child_process'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { GENESIS, sealCheckpoint } from '../../src/core/audit.ts'
import { exportLines, verifyExport } from '../../src/core/audit-export.ts'
import { canonicalJson } from '../../src/core/canonical-json.ts'
import { leafHash, type SealedEntry, sealEntry } from '../../src/core/record/entry.ts'
import { sha256 } from '../../src/core/sha256.ts'
import { patchwarden } from '../support/command-line.ts'
import { sealEarlier } from '../support/earlier-events.ts'
import { machine } from '../support/proposal-case.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'patchwarden audit '))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

const deep = (open: string, close: string) => `${open.repeat(10_000)}1${close.repeat(10_000)}`
const event = sealEarlier(
  { stream: 'PW-1', seq: 1, at: '2026-11-20T00:00:00.000Z', actor: machine, event: { type: 'withdrawn', reason: 'x' } },
  GENESIS,
)
const header = canonicalJson({ kind: 'header', format: 'patchwarden-audit-1', exportedAt: event.at })
const line = (value: object) => canonicalJson({ kind: 'event', ...event, ...value })
const header3 = canonicalJson({ kind: 'header', format: 'patchwarden-audit-3', exportedAt: event.at })
/** The line of an entry of any text, with the hash that fits. */
const entryLine = (entry: string, members: object = {}) => {
  const own = { kind: 'entry', stream: 'PW-1', seq: 1, hash: leafHash(entry), entry, salt: null, beside: null }
  return `${header3}\n${canonicalJson({ ...own, ...members })}\n`
}
const entry = sealEntry(
  { stream: 'PW-1', seq: 1, at: event.at, by: 'timer', event: 'noted', facts: { ring: 1 }, prev: GENESIS },
  { words: 'x' },
  'a'.repeat(32),
).text
/** Whoever forges a line can make its hash right, too. */
const forged = (members: object) => {
  const { number, at, heads, prev } = { number: 1, at: 'x', heads: [], prev: GENESIS, ...members }
  return canonicalJson({
    kind: 'checkpoint',
    number,
    at,
    heads,
    prev,
    hash: sealCheckpoint(number, at, heads, prev).hash,
  })
}

describe('an export that nobody wrote is told in a sentence, and ends with 1', () => {
  test.each([
    ['nested 10,000 deep', `${header}\n${line({}).replace('"x"', deep('[', ']'))}\n`, /^The record is broken: line 2 /],
    ['objects nested 10,000 deep', `${header}\n${line({}).replace('"x"', deep('{"a":', '}'))}\n`, /line 2 /],
    [
      'a header nested 10,000 deep',
      `{"exportedAt":${deep('[', ']')},"format":"patchwarden-audit-1","kind":"header"}\n`,
      /line 1 /,
    ],
    ['an end nested 10,000 deep', `${header}\n{"kind":"end","lines":${deep('[', ']')}}\n`, /line 2 \(the end\)/],
    ['a stream nested 10,000 deep', `${header}\n{"kind":"event","stream":${deep('[', ']')}}\n`, /line 2 /],
    ['a kind nested 10,000 deep', `${header}\n{"kind":${deep('[', ']')}}\n`, /line 2 is of no known kind/],
    ['nothing', '', /the end is missing/],
    ['one line without an end', header, /line 1 is cut off/],
    ['NUL', '\0'.repeat(5_000), /line 1 is not the JSON/],
    ['no JSON', 'hello\n', /line 1 is not the JSON/],
    ['null', 'null\n', /line 1 is not the JSON/],
    ['__proto__', `{"__proto__":{"kind":"header","format":"patchwarden-audit-1"}}\n`, /line 1 is not the header/],
    [
      'two keys',
      `${header}\n${line({}).replace('{', '{"stream":"PW-2",')}\n`,
      /line 2 .*(not written as it was exported|does not)/,
    ],
    ['a number that is too large', `${header}\n${line({}).replace('"seq":1', '"seq":1e999')}\n`, /line 2 /],
    [
      'heads that are no list',
      `${header}\n${line({})}\n${canonicalJson({ kind: 'checkpoint', number: 1, at: 'x', heads: null, prev: GENESIS, hash: sha256(canonicalJson({ number: 1, at: 'x', heads: null, prev: GENESIS })) })}\n`,
      /line 3 .*is not a checkpoint/,
    ],
    [
      'a checkpoint of another number',
      `${header}\n${forged({ number: 7 })}\n`,
      /line 2 \(checkpoint 7\) checkpoints are missing/,
    ],
    ['lone surrogates', `${header}\n${line({}).replace('"x"', '"\\ud800"')}\n`, /line 2 /],
    ['an entry nested 10,000 deep', entryLine(entry.replace('"ring":1', `"ring":${deep('[', ']')}`)), /line 2 .*deep/],
    ['an entry that is no JSON', entryLine('\u001b[2J{'), /line 2 \(PW-1 event 1\) is not the JSON of an entry/],
    ['an entry that is null', entryLine('null'), /line 2 \(PW-1 event 1\) is not an entry/],
    ['an entry with two keys', entryLine(entry.replace('{', '{"by":"p_1",')), /is not written as entries are/],
    ['an entry with half a number', entryLine(entry.replace('"ring":1', '"ring":0.5')), /a number and not whole/],
    ['an entry of a later form', entryLine(entry.replace('"v":2', '"v":99')), /is of the form 99, which this version/],
    ['an entry of another place', entryLine(entry, { seq: 2 }), /line 2 .*follows event 0/],
    ['a salt alone', entryLine(entry, { salt: 'a'.repeat(32) }), /has a salt, and what it belongs to is gone/],
    ['something without its salt', entryLine(entry, { beside: '{"words":"x"}' }), /without its salt/],
    ['other words', entryLine(entry, { salt: 'a'.repeat(32), beside: '{"words":"y"}' }), /something else beside it/],
    ['lists for salt and text', entryLine(entry, { salt: [], beside: {} }), /is not an entry as it was recorded/],
    [
      'signs that move the cursor',
      `${header}\n{"kind":"event","stream":"\\u001b[2J","seq":1}\n`,
      /line 2 \(\[2J event 1\)/,
    ],
  ])('%s', async (_, text, says) => {
    const file = path.join(folder, 'export.jsonl')
    await writeFile(file, text)
    const { code, out, err } = await patchwarden('audit', 'verify', file)
    expect(out).toMatch(says)
    expect(out.length).toBeLessThan(500)
    expect({ code, err, lines: out.trim().split('\n').length }).toEqual({ code: 1, err: '', lines: 1 })
  })

  test('entries that have lost what stood beside them, each named and all of them counted', async () => {
    const entries: SealedEntry[] = []
    for (let seq = 1; seq <= 3; seq++) {
      const told = { stream: 'PW-1', seq, at: event.at, by: 'timer', event: 'noted', facts: {} }
      entries.push(sealEntry({ ...told, prev: entries.at(-1)?.hash ?? GENESIS }, { words: 'x' }, 'a'.repeat(32)))
    }
    const file = path.join(folder, 'export.jsonl')
    const verify = async (lost: readonly number[], ...options: readonly string[]) => {
      const items = entries.map((one) => (lost.includes(one.seq) ? { ...one, beside: null } : one))
      await writeFile(file, [...exportLines(items, [], event.at)].join(''))
      return patchwarden('audit', 'verify', file, ...options)
    }
    const named = (seq: number) =>
      `The record is broken: PW-1 event ${seq} has lost what stood beside it, and no entry says that it was erased.\n`
    expect(await verify([])).toMatchObject({ code: 0 })
    expect(await verify([2])).toMatchObject({
      code: 1,
      out: `${named(2)}1 entry has lost what stood beside it, and no entry says that it was erased.\n`,
    })
    expect(await verify([1, 3])).toMatchObject({
      code: 1,
      out: `${named(1)}${named(3)}2 entries have lost what stood beside them, and no entry says that it was erased.\n`,
    })
    const { out } = await verify([1, 3], '--json')
    expect(JSON.parse(out)).toMatchObject({ ok: false, record: 'PW-1 event 1', more: 0, erased: 2 })
  })

  test('bytes that are not UTF-8', async () => {
    const file = path.join(folder, 'export.jsonl')
    const text = [...exportLines([event], [], event.at)].join('')
    await writeFile(file, Buffer.from(text.replace('"x"', '"\xff"'), 'latin1'))
    expect(await patchwarden('audit', 'verify', file)).toMatchObject({ code: 1, out: expect.stringMatching(/line 2 /) })
  })

  test('any text', () => {
    const json = fc.jsonValue({ maxDepth: 6 }).map((value) => JSON.stringify(value))
    const lines = fc.array(
      fc.oneof(
        fc.string({ unit: 'binary' }),
        json,
        ...[header, line({}), header3, entryLine(entry)].map((one) => fc.constant(one)),
      ),
    )
    fc.assert(
      fc.property(lines, (all) => {
        expect(verifyExport(all.join('\n')).ok).toBe(false)
      }),
      { numRuns: 300 },
    )
  })
})

describe('what is no file is told in a sentence at once, and ends with 2', () => {
  test.each([
    ['a folder', async () => folder, /it is a folder/],
    ['nothing', async () => path.join(folder, 'nothing'), /there is no such file/],
    ['below a file', async () => path.join(await written('a'), 'b'), /cannot be read/],
    ['a name too long', async () => path.join(folder, 'x'.repeat(5_000)), /cannot be read/],
    ['NUL in the name', async () => 'a\0b', /cannot be read/],
    ['an endless file', async () => '/dev/zero', /is not a file/],
    ['a pipe that nobody writes to', pipe, /is not a file/],
  ])('%s', async (_, make, says) => {
    const { code, out, err } = await patchwarden('audit', 'verify', await make())
    expect(err).toMatch(says)
    expect({ code, out, lines: err.trim().split('\n').length }).toEqual({ code: 2, out: '', lines: 1 })
  })
})

async function written(name: string): Promise<string> {
  const file = path.join(folder, name)
  await writeFile(file, '')
  return file
}

async function pipe(): Promise<string> {
  const own = path.join(folder, 'pipes')
  await mkdir(own, { recursive: true })
  const file = path.join(own, 'pipe')
  await rm(file, { force: true })
  execFileSync('mkfifo', [file])
  return file
}
