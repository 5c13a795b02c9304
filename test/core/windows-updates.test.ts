import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  mergeUpdates,
  missingWindowsUpdates,
  targetOf,
  unjudgedProducts,
} from '../../src/core/assessment/windows-updates.ts'
import type { InstalledPackage } from '../../src/core/asset.ts'
import type { WindowsUpdate } from '../../src/core/catalog.ts'
import { hasReached, WINDOWS } from '../../src/core/versions/windows.ts'

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

/** By KB: the open CVEs. */
function open(packages: readonly InstalledPackage[], updates: readonly WindowsUpdate[]) {
  const found = missingWindowsUpdates(packages, mergeUpdates(updates))
  return Object.fromEntries(found.map(({ update: { kb }, cves }) => [kb, [...cves].sort()]))
}

describe('releases that share one update revision', () => {
  // https://learn.microsoft.com/windows/release-health/release-information: KB5032189 is 19041 to 19045.3693,
  // KB5032190 is 22621.2715 and 22631.2715.
  it.each([
    ['10.0.19045.3500', '10.0.19043.3693', false],
    ['10.0.19045.3693', '10.0.19043.3693', true],
    ['10.0.19041.3693', '10.0.19045.3693', true],
    ['10.0.22631.2500', '10.0.22621.2715', false],
    ['10.0.22631.2715', '10.0.22621.2715', true],
    ['10.0.26200.8037', '10.0.26100.8246', false],
    ['10.0.18363.100', '10.0.18362.145', false],
    ['10.0.20348.2340', '10.0.17763.5000', null],
    ['10.0.22000.3000', '10.0.22621.2715', null],
    ['6.3.9600', '10.0.20348.1', null],
  ])('%s contains what leads to %s: %s', (build, fixed, reached) => {
    expect(hasReached(build, fixed)).toBe(reached)
  })

  const november = update('KB5032189', {
    platform: 'windows:10-22h2',
    fixedBuild: '10.0.19043.3693',
    cves: ['CVE-2026-1000300'],
  })

  it('are compared by it, although Microsoft names the build of a sister', () => {
    expect(open(installed(`${WINDOWS} 10.0.19045.3500`), [november])).toEqual({ KB5032189: ['CVE-2026-1000300'] })
    expect(open(installed(`${WINDOWS} 10.0.19045.3693`), [november])).toEqual({})
  })

  it('do not get what Microsoft tags with a product by mistake, whether the revision is known or not', () => {
    const foreign = update('KB5022303', { fixedBuild: '10.0.22621.1105' })
    expect(open(installed(`${WINDOWS} 10.0.20348.1`), [foreign])).toEqual({})
    expect(open(installed(`${WINDOWS} 10.0.20348`), [foreign])).toEqual({})
  })

  it('have one build for a KB with two: the one that can be of the platform, else the higher one', () => {
    const twice = (...builds: string[]) =>
      mergeUpdates(builds.map((fixedBuild) => update('KB1', { fixedBuild }))).get('KB1')?.fixedBuild
    for (const builds of [
      ['10.0.20348.2340', '10.0.25398.763'],
      ['10.0.25398.763', '10.0.20348.2340'],
      ['10.0.20348.2333', '10.0.20348.2340'],
      ['10.0.20348.2340', '10.0.20348.2333'],
    ])
      expect(twice(...builds)).toBe('10.0.20348.2340')
  })
})

it("no CVE of a cumulative update after the machine's build is lost, and none before it is open", () => {
  const revision = fc.integer({ min: 1, max: 20 })
  const cve = fc.integer({ min: 1, max: 12 }).map((number) => `CVE-2026-${1_000 + number}`)
  fc.assert(
    fc.property(fc.array(fc.tuple(revision, fc.array(cve), fc.boolean()), { maxLength: 12 }), revision, (rows, at) => {
      const updates = rows.map(([to, cves, sister], index) =>
        update(`KB${1_000_000 + index}`, {
          platform: 'windows:10-22h2',
          fixedBuild: `10.0.${sister ? 19043 : 19045}.${to}`,
          cves,
        }),
      )
      const expected = new Set(updates.flatMap(({ cves }, index) => ((rows[index]?.[0] ?? 0) > at ? cves : [])))
      const found = open(installed(`${WINDOWS} 10.0.19045.${at}`), updates)
      expect(new Set(Object.values(found).flat())).toEqual(expected)
      expect(Object.keys(found).length).toBeLessThanOrEqual(1)
    }),
  )
})

/**
 * Windows Server 2025 in 2025: https://support.microsoft.com/topic/release-notes-for-hotpatch-on-windows-server-2025. The
 * baselines of January and April are cumulative updates, and each month between has a hotpatch and a cumulative update.
 */
describe('hotpatches', () => {
  const of = (kb: string, revision: number, day: string, cves: string[], word = 'Security Update') =>
    update(kb, {
      platform: 'windows:server-2025',
      title: `${kb}: ${word}`,
      fixedBuild: `10.0.26100.${revision}`,
      published: `2025-${day}`,
      cves,
    })
  const hot = (kb: string, revision: number, day: string, cves: string[]) =>
    of(kb, revision, day, cves, 'Security Hotpatch Update')
  const january = of('KB5050009', 2894, '01-14', ['CVE-2025-1001'])
  const february = of('KB5051987', 3194, '02-11', ['CVE-2025-1002', 'CVE-2025-1009'])
  const hotFebruary = hot('KB5052105', 3107, '02-11', ['CVE-2025-1002'])
  const march = of('KB5053598', 3476, '03-11', ['CVE-2025-1003'])
  const hotMarch = hot('KB5053636', 3403, '03-11', ['CVE-2025-1003'])
  const april = of('KB5055523', 3775, '04-08', ['CVE-2025-1004'])
  const may = of('KB5058411', 4061, '05-13', ['CVE-2025-1005'])
  const hotMay = hot('KB5058497', 3981, '05-13', ['CVE-2025-1005'])
  const winter = [january, february, hotFebruary, march, hotMarch]
  const at = (revision: number | null, ...kbs: string[]) =>
    installed(`${WINDOWS} 10.0.26100${revision === null ? '' : `.${revision}`}`, ...kbs)

  it('close the CVEs of the cumulative update of their month, by build or by number', () => {
    const all = [january, hotMarch, march]
    expect(open(at(3403, 'KB5053636'), all)).toEqual({})
    expect(open(at(3403), all)).toEqual({})
    expect(open(at(null, 'KB5053636'), all)).toEqual({})
    expect(open(at(3476), all)).toEqual({})
  })

  it('leave open what only the cumulative update fixes, until the next baseline', () => {
    expect(open(at(3403), winter)).toEqual({ KB5053598: ['CVE-2025-1009'] })
    expect(open(at(3107), winter)).toEqual({ KB5053636: ['CVE-2025-1003'], KB5053598: ['CVE-2025-1009'] })
    expect(open(at(3775), [...winter, april])).toEqual({})
  })

  it('are offered to machines that take them; to others, the cumulative update is', () => {
    const all = [january, hotFebruary, hotMarch, of('KB5051987', 3194, '02-11', ['CVE-2025-1002']), march]
    expect(open(at(3107), all)).toEqual({ KB5053636: ['CVE-2025-1003'] })
    expect(open(at(3194), all)).toEqual({ KB5053598: ['CVE-2025-1003'] })
    expect(open(at(2894), all)).toEqual({ KB5053598: ['CVE-2025-1002', 'CVE-2025-1003'] })
    expect(missing(at(2894), all)).toEqual([['KB5053598', 'KB5051987', 'KB5052105', 'KB5053636']])
  })

  it('of another quarter need its baseline first, which needs the planned reboot', () => {
    const all = [january, hotFebruary, hotMarch, march, april, hotMay, may]
    expect(open(at(3403), all)).toEqual({ KB5055523: ['CVE-2025-1004'], KB5058497: ['CVE-2025-1005'] })
    expect(open(at(3981), all)).toEqual({})
    expect(open(at(3775), all)).toEqual({ KB5058411: ['CVE-2025-1005'] })
  })

  it('that nobody calls so are not guessed: two updates of a month may be two parts of a fix', () => {
    const first = of('KB1000001', 100, '10-14', ['CVE-2025-2000'])
    const second = of('KB1000002', 120, '10-14', ['CVE-2025-2000'])
    expect(open(at(100, 'KB1000001'), [first, second])).toEqual({ KB1000002: ['CVE-2025-2000'] })
  })
})

describe('the security-only update and the rollup of a month', () => {
  const old = (kb: string, word: string, cves: string[], more: Partial<WindowsUpdate> = {}) =>
    update(kb, { platform: 'windows:server-2012-r2', title: `${kb}: ${word}`, cves, published: '2017-03-14', ...more })
  const march = [
    old('KB4012213', 'Security Only', ['CVE-2017-0143']),
    old('KB4012216', 'Monthly Rollup', ['CVE-2017-0143', 'CVE-2017-0144']),
  ]
  const april = [
    old('KB4015547', 'Security Only', ['CVE-2017-0155']),
    old('KB4015550', 'Monthly Rollup', ['CVE-2017-0155'], { supersedes: ['KB4012216'] }),
  ]
  const windows = `${WINDOWS} 6.3.9600`

  it('fix the same, so that either of them is enough', () => {
    const same = [march[0], old('KB4012216', 'Monthly Rollup', ['CVE-2017-0143'])].flatMap((one) => one ?? [])
    expect(open(installed(windows, 'KB4012213'), same)).toEqual({})
    expect(open(installed(windows, 'KB4012216'), same)).toEqual({})
    expect(open(installed(windows, 'KB4012213'), march)).toEqual({ KB4012216: ['CVE-2017-0144'] })
  })

  it('are not both asked for: each machine goes on as it does', () => {
    const both = [...march, ...april]
    expect(open(installed(windows), both)).toEqual({
      KB4015550: ['CVE-2017-0143', 'CVE-2017-0144', 'CVE-2017-0155'],
    })
    expect(open(installed(windows, 'KB4012216'), both)).toEqual({ KB4015550: ['CVE-2017-0155'] })
    const sinceSecurityOnly = both.filter(({ kb }) => kb !== 'KB4012216')
    expect(open(installed(windows, 'KB4012213'), sinceSecurityOnly)).toEqual({ KB4015547: ['CVE-2017-0155'] })
    expect(open(installed(windows, 'KB4015550'), both)).toEqual({})
  })
})

describe('products on Windows', () => {
  const net = (kb: string, published: string, product = 'Microsoft .NET Framework 3.5 AND 4.8') =>
    update(kb, { title: `${kb}: Security Update [for ${product}]`, published })
  const updates = [net('KB5033914', '2024-01-09'), net('KB5036604', '2024-04-09')]
  const unjudged = (packages: readonly InstalledPackage[]) =>
    unjudgedProducts(packages, mergeUpdates(updates)).map(({ kb, product }) => [kb, product])

  it('are named where nothing says whether they are installed, by their newest update', () => {
    expect(open(installed(`${WINDOWS} 10.0.20348.2340`), updates)).toEqual({})
    expect(unjudged(installed(`${WINDOWS} 10.0.20348.2340`))).toEqual([
      ['KB5036604', 'Microsoft .NET Framework 3.5 AND 4.8'],
    ])
  })

  it('are judged where the machine lists one of their updates', () => {
    expect(open(installed('KB5033914'), updates)).toEqual({ KB5036604: ['CVE-2026-5036604'] })
    expect(open(installed('KB5036604'), updates)).toEqual({})
    expect(unjudged(installed('KB5033914'))).toEqual([])
  })

  it.each([
    [
      'Microsoft .NET Framework 3.5 AND 4.8 on Windows Server 2022',
      { platform: 'windows:server-2022', product: 'Microsoft .NET Framework 3.5 AND 4.8' },
    ],
    [
      'Internet Explorer 11 on Windows 10 Version 1809 for x64-based Systems',
      { platform: 'windows:10-1809', product: 'Internet Explorer 11' },
    ],
    [
      'Windows Server, version 20H2 (Server Core Installation)',
      { platform: 'windows:server-20h2-core', product: null },
    ],
    ['Windows Server 2022', { platform: 'windows:server-2022', product: null }],
    ['Microsoft Office 2019 for 32-bit editions', null],
    ['Visual Studio Code', null],
  ])('are told from Windows: %s', (name, target) => {
    expect(targetOf(name)).toEqual(target)
  })
})
