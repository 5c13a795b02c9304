/** Assessing again by what has changed says the same as assessing from nothing. */

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createAssess, type MissingAlike } from '../../../src/core/assessment/assess.ts'
import { type CatalogView, catalogView } from '../../../src/core/assessment/catalog-view.ts'
import { createMisses, type Misses } from '../../../src/core/assessment/misses.ts'
import type { Missing } from '../../../src/core/assessment/missing.ts'
import type { InstalledPackage, PendingUpdate } from '../../../src/core/asset.ts'
import type { Advisory, CveFacts, EpssScore, FeedContent, Fix, KevEntry } from '../../../src/core/catalog.ts'
import { inOneGo } from '../../../src/core/steps.ts'
import { anAsset } from '../../support/asset.ts'
import { deployerRule } from '../../support/priority-rules.ts'

const platform = 'debian:12'
const names = ['curl', 'bash', 'vim', 'redis']
const versions = ['1', '2', '3', '4']
const cves = ['CVE-2026-1001', 'CVE-2026-1002', 'CVE-2026-1003', 'CVE-2026-1004']
const now = '2026-11-20'

/** As the store has them: what is equal is one object. */
const installed = new Map(
  names.flatMap((source) =>
    versions.flatMap((version) =>
      [source, `lib${source}`].map((name): [string, InstalledPackage] => [
        `${name} ${version}`,
        { name, version, architecture: 'amd64', source, sourceVersion: version },
      ]),
    ),
  ),
)
const offered = new Map(
  names.flatMap((source) =>
    versions.map((candidate): [string, PendingUpdate] => [
      `${source} ${candidate}`,
      {
        name: source,
        architecture: 'amd64',
        installed: '1',
        candidate,
        source: candidate === '4' ? null : source,
        origins: [`Debian:${candidate}`],
        security: candidate === '3',
        held: candidate === '2' ? 'hold' : null,
      },
    ]),
  ),
)

interface Host {
  readonly packages: readonly InstalledPackage[]
  readonly pending: readonly PendingUpdate[] | null
}

const someOf = <Item>(items: ReadonlyMap<string, Item>) =>
  fc
    .uniqueArray(fc.constantFrom(...items.keys()), { selector: (key) => key.split(' ')[0], maxLength: 5 })
    .map((keys) => keys.flatMap((key) => items.get(key) ?? []))
const host: fc.Arbitrary<Host> = fc.record({
  packages: someOf(installed),
  pending: fc.option(someOf(offered), { nil: null }),
})

const fix: fc.Arbitrary<Fix> = fc.record({
  platform: fc.constant(platform),
  package: fc.constantFrom(...names, ...names.map((name) => `lib${name}`)),
  by: fc.constantFrom('source' as const, 'binary' as const),
  cves: fc.uniqueArray(fc.constantFrom(...cves), { maxLength: 2 }),
  fixedVersion: fc.constantFrom(null, '0', ...versions),
  advisory: fc.constantFrom(null, 'DSA-1-1', 'DSA-2-1'),
  subscription: fc.constantFrom(null, null, 'Pro'),
})
/** The store finds notices by their packages: it gives none that has no fix. */
const advisory: fc.Arbitrary<Advisory> = fc.record({
  id: fc.constantFrom('DSA-1-1', 'DSA-2-1'),
  title: fc.constant('notice'),
  published: fc.constantFrom(null, '2026-11-01', '2026-10-01'),
  cves: fc.uniqueArray(fc.constantFrom(...cves), { maxLength: 2 }),
  fixes: fc.array(
    fc.record({
      platform: fc.constant(platform),
      source: fc.constantFrom(...names),
      fixedVersion: fc.constantFrom(...versions),
    }),
    { minLength: 1, maxLength: 2 },
  ),
  severity: fc.constantFrom(null, 'Important'),
})
const epss: fc.Arbitrary<EpssScore> = fc.record({
  cve: fc.constantFrom(...cves),
  score: fc.constantFrom(0.001, 0.2),
  percentile: fc.constant(0.5),
  model: fc.constant('v4'),
  date: fc.constant('2026-11-19'),
})
const kev: fc.Arbitrary<KevEntry> = fc.record({
  cve: fc.constantFrom(...cves),
  dateAdded: fc.constant('2026-11-01'),
  dueDate: fc.constantFrom('2026-11-22', '2026-12-22'),
  ransomware: fc.boolean(),
  name: fc.constant('flaw'),
})
const facts: fc.Arbitrary<CveFacts> = fc.record({
  cve: fc.constantFrom(...cves),
  published: fc.constantFrom(null, '2026-10-01'),
  rejected: fc.boolean(),
  ssvc: fc.constantFrom(null, {
    exploitation: 'poc' as const,
    automatable: 'yes' as const,
    technicalImpact: 'total' as const,
    date: null,
  }),
  scores: fc.constant([]),
  exploited: fc.constant(null),
})
const unique = <Item>(item: fc.Arbitrary<Item>, key: (one: Item) => string) =>
  fc.uniqueArray(item, { selector: key, maxLength: 4 })
const content = fc.record({
  fixes: fc.array(fix, { maxLength: 10 }),
  advisories: unique(advisory, ({ id }) => id),
  epss: unique(epss, ({ cve }) => cve),
  kev: unique(kev, ({ cve }) => cve),
  cves: unique(facts, ({ cve }) => cve),
})

type Step =
  | { readonly hosts: readonly Host[] }
  | { readonly content: Required<Pick<FeedContent, 'fixes' | 'advisories' | 'epss' | 'kev' | 'cves'>> }
const hosts = fc.array(host, { minLength: 1, maxLength: 6 })
const step: fc.Arbitrary<Step> = fc.oneof(fc.record({ hosts }), fc.record({ content }))

const exposures = ['open', 'small', null] as const
const looked = (index: number) => ({
  asset: anAsset(`host${index}`, {
    platform,
    exposure: exposures[index % 3] ?? null,
    criticality: index % 2 ? 'high' : 'low',
  }),
  observedAt: '2026-11-20T00:00:00.000Z',
})

function alikeBy(list: readonly Host[], of: (one: Host) => Missing): MissingAlike {
  const alike = new Map<Missing, ReturnType<typeof looked>[]>()
  for (const [index, one] of list.entries()) {
    const missing = of(one)
    alike.set(missing, [...(alike.get(missing) ?? []), looked(index)])
  }
  return alike
}

function options(catalog: CatalogView) {
  return { catalog, rule: deployerRule, now, firstSeen: new Map<string, string>() }
}

/** Packages of which two contents say something else. */
function packagesOf({ fixes, advisories }: Pick<FeedContent, 'fixes' | 'advisories'>): readonly string[] {
  return [
    ...(fixes ?? []).map((one) => one.package),
    ...(advisories ?? []).flatMap((notice) => notice.fixes.map(({ source }) => source)),
    // A fix is judged with the notices of its packages, and a notice names fixes of others.
    ...names,
  ]
}

describe('assessing again', () => {
  it('says the same as from nothing, whatever changes of assets and feeds', () => {
    fc.assert(
      fc.property(fc.array(step, { minLength: 1, maxLength: 6 }), hosts, (steps, first) => {
        const catalog = catalogView([])
        const misses: Misses = createMisses(catalog)
        const assess = createAssess(options(catalog))
        const known = new Map<Host, Missing>()
        let said: Extract<Step, { content: unknown }>['content'] = {
          fixes: [],
          advisories: [],
          epss: [],
          kev: [],
          cves: [],
        }
        let list: readonly Host[] = first
        for (const next of steps) {
          if ('hosts' in next) list = next.hosts
          else {
            const changed = new Set([...packagesOf(said), ...packagesOf(next.content)])
            said = next.content
            catalog.forgetPackages(changed)
            catalog.takePackages(changed, said)
            const { changed: about, packages } = catalog.replaceCves(cves, said)
            for (const name of packages) changed.add(name)
            misses.changed(changed)
            for (const [one, missing] of known) known.set(one, misses.again({ platform, ...one }, missing, changed))
            assess.changed(changed, about)
          }
          const again = inOneGo(
            assess(
              alikeBy(list, (one) => {
                const missing = known.get(one) ?? misses.of({ platform, ...one })
                known.set(one, missing)
                return missing
              }),
            ),
          )
          const fresh = catalogView([said])
          const fromNothing = createMisses(fresh)
          expect(again).toEqual(
            inOneGo(createAssess(options(fresh))(alikeBy(list, (one) => fromNothing.of({ platform, ...one })))),
          )
        }
      }),
    )
  })

  it('gives what is as it was as the same objects', () => {
    const curl = installed.get('curl 1')
    const vim = installed.get('vim 1')
    if (curl === undefined || vim === undefined) throw new Error('no packages')
    const one: Host = { packages: [curl, vim], pending: null }
    const fixOf = (name: string, fixedVersion: string, cve: string): Fix => ({
      platform,
      package: name,
      by: 'source',
      cves: [cve],
      fixedVersion,
    })
    const catalog = catalogView([{ fixes: [fixOf('curl', '2', 'CVE-2026-1001'), fixOf('vim', '2', 'CVE-2026-1002')] }])
    const misses = createMisses(catalog)
    const assess = createAssess(options(catalog))
    const before = misses.of({ platform, ...one })
    const first = inOneGo(assess(alikeBy([one], () => before)))
    const changed = new Set(['curl'])
    catalog.forgetPackages(changed)
    catalog.takePackages(changed, { fixes: [fixOf('curl', '3', 'CVE-2026-1003')] })
    misses.changed(changed)
    assess.changed(changed, new Set())
    const after = misses.again({ platform, ...one }, before, changed)
    const again = inOneGo(assess(alikeBy([one], () => after)))
    expect(again.patches.map(({ id }) => id).sort()).toEqual(['debian:12/curl/3', 'debian:12/vim/2'])
    const vimOf = (found: typeof again) => found.patches.find(({ source }) => source === 'vim')
    expect(vimOf(again)).toBe(vimOf(first))
    expect(misses.again({ platform, ...one }, after, new Set(['bash']))).toBe(after)
  })
  it('judges what is offered on two platforms by the fixes of each', () => {
    const update = offered.get('curl 3')
    if (update === undefined) throw new Error('no update')
    const misses = createMisses(catalogView([]))
    // It is new there: no package of either platform tells them apart.
    const on = (one: string) =>
      misses.of({ platform: one, packages: [], pending: [update] }).updates.map((of) => of.platform)
    expect([on('debian:12'), on('ubuntu:24.04')]).toEqual([['debian:12'], ['ubuntu:24.04']])
  })
})
