/** Which updates five real Windows hosts miss, against a reference that was made without this code. */

import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { productInTitle } from '../../src/core/assessment/windows-kinds.ts'
import { mergeUpdates, missingWindowsUpdates } from '../../src/core/assessment/windows-updates.ts'
import type { WindowsUpdate } from '../../src/core/catalog.ts'
import { documentsIn } from '../../src/integrations/feeds/documents.ts'
import { createSink } from '../../src/integrations/feeds/sink.ts'
import { readWesng } from '../../src/integrations/feeds/wesng/read.ts'
import { parseSystemInfo } from '../../src/integrations/file-inventory/systeminfo.ts'
import { sharedData } from '../integrations/shared-data.ts'

const definitions = sharedData('msrc/wesng-definitions-before-2026-06-patch-tuesday.zip')
const reference = sharedData('msrc/oracle/missing-before-2026-06-patch-tuesday.json')
const hosts = sharedData('msrc/wesng-validation-systeminfo.tar.zst')

/**
 * Hotpatches of Windows Server 2022 and 2025 and of Windows 11, which the reference counts as missing everywhere, because nothing
 * replaces them by name:
 * https://learn.microsoft.com/windows/release-health/windows-server-release-info, "Hotpatch calendar", and of before 2024
 * https://support.microsoft.com/topic/release-notes-for-hotpatch-in-azure-automanage-for-windows-server-2022.
 */
const hotpatches = new Set(
  `5010456 5011580 5014677 5017392 5019080 5021656 5022921 5023786 5026456 5027319 5029367 5030325 5032304 5033464 5034860 5035959 5037848
   5046696 5048794 5052105 5053636 5058497 5060841 5064010 5065474 5068966 5072014 5075942 5078736 5087423 5079420 5089466
   5039330 5042880 5046698 5048800 5052106 5053638 5058500 5060525 5063812 5065306 5068840 5071413 5075943 5078737 5087424`
    .split(/\s+/)
    .map((number) => `KB${number}`),
)

let read: Promise<readonly WindowsUpdate[]> | null = null

/** All updates of the definitions, read once. */
function updates(): Promise<readonly WindowsUpdate[]> {
  read ??= readDefinitions()
  return read
}

async function readDefinitions(): Promise<readonly WindowsUpdate[]> {
  const sink = createSink()
  for await (const { name, bytes } of documentsIn(readFileSync(definitions ?? ''), 'definitions'))
    if (name.includes('CVEs_')) readWesng(bytes.toString('utf8'), name, sink)
  return sink.updates
}

interface Host {
  readonly file: string
  readonly minimal: readonly { readonly kb: string }[]
}

it.skipIf(definitions === null)(
  'are told from cumulative updates by their twins, and nothing else is',
  async () => {
    const sink = createSink()
    for await (const { name, bytes } of documentsIn(readFileSync(definitions ?? ''), 'definitions'))
      if (name.includes('CVEs_')) readWesng(bytes.toString('utf8'), name, sink)
    const told = [...mergeUpdates(sink.updates.filter((one) => one.platform === 'windows:server-2022')).values()]
      .filter(({ kind, published }) => kind === 'hotpatch' && (published ?? '') >= '2024')
      .map(({ kb }) => kb)
    expect(told.filter((kb) => !hotpatches.has(kb))).toEqual([])
    // All but those of February and March 2024, beside which the definitions have no cumulative update.
    expect(told).toHaveLength(16)
  },
  60_000,
)

it.skipIf(definitions === null || reference === null || hosts === null)(
  'of five real hosts are those of the reference, from the text of systeminfo and the definitions',
  async () => {
    const all = await updates()
    const texts = new Map<string, string>()
    for await (const { name, bytes } of documentsIn(readFileSync(hosts ?? ''), 'hosts'))
      texts.set(name.split('/').at(-1) ?? '', bytes.toString('utf8'))
    const expected: readonly Host[] = JSON.parse(readFileSync(reference ?? '', 'utf8'))
    expect(expected).toHaveLength(5)
    for (const host of expected) {
      const { packages, platform } = parseSystemInfo(texts.get(host.file.split('/').at(-1) ?? '') ?? '', host.file)
      const merged = mergeUpdates(all.filter((one) => one.platform === platform))
      // The reference is about Windows itself, not about products on it, such as Flash.
      const found = missingWindowsUpdates(packages, merged)
        .filter(({ update }) => productInTitle(update.title) === null)
        .map(({ update }) => update.kb.slice(2))
      const minimal = host.minimal.map((one) => one.kb)
      const left = minimal.filter((kb) => !found.includes(kb))
      expect(
        found.filter((kb) => !minimal.includes(kb)),
        host.file,
      ).toEqual([])
      expect(
        left.filter((kb) => !hotpatches.has(`KB${kb}`)),
        host.file,
      ).toEqual([])
      if (platform === 'windows:server-2022') expect(left.length).toBeGreaterThan(10)
    }
  },
  60_000,
)
