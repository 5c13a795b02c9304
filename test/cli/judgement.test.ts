/** What `assess` says of small inventories and feeds, one for each way in which a judgement went wrong before. */

import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it, vi } from 'vitest'
import { main } from '../../src/cli/cli.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

async function assessed(platform: string, inventory: string, feeds: readonly object[]) {
  const folder = temporaryFolder('judgement')
  const name = platform.startsWith('debian') ? 'host.status' : 'host.rpms'
  writeFileSync(join(folder, name), inventory)
  mkdirSync(join(folder, 'feeds'))
  for (const [index, feed] of feeds.entries()) writeFileSync(join(folder, `feeds/${index}.json`), JSON.stringify(feed))
  let out = ''
  const stdout = vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    out += String(text)
    return true
  })
  const given = ['--inventory', join(folder, name), '--platform', platform, '--catalog', join(folder, 'feeds')]
  try {
    await main(['assess', ...given])
    // Who judged it is not what is tried here.
    const text = out.replace(/^.* is judged by .*\n/gm, '')
    out = ''
    await main(['assess', ...given, '--json'])
    const found = out.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line)]))
    return { text, found: found.map(({ cve, fixedVersion }) => `${cve} ${fixedVersion}`) }
  } finally {
    stdout.mockRestore()
  }
}

function rpm(name: string, version: string, module = '(none)', vendor = 'AlmaLinux'): string {
  return `${name}\t0:${version}\tx86_64\t${name.replace(/-core$/, '')}-${version}.src.rpm\t${module}\t${vendor}\n`
}

function alma(number: number, ecosystem: string, name: string, ...events: readonly (readonly object[])[]) {
  return {
    schema_version: '1.6.0',
    id: `ALSA-2026:900${number}`,
    modified: '2026-02-03T00:00:00Z',
    published: '2026-02-03T00:00:00Z',
    summary: 'Important: an update',
    upstream: [`CVE-2026-900000${number}`],
    affected: events.map((of) => ({ package: { ecosystem, name }, ranges: [{ type: 'ECOSYSTEM', events: of }] })),
  }
}

describe('a judgement', () => {
  it.each([
    ['1.4-1.el9', ['CVE-2026-9000001 1.6-2.el9']],
    ['2.2-1.el9', ['CVE-2026-9000001 2.5-1.el9']],
    ['1.9-1.el9', []],
    ['3.1-1.el9', []],
  ])('of several intervals in one record: wget %s', async (version, found) => {
    const events = [{ introduced: '0' }, { fixed: '1.6-2.el9' }, { introduced: '2.1-1.el9' }, { fixed: '2.5-1.el9' }]
    const feed = alma(1, 'AlmaLinux:9', 'wget', events)
    expect((await assessed('almalinux:9', rpm('wget', version), [feed])).found).toEqual(found)
  })

  it('of two builds in one advisory', async () => {
    const built = (fixed: string) => [{ introduced: '0' }, { fixed }]
    const [first, second] = ['11-4.module_el8.3.0+10+a', '11-4.module_el8.4.0+20+b']
    const record = alma(2, 'AlmaLinux:8', 'editor', built(second ?? ''), built(first ?? ''))
    const feed = { ...record, summary: 'Important: editor:11 security update' }
    const { text } = await assessed('almalinux:8', rpm('editor', first ?? '', 'editor:11:8030:abc'), [feed])
    expect(text).toBe('Nothing is missing.\n')
  })

  it('of a kernel kept beside the fixed one', async () => {
    const kernels = rpm('kernel-core', '5.14.0-70.13.1.el9_0') + rpm('kernel-core', '5.14.0-427.13.1.el9_4')
    const fixed = [{ introduced: '0' }, { fixed: '5.14.0-427.13.1.el9_4' }]
    const { text } = await assessed('almalinux:9', kernels, [alma(3, 'AlmaLinux:9', 'kernel-core', fixed)])
    expect(text).toBe('Nothing is missing.\n')
  })

  it('of a rejected CVE', async () => {
    const status = 'Package: vim\nStatus: install ok installed\nArchitecture: amd64\nVersion: 2:9.0.1378-1\n\n'
    const cve = 'CVE-2026-9000004'
    const bookworm = {
      status: 'resolved',
      repositories: { bookworm: '0' },
      urgency: 'low',
      fixed_version: '2:9.0.1378-2',
    }
    const tracker = { vim: { [cve]: { description: 'x', scope: 'local', releases: { bookworm } } } }
    const record = (state: string) => ({
      dataType: 'CVE_RECORD',
      dataVersion: '5.1',
      cveMetadata: { cveId: cve, state, datePublished: '2026-02-01T00:00:00Z' },
      containers: { cna: { providerMetadata: { orgId: 'x', shortName: 'x' } } },
    })
    expect((await assessed('debian:12', status, [tracker, record('REJECTED')])).text).toBe('Nothing is missing.\n')
    expect((await assessed('debian:12', status, [tracker, record('PUBLISHED')])).found).toHaveLength(1)
  })

  it('of a CVE that was listed as exploited long after its fix', async () => {
    const feed = alma(5, 'AlmaLinux:9', 'vim', [{ introduced: '0' }, { fixed: '8.2-22.el9' }])
    const listed = {
      cveID: 'CVE-2026-9000005',
      dateAdded: '2026-10-12',
      dueDate: '2026-10-15',
      knownRansomwareCampaignUse: 'Known',
    }
    const kev = { catalogVersion: '2026.10.12', count: 1, vulnerabilities: [listed] }
    const { text } = await assessed('almalinux:9', rpm('vim', '8.2-20.el9'), [feed, kev])
    expect(text).toMatch(/^out-of-cycle +security vim .* due 2026-10-15\n$/)
  })

  it.each([
    ['5.14.0-427.13.1.el9_4', ['CVE-2026-9000007 0:5.14.0-427.50.2.el9_4', 'CVE-2026-9000006 0:5.14.0-427.20.1.el9_4']],
    ['5.14.0-427.50.2.el9_4', []],
  ])('of an extended stream: kernel %s', async (version, found) => {
    const feeds = [
      advisory('RHSA-2026:9006', 'enterprise_linux:9', 'CVE-2026-9000006', '5.14.0-427.20.1.el9_4'),
      advisory('RHSA-2026:9007', 'enterprise_linux:9', 'CVE-2026-9000007', '5.14.0-503.11.1.el9_5'),
      advisory('RHSA-2026:9008', 'rhel_eus:9.4', 'CVE-2026-9000007', '5.14.0-427.50.2.el9_4'),
    ]
    const inventory = rpm('kernel-core', version, '(none)', 'Red Hat, Inc.')
    expect((await assessed('rhel:9.4-eus', inventory, feeds)).found).toEqual(found)
  })
})

function advisory(id: string, cpe: string, cve: string, version: string) {
  const nevra = `kernel-core-0:${version}.x86_64`
  const product = {
    name: 'BaseOS',
    product_id: 'BaseOS',
    product_identification_helper: { cpe: `cpe:/o:redhat:${cpe}::baseos` },
  }
  return {
    document: {
      csaf_version: '2.0',
      title: id,
      publisher: { name: 'Red Hat Product Security' },
      tracking: { id, initial_release_date: '2026-05-01T00:00:00Z', status: 'final' },
    },
    product_tree: {
      branches: [
        { category: 'product_name', product },
        { category: 'product_version', product: { name: nevra, product_id: nevra } },
      ],
      relationships: [
        {
          category: 'default_component_of',
          full_product_name: { name: nevra, product_id: `BaseOS:${nevra}` },
          product_reference: nevra,
          relates_to_product_reference: 'BaseOS',
        },
      ],
    },
    vulnerabilities: [{ cve, product_status: { fixed: [`BaseOS:${nevra}`] } }],
  }
}
