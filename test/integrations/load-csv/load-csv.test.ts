import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { afterAll, describe, expect, it, test } from 'vitest'
import { createCsvLoad, parseLoadCsv, readLoadCsv } from '../../../src/integrations/load-csv/index.ts'
import { encodings } from '../../support/encodings.ts'

const { signal } = new AbortController()
const read = (text: string) => parseLoadCsv(Buffer.from(text), 'load.csv', signal)

describe('a CSV file with load', () => {
  it.each([
    ['ISO 8601 with a zone', 'time,value\n2026-10-01T02:00:00+02:00,5\n2026-10-01 00:15:00Z,6.5\n'],
    ['seconds, without a first line', '1790812800,5\n1790813700,6.5'],
    ['milliseconds', 'time,value\r\n1790812800000,5\r\n1790813700000,6.5\r\n'],
    [
      'gaps, blanks, more columns and no order',
      'Time,Value,Host\n1790813700, 6.5,a\n1790812801,NaN,a\n1790812802,,a\n\n1790812800,5e0,a\n',
    ],
  ])('in %s', async (_what, text) => {
    expect(await read(text)).toEqual([
      { at: '2026-10-01T00:00:00.000Z', value: 5 },
      { at: '2026-10-01T00:15:00.000Z', value: 6.5 },
    ])
  })

  it.each([
    ['', 'load.csv holds no sample: each line is a time and a value.'],
    ['time,value\n', 'load.csv holds no sample'],
    [
      'time,value\n2026-10-01 02:00:00,5\n',
      'load.csv, line 2: "2026-10-01 02:00:00" is not a certain time; write it with its zone, such as 2026-10-01T02:00:00Z, or in seconds since 1970.',
    ],
    ['1790812800,5\n2026-02-30T00:00:00Z,5', 'load.csv, line 2: "2026-02-30T00:00:00Z" is not a certain time'],
    ['1790812800,"1,5"\n', 'load.csv, line 1: "1,5" is not a number; write it with a decimal point.'],
    ['1790812800,0x10\n', 'line 1: "0x10" is not a number'],
    ['1790812800,"5', 'load.csv is cut off inside a quoted value'],
  ])('that is wrong says where: %j', async (text, sentence) => {
    await expect(read(text)).rejects.toThrow(sentence)
  })

  it.each(Object.entries(encodings))('in %s, and with semicolons', async (_, encoded) => {
    const path = join(folder, 'saved.csv')
    for (const mark of [',', ';']) {
      writeFileSync(path, encoded(`time${mark}value\n1790812800${mark}5\n`))
      expect(await readLoadCsv(path, signal)).toEqual([{ at: '2026-10-01T00:00:00.000Z', value: 5 }])
    }
  })

  const folder = mkdtempSync(join(tmpdir(), 'patchwarden-load-csv-'))
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  it('is a source of the samples in a span of time, packed or not', async () => {
    const path = join(folder, 'load.csv.gz')
    writeFileSync(path, gzipSync('1790812800,5\n1790813700,6.5\n1790814600,7\n'))
    const source = createCsvLoad({ name: 'web', path })
    expect(
      (await source.history('2026-10-01T00:15:00Z', '2026-10-01T00:30:00Z', signal)).map(({ value }) => value),
    ).toEqual([6.5])
    await expect(source.history('2027-01-01T00:00:00Z', '2027-02-01T00:00:00Z', signal)).rejects.toThrow(
      `${path} has no sample from 2027-01-01T00:00:00Z to 2027-02-01T00:00:00Z.`,
    )
    await expect(
      createCsvLoad({ name: 'web', path: join(folder, 'none.csv') }).history('', '', signal),
    ).rejects.toThrow('there is no such file')
  })

  test('whatever is in it, there are samples or a sentence', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(fc.oneof(fc.string(), fc.nat().map(String)), fc.string())), async (rows) => {
        const samples = await read(rows.map((row) => row.join(',')).join('\n')).catch((error: unknown) => {
          expect(String(error)).toMatch(/load\.csv/)
          return []
        })
        for (const { at, value } of samples)
          expect([new Date(at).toISOString(), Number.isFinite(value)]).toEqual([at, true])
      }),
    )
  })
})
