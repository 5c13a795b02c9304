/** Files as editors, spreadsheets and shells save them: with marks, in UTF-16, with CRLF, with semicolons. */

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { onlyLooks } from '../../../src/core/asset.ts'
import { unpackText } from '../../../src/integrations/bounded-file.ts'
import { createFileInventory, recogniseFormat } from '../../../src/integrations/file-inventory/index.ts'
import { encodings } from '../../support/encodings.ts'
import { temporaryFolder } from '../../support/temporary-folder.ts'
import { platformFor, inventoryTexts as texts } from './inventory-texts.ts'

const folder = temporaryFolder('pw-encodings')
let files = 0

async function namesIn(bytes: Buffer): Promise<{ readonly format: string; readonly names: readonly string[] }> {
  const path = join(folder, `inventory-${++files}`)
  writeFileSync(path, bytes)
  const format = recogniseFormat((await unpackText(bytes, path, 1_000_000)).subarray(0, 20_000))
  if (format === null) throw new Error('the format is not recognised')
  const defaults = { team: 'web', name: 'host', platform: platformFor(format) }
  const source = createFileInventory({ name: 'file', path, format, defaults, clock: () => new Date() })
  const names: string[] = []
  for await (const seen of onlyLooks(source.observe({ signal: new AbortController().signal }))) {
    if (seen.kind !== 'seen') throw new Error(seen.reason)
    for (const { name } of seen.snapshot.packages) names.push(name)
  }
  return { format, names }
}

describe.each(Object.entries(encodings))('an inventory in %s', (_, encoded) => {
  it.each(Object.entries(texts))('is read as what it is: %s', async (format, text) => {
    const expected = { format, names: [format === 'systeminfo' ? 'Windows' : 'bash'] }
    expect(await namesIn(encoded(text))).toEqual(expected)
    expect(await namesIn(gzipSync(encoded(text)))).toEqual(expected)
  })
})

describe('an inventory', () => {
  it('in UTF-32, or cut off in UTF-16, is refused with the name of its encoding', async () => {
    const utf32 = Buffer.from([0xff, 0xfe, 0, 0, 0x7b, 0, 0, 0])
    await expect(namesIn(utf32)).rejects.toThrow(/is UTF-32 text: save it as UTF-8/)
    const cut = Buffer.from('\uFEFFPackage: bash', 'utf16le').subarray(0, -1)
    await expect(namesIn(cut)).rejects.toThrow(/is UTF-16 text and is cut off/)
  })

  it('in UTF-16 keeps characters of two units, wherever it is cut into pieces', async () => {
    const text = texts.json.replace('"name"', `"tags":["${'\u{1F427}'.repeat(600_000)}"],"name"`)
    expect(text.length).toBeGreaterThan(1_000_000)
    expect((await unpackText(Buffer.from(`\uFEFF${text}`, 'utf16le'), 'it', 1e9)).toString()).toBe(text)
    expect((await unpackText(Buffer.from(`\uFEFF ${text}`, 'utf16le'), 'it', 1e9)).toString()).toBe(` ${text}`)
  })

  it.each([
    ['semicolons', (csv: string) => csv.replaceAll(',', ';')],
    ['tabs', (csv: string) => csv.replaceAll(',', '\t')],
    ['semicolons that its first line names', (csv: string) => `sep=;\r\n${csv.replaceAll(',', ';')}`],
    ['commas in its values', (csv: string) => csv.replaceAll(',', ';').replace('5.2.15-2', '"5.2,15-2"')],
    ['quotes around its header', (csv: string) => csv.replace(/[a-zA-Z]+(?=.*\n.)/g, '"$&"')],
  ])('as CSV with %s is read', async (_, written) => {
    expect(await namesIn(Buffer.from(written(texts.csv)))).toEqual({ format: 'csv', names: ['bash'] })
  })
})
