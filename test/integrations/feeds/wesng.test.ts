/** What the definitions do not say, and what they must not be read to say. */

import { describe, expect, it } from 'vitest'
import { mergeUpdates, missingWindowsUpdates } from '../../../src/core/assessment/windows-updates.ts'
import { createWesngFeed } from '../../../src/integrations/feeds/wesng/index.ts'
import { fetched, fileWith } from './read-feed.ts'

const header =
  '"DatePosted","CVE","BulletinKB","Title","AffectedProduct","AffectedComponent","Severity","Impact","Supersedes","Exploits"'

interface Update {
  readonly kb: string
  readonly date: string
  readonly supersedes?: string
  /** Numbers of its CVEs, from the first to before the second. */
  readonly cves: readonly [number, number]
}

/** The KBs that a machine with these misses, each with the number of its open CVEs. */
async function missing(product: string, updates: readonly Update[], ...installed: readonly string[]) {
  const rows = updates.flatMap(({ kb, date, supersedes = '', cves: [from, to] }) =>
    Array.from({ length: to - from }, (_, index) => {
      const cve = `CVE-2025-${9_000 + from + index}`
      return `"${date}","${cve}","${kb}","x","${product}","y","Important","z","${supersedes}",""`
    }),
  )
  const location = fileWith([header, ...rows, ''].join('\r\n'))
  const { content } = await fetched(createWesngFeed({ name: 'w', location }))
  const packages = installed.map((kb) => {
    return { name: `KB${kb}`, version: '1', architecture: 'all', source: `KB${kb}`, sourceVersion: '1' }
  })
  const found = missingWindowsUpdates(packages, mergeUpdates(content.updates ?? []))
  return Object.fromEntries(found.map(({ update: { kb }, cves }) => [kb, cves.length]))
}

describe('definitions of wesng', () => {
  // https://learn.microsoft.com/windows/release-health/windows-server-release-info, "Hotpatch calendar": of 2025, KB5055526 is
  // the baseline of April, KB5058500 and KB5060525 are hotpatches, KB5062572 is the baseline of July.
  const april = { kb: '5055526', date: '20250408', cves: [0, 20] } as const
  const may = { kb: '5058385', date: '20250513', supersedes: '5055526', cves: [20, 40] } as const
  const hotMay = { kb: '5058500', date: '20250513', cves: [20, 39] } as const
  const june = { kb: '5060526', date: '20250610', supersedes: '5058385', cves: [40, 60] } as const
  const hotJune = { kb: '5060525', date: '20250610', supersedes: '5058500', cves: [40, 60] } as const
  const july = { kb: '5062572', date: '20250708', supersedes: '5060526', cves: [60, 90] } as const
  const server = (...installed: string[]) =>
    missing('Windows Server 2022', [april, may, hotMay, june, hotJune], ...installed)

  it('ask a machine with cumulative updates for no hotpatch', async () => {
    expect(await server('5060526')).toEqual({})
    expect(await server('5055526')).toEqual({ KB5060526: 40 })
    expect(await server()).toEqual({ KB5060526: 60 })
  })

  it('ask a machine with hotpatches for the next one, and for a cumulative update only where that alone fixes something', async () => {
    expect(await server('5055526', '5058500')).toEqual({ KB5060525: 20, KB5060526: 1 })
    expect(await server('5055526', '5060525')).toEqual({ KB5060526: 1 })
    const all = [april, may, hotMay, june, hotJune, july]
    expect(await missing('Windows Server 2022', all, '5055526', '5060525')).toEqual({ KB5062572: 31 })
  })

  // https://support.microsoft.com/help/4012213 and 4012216: March 2017, Security Only and Monthly Rollup.
  const security = { kb: '4012213', date: '20170314', cves: [0, 20] } as const
  const rollup = { kb: '4012216', date: '20170314', supersedes: '3205401', cves: [0, 22] } as const

  it('ask for the security-only update or for the rollup of a month, not for both', async () => {
    const month = [security, rollup]
    expect(await missing('Windows Server 2012 R2', month, '4012216')).toEqual({})
    expect(await missing('Windows Server 2012 R2', month, '4012213')).toEqual({ KB4012216: 2 })
  })

  it('keep open what only looks alike: two parts of a fix, other platforms, and months before there were two kinds', async () => {
    const parts = [april, { kb: '5000001', date: '20250408', cves: [0, 4] } as const]
    expect(await missing('Windows Server 2022', parts, '5055526')).toEqual({ KB5000001: 4 })
    const twins = [security, { ...rollup, date: '20150310' }, { ...security, kb: '4000001', date: '20150310' }]
    expect(await missing('Windows Server 2019', [may, hotMay], '5058385')).toEqual({ KB5058500: 19 })
    expect(await missing('Windows Server 2012 R2', twins.slice(1), '4000001')).toEqual({ KB4012216: 22 })
  })

  it('date an update by most of its rows', async () => {
    const updates = [{ ...april, date: '20250408' }, { kb: '5055526', date: '20241210', cves: [20, 22] } as const]
    const rows = updates.flatMap(({ kb, date, cves: [from, to] }) =>
      Array.from(
        { length: to - from },
        (_, index) => `"${date}","CVE-2025-${9_000 + from + index}","${kb}","x","Windows Server 2022","y","","z","",""`,
      ),
    )
    const { content } = await fetched(
      createWesngFeed({ name: 'w', location: fileWith([header, ...rows, ''].join('\n')) }),
    )
    expect(content.updates).toMatchObject([{ kb: 'KB5055526', published: '2025-04-08' }])
  })
})
