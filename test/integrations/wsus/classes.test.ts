import { describe, expect, it } from 'vitest'
import { readTitle } from '../../../src/integrations/windows/titles.ts'
import { typeOf } from '../../../src/integrations/wsus/classes.ts'

/** Titles as the Microsoft Update Catalog has them, with the products of Microsoft's monthly data that they are for. */
const titles: readonly (readonly [string, string | null, string | null, string | null])[] = [
  [
    '2024-03 Cumulative Update for Microsoft server operating system version 21H2 for x64-based Systems (KB5035857)',
    'windows:server-2022',
    null,
    null,
  ],
  [
    '2021-09 Cumulative Update for Microsoft server operating system, version 21H2 for x64-based Systems (KB5005575)',
    'windows:server-2022',
    null,
    null,
  ],
  [
    '2026-01 Cumulative Update for Microsoft server operating system version 23H2 for x64-based Systems (KB5073450)',
    'windows:server-2022-23h2',
    null,
    null,
  ],
  [
    '2025-05 Cumulative Update for Microsoft server operating system version 24H2 for x64-based Systems (KB5058411) (26100.4061)',
    'windows:server-2025',
    null,
    '10.0.26100.4061',
  ],
  [
    '2024-03 Cumulative Update for Windows Server 2019 for x64-based Systems (KB5035849)',
    'windows:server-2019',
    null,
    null,
  ],
  [
    '2024-03 Cumulative Update for Windows Server 2016 for x64-based Systems (KB5035855)',
    'windows:server-2016',
    null,
    null,
  ],
  [
    '2024-03 Cumulative Update for Windows 10 Version 22H2 for x64-based Systems (KB5035845)',
    'windows:10-22h2',
    null,
    null,
  ],
  [
    '2024-03 Cumulative Update for Windows 11 Version 23H2 for ARM64-based Systems (KB5035853)',
    'windows:11-23h2-arm64',
    null,
    null,
  ],
  [
    '2024-01 Cumulative Update for .NET Framework 3.5, 4.7.2 and 4.8 for Windows Server 2019 for x64 (KB5033904)',
    'windows:server-2019',
    '.NET Framework 3.5, 4.7.2 and 4.8',
    null,
  ],
  // Azure Stack HCI, and what is not Windows at all.
  [
    '2023-03 Cumulative Update for Microsoft server operating system, version 22H2 for x64-based Systems (KB5023705)',
    null,
    null,
    null,
  ],
  ['Security Update for Microsoft Office 2016 (KB5002537) 64-Bit Edition', null, null, null],
  ['Windows Malicious Software Removal Tool x64 - v5.122 (KB890830)', null, null, null],
]

describe('the title of an update', () => {
  it.each(titles)('%s', (title, platform, product, build) => {
    const read = readTitle(title)
    expect(read.target?.platform ?? null).toBe(platform)
    if (platform !== null) expect(read.target?.product ?? null).toBe(product)
    expect(read.build).toBe(build)
  })

  it('keeps the words that say what kind of update it is', () => {
    const { what } = readTitle(
      '2024-03 Security Monthly Quality Rollup for Windows Server 2012 R2 for x64-based Systems (KB5035885)',
    )
    expect(what).toBe('Security Monthly Quality Rollup')
  })
})

describe('a classification', () => {
  const update = { kind: 'Software' as const, title: '2024-03 Cumulative Update for Windows Server 2019 (KB5035849)' }

  it.each([
    ['Security Updates', 'security'],
    ['Critical Updates', 'bugfix'],
    ['Update Rollups', 'bugfix'],
    ['Updates', 'bugfix'],
    ['Service Packs', 'feature'],
    ['Feature Packs', null],
    ['Upgrades', null],
    ['Definition Updates', null],
    ['Tools', null],
    ['Something of another publisher', null],
  ])('%s is %s', (classification, type) => {
    expect(typeOf({ ...update, classification }, [])).toBe(type)
  })

  it('is taken where the settings name it', () => {
    expect(typeOf({ ...update, classification: 'Upgrades' }, ['Upgrades'])).toBe('feature')
    expect(typeOf({ ...update, kind: 'Driver', classification: 'Drivers' }, [])).toBeNull()
    expect(typeOf({ ...update, kind: 'Driver', classification: 'Drivers' }, ['Drivers'])).toBe('bugfix')
  })

  it('of a preview is not taken', () => {
    const title = '2024-03 Cumulative Update Preview for Windows Server 2019 (KB5035963)'
    expect(typeOf({ ...update, title, classification: 'Updates' }, [])).toBeNull()
  })
})
