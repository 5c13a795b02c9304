/** The lists behind docs/coverage.md say what the readers do. */

import { expect, it } from 'vitest'
import { canonicalPlatform } from '../../src/core/platform/canonical.ts'
import { families, familyOf } from '../../src/core/platform/families.ts'
import { coverageReference } from '../../src/integrations/coverage-reference.ts'
import { ecosystemOf } from '../../src/integrations/feeds/osv/ecosystem.ts'
import { osv } from '../../src/integrations/feeds/osv/kind.ts'
import { feedKinds } from '../../src/integrations/feeds/registry.ts'

/** https://ossf.github.io/osv-schema/#defined-ecosystems: the distributions, each with a release as OSV writes it. */
const ecosystems = [
  'AlmaLinux:9',
  'Alpaquita:23',
  'Alpine:v3.20',
  'Azure Linux:3',
  'BellSoft Hardened Containers:23',
  'Chainguard',
  'Debian:12',
  'Echo',
  'Mageia:9',
  'MinimOS',
  'openEuler:24.03-LTS',
  'openSUSE:Leap 15.6',
  'Photon OS:5.0',
  'Red Hat:enterprise_linux:9::baseos',
  'Rocky Linux:9',
  'SUSE:Linux Enterprise Server 15 SP6',
  'Ubuntu:24.04:LTS',
  'Wolfi',
]

it('names the distributions whose OSV records are read', () => {
  const read = new Set(ecosystems.flatMap((name) => ecosystemOf(name)?.platform ?? []).map(familyOf))
  expect([...read].sort()).toEqual([...osv.fixesOf].sort())
})

it('names only families that there are, and every feed that says what is fixed', () => {
  for (const { name, fixesOf } of feedKinds)
    if (fixesOf !== 'any') for (const family of fixesOf) expect(Object.keys(families), name).toContain(family)
  const text = coverageReference()
  for (const { name, fixesOf } of feedKinds) if (fixesOf !== 'any' && fixesOf.length > 0) expect(text).toContain(name)
})

it('what OSV writes is in the one form of platforms', () => {
  for (const platform of ecosystems.flatMap((name) => ecosystemOf(name)?.platform ?? []))
    expect(canonicalPlatform(platform)).toBe(platform)
})

it('says of derivatives that no feed speaks of them', () => {
  const text = coverageReference()
  for (const family of ['linuxmint', 'raspbian', 'oracle', 'centos', 'amazon'])
    expect(text).toMatch(new RegExp(`\`${family}\` \\| none \\|`))
})
