/** What the command says of files as people have them: of Windows, bills of materials, files that an editor saved. */

import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { patchwarden } from '../support/command-line.ts'
import { encodings } from '../support/encodings.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

const folder = temporaryFolder('pw-assess-files')
let runs = 0

/** Runs `assess` on one inventory file and a folder with one feed file for each entry. */
async function assessed(file: string, inventory: string | Buffer, feeds: Record<string, string | Buffer>) {
  const own = join(folder, String(++runs))
  mkdirSync(join(own, 'feeds'), { recursive: true })
  writeFileSync(join(own, file), inventory)
  for (const [name, content] of Object.entries(feeds)) writeFileSync(join(own, 'feeds', name), content)
  const done = await patchwarden('assess', '--inventory', join(own, file), '--catalog', join(own, 'feeds'))
  // Who judged it is not what is tried here.
  return { ...done, out: done.out.replace(/^.* is judged by .*\n/gm, '') }
}

function systemInfo(name: string, system: string, release: string, build: string, ...kbs: readonly string[]): string {
  const lines = [
    '',
    `Host Name:                 ${name}`,
    `OS Name:                   Microsoft Windows ${system}`,
    `OS Version:                ${release}.${build} N/A Build ${build}`,
    'System Type:               x64-based PC',
    'BIOS Version:              Vendor 1.0.1234, 1/1/2024',
    `Hotfix(s):                 ${kbs.length} Hotfix(s) Installed.`,
    ...kbs.map((kb, index) => `                           [0${index + 1}]: ${kb}`),
    '',
  ]
  return lines.join('\r\n')
}

const ver = (build: string) => `\r\nMicrosoft Windows [Version ${build}]\r\n`

type Row = readonly [cve: string, kb: string, subType: string, fixedBuild: string, product: string]

function month(...rows: readonly Row[]): Record<string, string> {
  const products = [...new Set(rows.map(([, , , , product]) => product))]
  const text = JSON.stringify({
    DocumentTracking: { Identification: { ID: { Value: '2026-Mar' } }, InitialReleaseDate: '2026-03-10T00:00:00' },
    ProductTree: { FullProductName: products.map((Value, index) => ({ ProductID: String(index), Value })) },
    Vulnerability: rows.map(([CVE, kb, SubType, FixedBuild, product]) => ({
      CVE,
      Remediations: [
        { Description: { Value: kb }, SubType, FixedBuild, ProductID: [String(products.indexOf(product))] },
      ],
    })),
  })
  return { 'm.json': text }
}

describe('a Windows machine', () => {
  const server = 'Windows Server 2022'
  const march: Row = ['CVE-2026-9900001', '5035857', 'Security Update', '10.0.20348.2340', server]
  const text = systemInfo('WIN01', 'Server 2022 Datacenter', '10.0', '20348', 'KB5012170')

  it('is told by the revision that ver prints behind systeminfo', async () => {
    const low = await assessed('win01.txt', text + ver('10.0.20348.2322'), month(march))
    expect([low.code, low.err]).toEqual([0, ''])
    expect(low.out).toMatch(/KB5035857 10\.0\.20348\.2340 on 1 \(WIN01\), 1 CVE/)
    const high = await assessed('win01.txt', text + ver('10.0.20348.2400'), month(march))
    expect([high.out, high.err]).toEqual(['Nothing is missing.\n', ''])
  })

  it('with the hotpatch of the month does not need the cumulative update', async () => {
    const hotpatch: Row = ['CVE-2026-9900001', '5035959', 'Security Hotpatch Update', '10.0.20348.2333', server]
    const { out } = await assessed('win01.txt', text + ver('10.0.20348.2333'), month(march, hotpatch))
    expect(out).toBe('Nothing is missing.\n')
  })

  it('misses an update whose build is of a sister release', async () => {
    const november = month(
      ['CVE-2026-9900002', '5032189', '', '10.0.19043.3693', 'Windows 10 Version 22H2 for x64-based Systems'],
      ['CVE-2026-9900002', '5032190', '', '10.0.22621.2715', 'Windows 11 Version 23H2 for x64-based Systems'],
    )
    const ten = ver('10.0.19045.3500') + systemInfo('WIN10', '10 Pro', '10.0', '19045', 'KB5012170')
    expect((await assessed('w10.txt', ten, november)).out).toMatch(/KB5032189 .* \(WIN10\)/)
    const eleven = ver('10.0.22631.2500') + systemInfo('WIN11', '11 Pro', '10.0', '22631', 'KB5012170')
    expect((await assessed('w11.txt', eleven, november)).out).toMatch(/KB5032190 .* \(WIN11\)/)
  })

  it('with the security-only update does not need the rollup, and gets no word about a revision that it never has', async () => {
    const old = 'Windows Server 2012 R2'
    const both = month(
      ['CVE-2026-9900003', '4012213', 'Security Only', '', old],
      ['CVE-2026-9900003', '4012216', 'Monthly Rollup', '', old],
    )
    const { out, err } = await assessed(
      'win02.txt',
      systemInfo('WIN02', 'Server 2012 R2 Standard', '6.3', '9600', 'KB4012213'),
      both,
    )
    expect([out, err]).toEqual(['Nothing is missing.\n', ''])
  })

  it('is told that updates of .NET are not assessed, where nothing says whether it is installed', async () => {
    const net = 'Microsoft .NET Framework 3.5 AND 4.8 on Windows Server 2022'
    const feeds = month(['CVE-2026-9900004', '5033914', 'Security Update', '4.8.04690.02', net], march)
    const { out } = await assessed('win01.txt', text + ver('10.0.20348.2400'), feeds)
    expect(out).toContain(
      'WIN01: 1 update is not assessed, because nothing says whether the product is installed: KB5033914 (Microsoft .NET Framework 3.5 AND 4.8)',
    )
  })

  it('is told where ver is of another machine', async () => {
    const { err } = await assessed('win01.txt', text + ver('10.0.17763.5000'), month(march))
    expect(err).toMatch(/is of two machines: systeminfo says 10\.0\.20348, and ver says 10\.0\.17763/)
  })
})

const tracker = (source: string, cve: string, fixed: string) => ({
  'tracker.json': JSON.stringify({
    [source]: {
      [cve]: {
        scope: 'local',
        releases: { bookworm: { status: 'resolved', urgency: 'not yet assigned', fixed_version: fixed } },
      },
    },
  }),
})

describe('a bill of materials', () => {
  const bill = (components: readonly unknown[]) =>
    JSON.stringify({ bomFormat: 'CycloneDX', specVersion: '1.5', components })
  const bash = { type: 'library', name: 'bash', purl: 'pkg:deb/debian/bash@5.2.15-2?arch=amd64&distro=debian-12.5' }
  const feeds = tracker('bash', 'CVE-2026-9900011', '5.2.15-2+deb12u1')

  it('is judged with the components inside its components', async () => {
    const nested = bill([{ type: 'operating-system', name: 'debian', version: '12', components: [bash] }])
    expect((await assessed('shop.cdx.json', nested, feeds)).out).toMatch(/bash 5\.2\.15-2\+deb12u1 on 1 \(shop\)/)
  })

  it('has versions with a plus, encoded or not', async () => {
    const purl =
      'pkg:deb/debian/libldb2@2:2.6.2+samba4.17.12+dfsg-0+deb12u3?arch=amd64&upstream=samba@2:4.17.12+dfsg-0+deb12u3&distro=debian-12'
    const fixed = tracker('samba', 'CVE-2026-9900012', '2:4.17.12+dfsg-0+deb12u2')
    const { out } = await assessed('shop.cdx.json', bill([{ type: 'library', name: 'libldb2', purl }]), fixed)
    expect(out).toBe('Nothing is missing.\n')
  })

  it('of two distributions is judged by the data of both', async () => {
    const osv = JSON.stringify({
      id: 'ALSA-2026:9001',
      modified: '2026-01-01T00:00:00Z',
      published: '2026-01-01T00:00:00Z',
      affected: [
        {
          package: { ecosystem: 'AlmaLinux:9', name: 'curl' },
          ranges: [{ type: 'ECOSYSTEM', events: [{ introduced: '0' }, { fixed: '7.76.1-29.el9_4' }] }],
        },
      ],
      upstream: ['CVE-2026-9900013'],
    })
    const curl = { name: 'curl', purl: 'pkg:rpm/almalinux/curl@7.76.1-26.el9?arch=x86_64&distro=almalinux-9.4' }
    const dash = { name: 'dash', purl: 'pkg:deb/debian/dash@0.5.12-2?arch=amd64&distro=debian-12' }
    const { out } = await assessed('shop.cdx.json', bill([dash, bash, curl]), { ...feeds, 'a.json': osv })
    expect(out).toMatch(/bash 5\.2\.15-2\+deb12u1 on 1 \(shop\)/)
    expect(out).toMatch(/curl 7\.76\.1-29\.el9_4 on 1 \(shop \(almalinux:9\)\)/)
  })
})

it.each(Object.entries(encodings))(
  'evidence and inventory in %s keep a patch as urgent as it is',
  async (_, encoded) => {
    const cve = 'CVE-2026-9900021'
    const kev = {
      catalogVersion: '2026.11.20',
      dateReleased: '2026-11-20T00:00:00Z',
      count: 1,
      vulnerabilities: [
        {
          cveID: cve,
          vulnerabilityName: 'x',
          dateAdded: '2026-11-19',
          dueDate: '2026-11-22',
          knownRansomwareCampaignUse: 'Known',
        },
      ],
    }
    const epss = `#model_version:v2025.03.14,score_date:2026-11-20T00:00:00+0000\ncve,epss,percentile\n${cve},0.95,0.99\n`
    const inventory = {
      assets: [{ name: 'web01', platform: 'debian:12', packages: [{ name: 'bash', version: '5.2.15-2' }] }],
    }
    const { 'tracker.json': fixes } = tracker('bash', cve, '5.2.15-2+deb12u1')
    const { out, err } = await assessed('fleet.json', encoded(JSON.stringify(inventory, null, 1)), {
      'kev.json': encoded(JSON.stringify(kev, null, 1)),
      'epss.csv': encoded(epss),
      'tracker.json': encoded(fixes),
    })
    expect(err).toBe('')
    expect(out).toMatch(/^out-of-cycle +security bash 5\.2\.15-2\+deb12u1 on 1 \(web01\), 1 CVE, due 2026-11-22/)
  },
)
