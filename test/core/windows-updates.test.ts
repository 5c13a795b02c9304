import { describe, expect, it } from 'vitest'
import { mergeUpdates, missingWindowsUpdates } from '../../src/core/assessment/windows-updates.ts'
import type { InstalledPackage } from '../../src/core/asset.ts'
import type { WindowsUpdate } from '../../src/core/catalog.ts'
import { WINDOWS } from '../../src/core/versions/windows.ts'

function installed(...names: string[]): InstalledPackage[] {
  return names.map((name) => {
    const [key = '', version = '1'] = name.split(' ')
    return { name: key, version, architecture: 'all', source: key, sourceVersion: version }
  })
}

function update(kb: string, more: Partial<WindowsUpdate> = {}): WindowsUpdate {
  return {
    platform: 'windows:server-2022',
    kb,
    title: kb,
    cves: [`CVE-2026-${kb.slice(2)}`],
    supersedes: [],
    fixedBuild: null,
    type: 'security',
    severity: null,
    restart: null,
    published: null,
    ...more,
  }
}

function missing(packages: readonly InstalledPackage[], updates: readonly WindowsUpdate[]) {
  return missingWindowsUpdates(packages, mergeUpdates(updates)).map(({ update: { kb }, includes }) => [kb, ...includes])
}

describe('updates of Windows', () => {
  const chain = [
    update('KB1000001'),
    update('KB1000002', { supersedes: ['KB1000001'] }),
    update('KB1000003', { supersedes: ['KB1000002'] }),
  ]

  it('are there when a later one replaces them over several steps', () => {
    expect(missing(installed('KB1000003'), chain)).toEqual([])
    expect(missing(installed('KB1000002'), chain)).toEqual([['KB1000003']])
    expect(missing([], chain)).toEqual([['KB1000003', 'KB1000001', 'KB1000002']])
  })

  it('replace each other only on their own product, and in circles without end', () => {
    const circle = [update('KB1', { supersedes: ['KB2'] }), update('KB2', { supersedes: ['KB1'] })]
    expect(() => missing([], circle)).not.toThrow()
    expect(missing(installed('KB1'), circle)).toEqual([])
  })

  it('are told by the build, where it is known, although nobody names what replaces what', () => {
    const cumulative = ['2227', '2322', '2340'].map((revision) =>
      update(`KB100${revision}`, { fixedBuild: `10.0.20348.${revision}` }),
    )
    expect(missing(installed(`${WINDOWS} 10.0.20348.2322`), cumulative)).toEqual([['KB1002340']])
    expect(missing(installed(`${WINDOWS} 10.0.20348.2340`), cumulative)).toEqual([])
    expect(missing(installed(`${WINDOWS} 10.0.20348.1`), cumulative)).toEqual([['KB1002340', 'KB1002227', 'KB1002322']])
    // Of another release: nothing of it is asked for.
    expect(missing(installed(`${WINDOWS} 10.0.17763.1`), cumulative)).toEqual([])
  })
})
