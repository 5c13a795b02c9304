/** Damaged and hostile input: nothing throws past the edge, limits hold. test/known has real files by the thousand. */

import { gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readDocument } from '../../../src/integrations/feeds/document-reader.ts'
import { documentsIn } from '../../../src/integrations/feeds/documents.ts'
import { createSink } from '../../../src/integrations/feeds/sink.ts'
import { parseJson } from '../../../src/integrations/json-text.ts'
import { documentReaders, feedToAll } from '../../support/feed-to-all.ts'
import { fixture } from './read-feed.ts'

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

  it('with a quote that is never closed are read or refused', async () => {
    for (const sample of samples) {
      const bytes = Buffer.from(sample)
      bytes[Math.floor(bytes.length * 0.6)] = '"'.charCodeAt(0)
      await feedToAll({ name: 'unclosed', bytes })
    }
    await feedToAll({ name: 'unclosed', bytes: Buffer.from('curl,0,"S RF,8.14.1-2\n'.repeat(3)) })
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

  it('name a tar that was cut off, wherever', async () => {
    const whole = tarOf({ 'a.json': '{"a":1}', 'b.json': '{"b":1}' })
    expect(await all(whole)).toBe(2)
    const among = Buffer.concat([Buffer.alloc(102_400, 'x'), whole])
    expect(await all(among.subarray(102_400)), 'in memory that it shares').toBe(2)
    // POSIX: a tar ends with two blocks of zeros.
    for (let length = 512; length <= 2_048; length += 64)
      await expect(all(whole.subarray(0, length)), `${length} bytes`).rejects.toThrow(/cannot be unpacked: .*cut off/)
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

/** POSIX ustar: a header of 512 bytes before each file, whose content is filled up to whole blocks; two blocks of zeros. */
function tarOf(files: Readonly<Record<string, string>>): Buffer {
  const blocks = Object.entries(files).flatMap(([name, text]) => {
    const header = Buffer.alloc(512)
    header.write(name, 0)
    header.write('0000644\0', 100)
    header.write('0000000\0', 108)
    header.write('0000000\0', 116)
    header.write(`${text.length.toString(8).padStart(11, '0')}\0`, 124)
    header.write('00000000000\0', 136)
    header.write('        ', 148)
    header.write('0', 156)
    header.write('ustar\x0000', 257)
    const sum = header.reduce((total, byte) => total + byte, 0)
    header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148)
    return [header, Buffer.concat([Buffer.from(text)], 512)]
  })
  return Buffer.concat([...blocks, Buffer.alloc(1_024)])
}
