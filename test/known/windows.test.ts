/** Which updates five real Windows hosts miss, against a reference that was made without this code. */

import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { productInTitle } from '../../src/core/assessment/windows-kinds.ts'
import { mergeUpdates, missingWindowsUpdates } from '../../src/core/assessment/windows-updates.ts'
import { documentsIn } from '../../src/integrations/feeds/documents.ts'
import { createSink } from '../../src/integrations/feeds/sink.ts'
import { readWesng } from '../../src/integrations/feeds/wesng/read.ts'
import { parseSystemInfo } from '../../src/integrations/file-inventory/systeminfo.ts'
import { sharedData } from '../integrations/shared-data.ts'

const definitions = sharedData('msrc/wesng-definitions-before-2026-06-patch-tuesday.zip')
const reference = sharedData('msrc/oracle/missing-before-2026-06-patch-tuesday.json')
const hosts = sharedData('msrc/wesng-validation-systeminfo.tar.zst')

interface Host {
  readonly file: string
  readonly minimal: readonly { readonly kb: string }[]
}

it.skipIf(definitions === null || reference === null || hosts === null)(
  'of five real hosts are those of the reference, from the text of systeminfo and the definitions',
  async () => {
    const sink = createSink()
    for await (const { name, bytes } of documentsIn(readFileSync(definitions ?? ''), 'definitions'))
      if (name.includes('CVEs_')) readWesng(bytes.toString('utf8'), name, sink)
    const texts = new Map<string, string>()
    for await (const { name, bytes } of documentsIn(readFileSync(hosts ?? ''), 'hosts'))
      texts.set(name.split('/').at(-1) ?? '', bytes.toString('utf8'))
    const expected: readonly Host[] = JSON.parse(readFileSync(reference ?? '', 'utf8'))
    expect(expected).toHaveLength(5)
    for (const host of expected) {
      const { packages, platform } = parseSystemInfo(texts.get(host.file.split('/').at(-1) ?? '') ?? '', host.file)
      const updates = mergeUpdates(sink.updates.filter((one) => one.platform === platform))
      // The reference is about Windows itself, not about products on it, such as Flash.
      const found = missingWindowsUpdates(packages, updates)
        .filter(({ update }) => productInTitle(update.title) === null)
        .map(({ update }) => update.kb.slice(2))
      expect(found.sort(), host.file).toEqual(host.minimal.map((one) => one.kb).sort())
    }
  },
  60_000,
)
