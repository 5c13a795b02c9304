/** OSV records are judged as the format's own algorithm says: https://ossf.github.io/osv-schema/#evaluation */

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createMatcher } from '../../../src/core/assessment/matching.ts'
import { schemeFor } from '../../../src/core/versions/scheme.ts'
import { osvReader } from '../../../src/integrations/feeds/osv/read.ts'
import { createSink } from '../../../src/integrations/feeds/sink.ts'

type Event = { introduced: string } | { fixed: string } | { last_affected: string } | { limit: string }

interface Affected {
  readonly package: { readonly ecosystem: string; readonly name: string }
  readonly ranges: readonly { readonly type: string; readonly events: readonly Event[] }[]
  readonly versions?: readonly string[]
}

const CVE = 'CVE-2026-9700001'

/** The published pseudocode, function by function. `'0'` sorts before every version, and `'*'` after every one. */
function isVulnerable(
  name: string,
  v: string,
  affected: readonly Affected[],
  compare: (a: string, b: string) => number,
) {
  const order = (a: string, b: string) =>
    a === '0' || b === '0' ? Number(b === '0') - Number(a === '0') : compare(a, b)
  const versionOf = (event: Event) => Object.values(event)[0] as string
  function beforeLimits(events: readonly Event[]): boolean {
    const limits = events.flatMap((event) => ('limit' in event ? event.limit : []))
    return limits.length === 0 || limits.some((limit) => limit === '*' || order(v, limit) < 0)
  }
  function includedInRanges(ranges: Affected['ranges']): boolean {
    for (const { events } of ranges) {
      if (!beforeLimits(events)) continue
      let vulnerable = false
      for (const event of [...events].sort((a, b) => order(versionOf(a), versionOf(b)))) {
        if ('introduced' in event && (event.introduced === '0' || order(v, event.introduced) >= 0)) vulnerable = true
        else if ('fixed' in event && order(v, event.fixed) >= 0) vulnerable = false
        else if ('last_affected' in event && order(v, event.last_affected) > 0) vulnerable = false
      }
      if (vulnerable) return true
    }
    return false
  }
  return affected.some(
    (one) => one.package.name === name && ((one.versions ?? []).includes(v) || includedInRanges(one.ranges)),
  )
}

function matcherOf(record: object) {
  const sink = createSink()
  if (osvReader.form === 'json')
    osvReader.read({ modified: '2026-11-01T00:00:00Z', upstream: [CVE], ...record }, 'record', sink)
  expect(sink.rejected).toEqual([])
  return createMatcher(sink.fixes)
}

/** What the product says about the package: the fix that it lacks, or that there is none yet. */
function judged(id: string, platform: string, affected: readonly Affected[]) {
  const matcher = matcherOf({ id, affected })
  return (name: string, version: string) => {
    const item = { name, version, architecture: 'amd64', source: name, sourceVersion: version }
    return { open: matcher.open(platform, item), unfixed: matcher.unfixed(platform, item) }
  }
}

const kinds = [
  { ecosystem: 'Debian:12', platform: 'debian:12', id: `DEBIAN-${CVE}`, tail: '-1', parts: 3 },
  // An advisory about binaries that names a package twice says that it was built twice, which is told apart below.
  { ecosystem: 'AlmaLinux:9', platform: 'almalinux:9', id: 'ALSA-2026:9700', tail: '-1.el9', parts: 1 },
  { ecosystem: 'Alpine:v3.20', platform: 'alpine:3.20', id: `ALPINE-${CVE}`, tail: '-r1', parts: 3 },
]

describe.each(kinds)('a record of $ecosystem', ({ ecosystem, platform, id, tail, parts }) => {
  const versions = ['1.0', '1.1', '1.2', '1.10', '2.0', '2.1', '2.10', '3.0'].map((version) => `${version}${tail}`)
  const version = fc.constantFrom(...versions)
  const event: fc.Arbitrary<Event> = fc.oneof(
    { weight: 3, arbitrary: fc.oneof(fc.constant('0'), version).map((introduced) => ({ introduced })) },
    { weight: 3, arbitrary: version.map((fixed) => ({ fixed })) },
    { weight: 2, arbitrary: version.map((last_affected) => ({ last_affected })) },
    { weight: 1, arbitrary: fc.oneof(fc.constant('*'), version).map((limit) => ({ limit })) },
  )
  const affected = fc.record({
    package: fc.record({ ecosystem: fc.constant(ecosystem), name: fc.constantFrom('curl', 'wget') }),
    ranges: fc.array(
      fc.record({ type: fc.constant('ECOSYSTEM'), events: fc.array(event, { minLength: 1, maxLength: 6 }) }),
      { maxLength: 3 },
    ),
    versions: fc.oneof(fc.constant([]), fc.array(version, { maxLength: 3 })),
  })

  it('is judged as the published algorithm judges it, and a fix that is named has the flaw no more', () => {
    const { compare } = schemeFor(platform)
    fc.assert(
      fc.property(fc.array(affected, { minLength: 1, maxLength: parts }), (all) => {
        const ours = judged(id, platform, all)
        for (const name of ['curl', 'wget'])
          for (const one of versions) {
            const { open, unfixed } = ours(name, one)
            expect(open.length + unfixed.length, `${name} ${one}`).toBe(isVulnerable(name, one, all, compare) ? 1 : 0)
            for (const { fixedVersion } of open)
              expect(isVulnerable(name, fixedVersion, all, compare), `${name} ${fixedVersion}`).toBe(false)
          }
      }),
      { numRuns: 3_000 },
    )
  })
})

describe('several intervals in one record', () => {
  it('each have their own fix, and between them nothing is missing', () => {
    const events = [{ introduced: '0' }, { fixed: '7.5-3.el9' }, { introduced: '8.0-1.el9' }, { fixed: '8.2-2.el9' }]
    const alma = { ecosystem: 'AlmaLinux:9', name: 'wget' }
    for (const given of [events, [...events].reverse()]) {
      const at = judged('ALSA-2026:9701', 'almalinux:9', [
        { package: alma, ranges: [{ type: 'ECOSYSTEM', events: given }] },
      ])
      const fixOf = (version: string) => at('wget', version).open.map((one) => one.fixedVersion)
      expect(fixOf('0:7.1-1.el9')).toEqual(['7.5-3.el9'])
      expect(fixOf('0:7.6-1.el9')).toEqual([])
      expect(fixOf('0:8.1-4.el9')).toEqual(['8.2-2.el9'])
      expect(fixOf('0:8.3-1.el9')).toEqual([])
    }
  })

  it('that have no fix are told apart from those that have one', () => {
    const events = [{ introduced: '0' }, { fixed: '1.2-1' }, { introduced: '2.0-1' }, { last_affected: '2.4-1' }]
    const at = judged(`DEBIAN-${CVE}`, 'debian:12', [
      { package: { ecosystem: 'Debian:12', name: 'wget' }, ranges: [{ type: 'ECOSYSTEM', events }] },
    ])
    expect(at('wget', '2.3-1')).toEqual({ open: [], unfixed: [CVE] })
    expect(at('wget', '2.5-1')).toEqual({ open: [], unfixed: [] })
    expect(at('wget', '1.1-1')).toMatchObject({ open: [{ fixedVersion: '1.2-1' }], unfixed: [] })
  })
})

describe('several builds of a package in one advisory', () => {
  const built = (name: string, fixed: string) => ({
    package: { ecosystem: 'AlmaLinux:8', name },
    ranges: [{ type: 'ECOSYSTEM', events: [{ introduced: '0' }, { fixed }] }],
  })

  function at(summary: string, ...affected: object[]) {
    const matcher = matcherOf({ id: 'ALSA-2026:9702', summary, affected })
    return (version: string, module: string | null = null) =>
      matcher
        .open('almalinux:8', {
          name: 'vim',
          version,
          architecture: 'x86_64',
          source: 'vim',
          sourceVersion: version,
          module,
        })
        .map((one) => one.fixedVersion)
  }

  it.each([['first'], ['last']])('count as the earliest one, if it is named %s', (place) => {
    const builds = [built('vim', '2:8.0-16.el8_5.12'), built('vim', '2:8.0-16.el8_5.13')]
    const fixOf = at('Moderate: vim security update', ...(place === 'first' ? builds : builds.reverse()))
    expect(fixOf('2:8.0-16.el8_5.12')).toEqual([])
    expect(fixOf('2:8.0-16.el8_5.11')).toEqual(['2:8.0-16.el8_5.12'])
  })

  it('count as the earliest one of a module, too, but not across streams', () => {
    const modular = at(
      'Important: editor:8 security update',
      built('vim', '8.1-3.module_el8.6.0+3162+01a09e5a'),
      built('vim', '8.1-3.module_el8.6.0+2781+fed64c13'),
    )
    expect(modular('8.1-3.module_el8.6.0+2781+fed64c13', 'editor:8')).toEqual([])
    expect(modular('8.1-2.module_el8.4.0+1000+11111111', 'editor:8')).toEqual(['8.1-3.module_el8.6.0+2781+fed64c13'])
    const streams = at(
      'security update',
      built('vim', '8.1-3.module_el8.6.0+2781+fed64c13'),
      built('vim', '9.0-1.module_el8.6.0+2790+aaaaaaaa'),
      built('vim', '7.4-9.el8'),
    )
    expect(streams('9.0-0.module_el8.6.0+1+b')).toEqual(['9.0-1.module_el8.6.0+2790+aaaaaaaa'])
    expect(streams('8.1-1.module_el8.6.0+1+b')).toEqual(['8.1-3.module_el8.6.0+2781+fed64c13'])
    expect(streams('7.4-8.el8')).toEqual(['7.4-9.el8'])
  })
})
