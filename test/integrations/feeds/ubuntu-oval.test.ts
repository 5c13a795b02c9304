import { describe, expect, it } from 'vitest'
import { createMatcher } from '../../../src/core/assessment/matching.ts'
import { createUbuntuOvalFeed } from '../../../src/integrations/feeds/ubuntu-oval/index.ts'
import { ubuntuOval } from '../../../src/integrations/feeds/ubuntu-oval/kind.ts'
import { catalogFeedContract } from '../../contracts/catalog-feed.ts'
import { sharedData } from '../shared-data.ts'
import { fetched, fileWith, fixture, spoil } from './read-feed.ts'

const good = fixture('oval.xml')

catalogFeedContract({
  name: 'Ubuntu OVAL',
  kind: ubuntuOval,
  create: (options) => createUbuntuOvalFeed({ name: 'oval', release: 'jammy', ...options }),
  good,
  records: 5,
  oneBad: spoil(good, '<platform>Ubuntu 22.04 LTS</platform><!-- b -->', '<platform>Ubuntu next</platform>'),
  recordsOfOneBad: 3,
})

it('gives fixes by binary package, and says which need a subscription', async () => {
  const { content } = await fetched(createUbuntuOvalFeed({ name: 'oval', release: 'jammy', location: fileWith(good) }))
  expect(content.fixes?.map((fix) => [fix.package, fix.fixedVersion, fix.subscription, fix.advisory])).toEqual([
    ['libexample1', '1.2-3ubuntu0.1', null, 'USN-9001-1'],
    ['example', '1.2-3ubuntu0.1', null, 'USN-9001-1'],
    ['oldexample', '0.9-1ubuntu0.1~esm1', 'Ubuntu Pro', 'USN-9002-1'],
  ])
  expect(content.advisories?.[0]).toMatchObject({
    title: 'Example vulnerability',
    severity: 'Medium',
    published: '2026-11-02',
  })
})

const real = sharedData('ubuntu/com.ubuntu.mantic.usn.oval.xml.bz2')
it.skipIf(real === null)("reads a whole release of Canonical's, packed with bzip2", async () => {
  const { content, rejected } = await fetched(
    createUbuntuOvalFeed({ name: 'oval', release: 'mantic', location: real ?? '' }),
  )
  expect(content.advisories).toHaveLength(273)
  expect(new Set(content.fixes?.map((fix) => fix.platform))).toEqual(new Set(['ubuntu:23.10']))
  expect(content.fixes).toContainEqual(
    expect.objectContaining({
      advisory: 'USN-6402-2',
      package: 'libtommath1',
      fixedVersion: '1.2.0-6ubuntu0.23.10.1',
      cves: ['CVE-2023-36328'],
    }),
  )
  expect(rejected).toEqual([])
  // https://ubuntu.com/security/notices/USN-6454-1: linux-image-6.5.0-10-generic 6.5.0-10.10
  const { open } = createMatcher(content.fixes ?? [])
  const kernel = (source: string, version: string) => {
    const item = { name: `linux-image-${version}`, version, architecture: 'amd64', source, sourceVersion: version }
    return open('ubuntu:23.10', item).flatMap(({ advisory }) => (advisory === 'USN-6454-1' ? [advisory] : [])).length
  }
  expect(kernel('linux', '6.5.0-9.9')).toBe(3)
  expect(kernel('linux-lowlatency', '6.5.0-9.9')).toBe(3)
  expect(kernel('linux', '6.5.0-10.10')).toBe(0)
  expect(kernel('linux', '6.2.0-30.30')).toBe(0)
  expect(kernel('linux-raspi', '6.5.0-1001.1')).toBe(0)
})

/** As Canonical's generator writes it: `OvalGeneratorCVE` and `OvalGeneratorPkg` of ubuntu-cve-tracker, scripts/oval_lib.py. */
describe('the OVAL of CVEs or of packages', () => {
  const text = (definitions: string) => `<?xml version="1.0"?>
<oval_definitions xmlns="http://oval.mitre.org/XMLSchema/oval-definitions-5" xmlns:linux-def="http://oval.mitre.org/XMLSchema/oval-definitions-5#linux">
  <generator><product_name>Canonical CVE OVAL Generator</product_name></generator>
  <definitions>${definitions}</definitions>
  <tests>
    <linux-def:dpkginfo_test id="tst:1"><linux-def:object object_ref="obj:1"/><linux-def:state state_ref="ste:1"/></linux-def:dpkginfo_test>
    <linux-def:dpkginfo_test id="tst:2"><linux-def:object object_ref="obj:1"/></linux-def:dpkginfo_test>
    <linux-def:dpkginfo_test id="tst:3"><linux-def:object object_ref="obj:3"/><linux-def:state state_ref="ste:3"/></linux-def:dpkginfo_test>
    <unix-def:uname_test id="tst:8"><unix-def:object object_ref="obj:8"/><unix-def:state state_ref="ste:8"/></unix-def:uname_test>
    <ind-def:variable_test id="tst:9"><ind-def:object object_ref="obj:9"/><ind-def:state state_ref="ste:9"/></ind-def:variable_test>
  </tests>
  <objects>
    <linux-def:dpkginfo_object id="obj:1"><linux-def:name var_ref="var:1" var_check="at least one"/></linux-def:dpkginfo_object>
    <linux-def:dpkginfo_object id="obj:3"><linux-def:name>node-esm</linux-def:name></linux-def:dpkginfo_object>
  </objects>
  <states>
    <linux-def:dpkginfo_state id="ste:1"><linux-def:evr datatype="debian_evr_string" operation="less than">0:3.0.2-0ubuntu1.19</linux-def:evr></linux-def:dpkginfo_state>
    <linux-def:dpkginfo_state id="ste:3"><linux-def:evr datatype="debian_evr_string" operation="less than">3.2.25-1ubuntu0.1~esm1</linux-def:evr></linux-def:dpkginfo_state>
    <ind-def:variable_state id="ste:9"><ind-def:value operation="less than">0:5.15.0-100</ind-def:value></ind-def:variable_state>
  </states>
  <variables><constant_variable id="var:1"><value>openssl</value><value>libssl3</value></constant_variable></variables>
</oval_definitions>`
  const definition = (reference: string, criteria: string) => `<definition class="vulnerability" id="def:1" version="1">
    <metadata><title>x</title><affected family="unix"><platform>Ubuntu 22.04 LTS</platform></affected>${reference}</metadata>
    <criteria><extend_definition definition_ref="def:100" comment="Ubuntu 22.04 LTS (jammy) is installed."/>${criteria}</criteria></definition>`
  const ofCve = (number: number, criteria: string) =>
    definition(
      `<reference source="CVE" ref_id="CVE-2026-100000${number}"/><reference source="USN" ref_id="USN-9001-1"/>`,
      criteria,
    )
  const fixesOf = async (definitions: string) => {
    const options = { name: 'oval', release: 'jammy', location: fileWith(text(definitions)) }
    const { content, rejected } = await fetched(createUbuntuOvalFeed(options))
    expect(rejected).toEqual([])
    return content.fixes?.map(({ cves, package: name, by, fixedVersion, subscription }) => [
      cves.join(),
      name,
      by,
      fixedVersion,
      subscription,
    ])
  }

  it('says where a CVE is fixed, where it is not, and where only by subscription', async () => {
    const fixed = `<criterion test_ref="tst:1" comment="openssl package in jammy was vulnerable but has been fixed (note: '3.0.2-0ubuntu1.19')."/>`
    const open = '<criterion test_ref="tst:2" comment="openssl package in jammy is affected and needs fixing."/>'
    const paid = `<criterion test_ref="tst:3" comment="node-esm package in esm-apps/jammy was vulnerable but has been fixed (note: '3.2.25-1ubuntu0.1~esm1')."/>`
    expect(await fixesOf(ofCve(1, fixed) + ofCve(2, open) + ofCve(3, paid))).toEqual([
      ['CVE-2026-1000001', 'openssl', 'binary', '3.0.2-0ubuntu1.19', null],
      ['CVE-2026-1000001', 'libssl3', 'binary', '3.0.2-0ubuntu1.19', null],
      ['CVE-2026-1000002', 'openssl', 'binary', null, null],
      ['CVE-2026-1000002', 'libssl3', 'binary', null, null],
      ['CVE-2026-1000003', 'node-esm', 'binary', '3.2.25-1ubuntu0.1~esm1', 'Ubuntu Pro'],
    ])
  })

  it('says it of kernels by their source', async () => {
    const running = (source: string) => `<criterion test_ref="tst:8" comment="Is kernel '${source}' running?"/>`
    const fixed = `<criterion test_ref="tst:9" comment="'linux' kernel in jammy was vulnerable but has been fixed (note: '5.15.0-100.110')."/>`
    const criteria = `<criteria operator="OR"><criteria operator="AND">${running('linux')}${fixed}</criteria>${running('linux-aws')}</criteria>`
    expect(await fixesOf(ofCve(4, criteria))).toEqual([
      ['CVE-2026-1000004', 'linux', 'source', '5.15.0-100.110', null],
      ['CVE-2026-1000004', 'linux-aws', 'source', null, null],
    ])
  })

  it('names the CVE in each criterion of a package', async () => {
    const criterion = (test: number, comment: string) => `<criterion test_ref="tst:${test}" comment="${comment}"/>`
    const ofOpenssl =
      criterion(
        1,
        "(CVE-2026-1000005) openssl package in jammy was vulnerable but has been fixed (note: '3.0.2-0ubuntu1.19').",
      ) + criterion(2, '(CVE-2026-1000006) openssl package in jammy is affected and may need fixing.')
    const found = await fixesOf(definition('<reference source="Package" ref_id="openssl"/>', ofOpenssl))
    expect(found?.filter(([, name]) => name === 'openssl')).toEqual([
      ['CVE-2026-1000005', 'openssl', 'binary', '3.0.2-0ubuntu1.19', null],
      ['CVE-2026-1000006', 'openssl', 'binary', null, null],
    ])
  })
})
