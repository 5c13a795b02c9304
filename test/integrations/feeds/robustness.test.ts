/**
 * Every format against every file, right and wrong: nothing throws past the edge, limits hold. The files of other
 * projects' tests are kept outside the repository.
 */

import { readFileSync } from 'node:fs'
import { gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseAdvisories } from '../../../src/integrations/feeds/debian-advisories/index.ts'
import { parseTracker } from '../../../src/integrations/feeds/debian-tracker/index.ts'
import { parseDebsecan } from '../../../src/integrations/feeds/debsecan/index.ts'
import { readDocument } from '../../../src/integrations/feeds/document-reader.ts'
import { documentsIn, type FeedDocument } from '../../../src/integrations/feeds/documents.ts'
import { parseEpss } from '../../../src/integrations/feeds/epss/index.ts'
import { parseFileCatalog } from '../../../src/integrations/feeds/file-catalog/index.ts'
import { parseKev } from '../../../src/integrations/feeds/kev/index.ts'
import { documentReaders } from '../../../src/integrations/feeds/readers.ts'
import { createSink } from '../../../src/integrations/feeds/sink.ts'
import { parseJson } from '../../../src/integrations/json-text.ts'
import { sharedData } from '../shared-data.ts'
import { fixture } from './read-feed.ts'

const archives = [
  'vuls-data-update',
  'vunnel',
  'trivy',
  'osv.dev',
  'grype',
  'vuls2',
  'oasis-csaf',
  'osv-schema',
  'semver',
]

/** Parsers of whole feeds; each answers with content or with a sentence. */
const whole = [
  (input: Input) => parseDebsecan(input, 'debian:12'),
  (input: Input) => parseAdvisories(input),
  (input: Input) => parseTracker(input, null),
  (input: Input) => parseEpss(input),
  (input: Input) => parseKev(input),
  (input: Input) => parseFileCatalog(input, '2026-11-20'),
]
type Input = Parameters<typeof parseKev>[0] & { readonly previous: null }

/** Larger files are read by the format that knows them alone: the wrong ones would only take their time. */
const LARGE = 300_000

async function feedToAll(document: FeedDocument): Promise<void> {
  const { name, bytes } = document
  expect(() => readDocument(documentReaders, document, createSink())).not.toThrow()
  if (bytes.length > LARGE) return
  const text = bytes.toString('utf8')
  const value = await attempt(() => JSON.parse(text))
  for (const reader of documentReaders) {
    // Even where it is not asked: the format is recognised by a glance, and the rest may be anything.
    const sink = createSink()
    const answer = await attempt(() =>
      reader.form === 'text'
        ? reader.read(text, name, sink)
        : value instanceof Error
          ? null
          : reader.read(value, name, sink),
    )
    if (answer instanceof Error) expect(answer.constructor).toBe(Error)
  }
  for (const parse of whole) {
    const input: Input = { bytes, what: name, previous: null, fromMirror: false, allowShrinking: true }
    const answer = await attempt(() => parse(input))
    if (answer instanceof Error) expect(answer.constructor).toBe(Error)
    else expect(answer).toHaveProperty('content')
  }
}

async function attempt(work: () => unknown): Promise<unknown> {
  try {
    return await work()
  } catch (error) {
    return error
  }
}

describe.each(archives)('the files of %s', (archive) => {
  const path = sharedData(`fixtures/${archive}.tar.zst`)
  it.skipIf(path === null)(
    'are read or refused by every format',
    async () => {
      let files = 0
      for await (const document of documentsIn(readFileSync(path ?? ''), archive)) {
        files++
        await feedToAll(document)
      }
      expect(files).toBeGreaterThan(0)
    },
    120_000,
  )
})

describe('records that were damaged', () => {
  const samples = ['kev.json', 'tracker.json', 'cvrf.xml', 'oval.xml', 'dsa-list', 'debsecan.txt', 'epss.csv'].map(
    fixture,
  )
  it('are read or refused', async () => {
    const damage = fc.tuple(
      fc.constantFrom(...samples),
      fc.array(fc.tuple(fc.nat(), fc.nat({ max: 255 })), { maxLength: 8 }),
    )
    await fc.assert(
      fc.asyncProperty(damage, async ([sample, places]) => {
        const bytes = Buffer.from(sample)
        for (const [place, value] of places) bytes[place % bytes.length] = value
        await feedToAll({ name: 'damaged', bytes })
      }),
      { numRuns: 100 },
    )
  })

  it('of any JSON shape are read or refused', async () => {
    await fc.assert(
      fc.asyncProperty(fc.json({ maxDepth: 5 }), async (text) => feedToAll({ name: 'any', bytes: Buffer.from(text) })),
      { numRuns: 200 },
    )
  })
})

async function all(bytes: Buffer): Promise<number> {
  let count = 0
  for await (const _ of documentsIn(bytes, 'archive')) count++
  return count
}

describe('limits', () => {
  it('refuse a gzip bomb before it is in memory', async () => {
    // 600 MB of zeros travel as 600 kB, packed again as a few; parts of gzip may follow each other (RFC 1952, 2.2).
    const layer = Buffer.concat(new Array(60).fill(gzipSync(Buffer.alloc(10_000_000))))
    await expect(all(layer)).rejects.toThrow(/larger than the limit of 500000000 bytes/)
    await expect(all(gzipSync(layer))).rejects.toThrow(/larger than the limit/)
  })

  it('refuse a zip whose entries are small outside and large inside', async () => {
    await expect(all(zipBomb())).rejects.toThrow(/more than the limit|cannot be unpacked/)
  })

  it('refuse what is packed again and again', async () => {
    let bytes: Buffer = Buffer.from('x')
    for (let layer = 0; layer < 6; layer++) bytes = gzipSync(bytes)
    await expect(all(bytes)).rejects.toThrow(/packed more than 4 times over/)
  })

  it.each([
    ['gzip', gzipSync(Buffer.from('x'.repeat(10_000)))],
    ['xz', Buffer.from('fd377a585a000004e6d6b4460200210116000000742fe5a3', 'hex')],
    ['zstd', Buffer.from('28b52ffd04680900', 'hex')],
    ['bzip2', Buffer.from('425a683931415926535900000000', 'hex')],
  ])('name damaged %s as such', async (_, bytes) => {
    await expect(all(bytes.subarray(0, bytes.length - 3))).rejects.toThrow(/cannot be unpacked: .*(cut off|damaged)/)
  })

  it('refuse deep nesting and keys that are there twice, in JSON', () => {
    expect(() => parseJson(`${'['.repeat(5_000)}${']'.repeat(5_000)}`, 'x')).toThrow(/nested more than 64 deep/)
    expect(() => parseJson('{"a":1,"b":{"c":1,"c":2}}', 'x')).toThrow(/the key "c" is there twice, again at line 1/)
    expect(() => parseJson('{"a":1,"\\u0061":2}', 'x')).toThrow(/the key "a" is there twice/)
    expect(parseJson('[{"a":"\\"{[a:"},{"a":"b"}]', 'x')).toHaveLength(2)
  })

  it('refuse deep nesting, document types and made-up entities, in XML', () => {
    const deep = createSink()
    readDocument(
      documentReaders,
      { name: 'deep', bytes: Buffer.from(`<cvrf:cvrfdoc>Microsoft${'<a>'.repeat(500)}`) },
      deep,
    )
    expect(deep.rejected[0]?.reason).toMatch(/nested more than 64 deep/)
    const bomb = createSink()
    const text = '<!DOCTYPE cvrfdoc [<!ENTITY a "aaaaaaaa">]><cvrf:cvrfdoc>microsoft &a;</cvrf:cvrfdoc>'
    readDocument(documentReaders, { name: 'bomb', bytes: Buffer.from(text) }, bomb)
    expect(bomb.rejected[0]?.reason).toMatch(/document type of its own/)
  })
})

/** An entry that says it has 10 bytes and one that says it has 4 GB. */
function zipBomb(): Buffer {
  const name = Buffer.from('a.json')
  const central = Buffer.alloc(46)
  central.write('PK\x01\x02', 'latin1')
  central.writeUInt16LE(20, 4)
  central.writeUInt16LE(20, 6)
  central.writeUInt16LE(8, 10)
  central.writeUInt32LE(10, 20)
  central.writeUInt32LE(0xfffffff0, 24)
  central.writeUInt16LE(name.length, 28)
  const local = Buffer.alloc(30)
  local.write('PK\x03\x04', 'latin1')
  local.writeUInt16LE(20, 4)
  local.writeUInt16LE(8, 8)
  local.writeUInt16LE(name.length, 26)
  const start = Buffer.concat([local, name, Buffer.alloc(10)])
  const directory = Buffer.concat([central, name])
  const end = Buffer.alloc(22)
  end.write('PK\x05\x06', 'latin1')
  end.writeUInt16LE(1, 8)
  end.writeUInt16LE(1, 10)
  end.writeUInt32LE(directory.length, 12)
  end.writeUInt32LE(start.length, 16)
  return Buffer.concat([start, directory, end])
}
