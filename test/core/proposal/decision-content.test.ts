import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { canonicalJson } from '../../../src/core/canonical-json.ts'
import type { PackageChange } from '../../../src/core/change.ts'
import type { HashedContent, StoredContent } from '../../../src/core/content.ts'
import { limits } from '../../../src/core/limits.ts'
import {
  contentHash,
  decisionIndex,
  hashToday,
  keepSubject,
  membersOn,
  namedByClass,
  plannedMembers,
  votedOf,
  withEvidence,
} from '../../../src/core/proposal/decision-content.ts'
import { hashesNamed } from '../../../src/core/proposal/named.ts'
import type { PatchSubject, PlannedAsset } from '../../../src/core/proposal/proposal.ts'
import { sha256 } from '../../../src/core/sha256.ts'
import { content } from '../../support/proposals.ts'

function patches(count: number): PatchSubject {
  const { subject } = content(count)
  if (subject.kind !== 'patches') throw new Error('not patches')
  return subject
}

const change = fc.record<PackageChange>({
  name: fc.constantFrom('openssl', 'libssl3', 'curl', 'é\u0000'),
  architecture: fc.constantFrom('amd64', 'all'),
  from: fc.constantFrom('1', '2', null),
  to: fc.constantFrom('3', '4'),
})

/** Decisions of assets that share what they get, or do not. */
const subjects = fc
  .array(
    fc.record({
      name: fc.stringMatching(/^[a-z0-9]{1,6}$/),
      tags: fc.subarray(['web', 'db', 'rack-1']),
      changes: fc.array(change, { minLength: 1, maxLength: 3 }),
      previewed: fc.boolean(),
      problem: fc.option(fc.string()),
      own: fc.boolean(),
      ring: fc.nat(1),
    }),
    { minLength: 1, maxLength: 12 },
  )
  .map((drawn): PatchSubject => {
    const base = patches(1)
    const [one] = base.assets
    if (one === undefined) throw new Error('no asset')
    const unique = [...new Map(drawn.map((item) => [item.name, item])).values()]
    const idOf = (name: string) => `example/${name}`
    const own = { name: 'own', rules: [] }
    return {
      ...base,
      assets: unique.map(
        ({ name, tags, changes, previewed, problem, own: has }): PlannedAsset => ({
          asset: { ...one.asset, id: idOf(name), name, tags },
          patches: base.patches.map(({ id }) => id),
          changes,
          transaction: previewed ? one.transaction : [],
          previewProblem: problem,
          ...(has ? { window: own } : {}),
        }),
      ),
      rings: base.rings.map((ring, index) => ({
        ...ring,
        assets: unique.filter((item) => item.ring === index).map(({ name }) => idOf(name)),
      })),
      clusters: [{ name: 'c', assets: unique.map(({ name }) => idOf(name)), atOnce: 1, minHealthy: 1 }],
    }
  })

/** 2,500 assets, each of which gets the same package and one of 2,500 others. */
function ofManyKinds(): PatchSubject {
  const subject = patches(2_500)
  return {
    ...subject,
    assets: subject.assets.map((planned, index) => ({
      ...planned,
      changes: [
        ...planned.changes.map((item) => ({ ...item, name: 'openssl' })),
        { name: `package${index}`, architecture: 'amd64', from: null, to: '1' },
      ],
    })),
  }
}

function read(kept: {
  readonly decision: string
  readonly evidence: string
  readonly contents: readonly HashedContent[]
}) {
  const contents = new Map(kept.contents.map((item) => [item.hash, item]))
  return withEvidence(votedOf(kept.decision, contents), kept, contents)
}

const byId = (a: PlannedAsset, b: PlannedAsset) => (a.asset.id < b.asset.id ? -1 : 1)

describe('what is asked for, as content', () => {
  test('reads as what was kept, but for what no decision freezes', () => {
    fc.assert(
      fc.property(subjects, (subject) => {
        const kept = keepSubject(subject)
        expect(read(kept)).toEqual(kept.subject)
        if (kept.subject.kind !== 'patches') throw new Error('not patches')
        const clean = JSON.parse(JSON.stringify(subject).replaceAll('\\u0000', '\ufffd')) as PatchSubject
        const frozen = clean.assets.map(({ asset, ...rest }) => {
          const { address: _, ...own } = { address: '', ...asset }
          return { ...rest, asset: { ...own, tags: [...own.tags].sort() } }
        })
        expect([...kept.subject.assets].sort(byId)).toEqual(frozen.sort(byId))
        expect(kept.subject.rings).toEqual(clean.rings)
        expect({ ...kept.subject, assets: [], rings: [], clusters: [] }).toEqual({
          ...clean,
          assets: [],
          rings: [],
          clusters: [],
        })
      }),
    )
  })

  test('what is read is kept under the same hashes', () => {
    fc.assert(
      fc.property(subjects, (subject) => {
        const { decision, evidence, subject: again } = keepSubject(subject)
        expect(keepSubject(again)).toMatchObject({ decision, evidence })
      }),
    )
  })

  test('the same meaning has the same hash, in whatever order it comes', () => {
    fc.assert(
      fc.property(subjects, (subject) => {
        const turned = { ...subject, assets: [...subject.assets].reverse(), patches: [...subject.patches].reverse() }
        expect(contentHash(turned)).toBe(contentHash(subject))
      }),
    )
  })

  test('why it is asked for is not voted on; what each asset gets, when and in which ring, is', () => {
    const subject = patches(4)
    const [first, ...others] = subject.assets
    const [patch] = subject.patches
    const [canary, broad] = subject.rings
    if (!first || !patch || !canary || !broad) throw new Error('too small')
    const hash = contentHash(subject)
    const same: readonly PatchSubject[] = [
      { ...subject, patches: [{ ...patch, priority: 'immediate', dueAt: '2030-01-01T00:00:00.000Z' }] },
      { ...subject, inventoryAt: '2031-01-01T00:00:00.000Z' },
      { ...subject, assets: [{ ...first, previewProblem: 'no answer' }, ...others] },
      { ...subject, assets: [{ ...first, asset: { ...first.asset, ...{ address: '203.0.113.9' } } }, ...others] },
    ]
    for (const one of same) expect(contentHash(one)).toBe(hash)
    const changed = first.changes.map((item) => ({ ...item, to: '4.0' }))
    const other: readonly PatchSubject[] = [
      { ...subject, assets: [{ ...first, changes: changed }, ...others] },
      { ...subject, assets: [{ ...first, transaction: [] }, ...others] },
      { ...subject, assets: [{ ...first, window: { name: 'own', rules: [] } }, ...others] },
      { ...subject, assets: [{ ...first, asset: { ...first.asset, criticality: 'very high' } }, ...others] },
      { ...subject, assets: others },
      { ...subject, rings: [broad, canary] },
      { ...subject, rings: [{ ...canary, soakSeconds: 1 }, broad] },
      { ...subject, rings: [canary, { ...broad, assets: [...broad.assets].reverse() }] },
      { ...subject, engine: 'ansible' },
      { ...subject, failureBudget: 3 },
    ]
    for (const one of other) expect(contentHash(one)).not.toBe(hash)
  })

  test('what stands twice, or is named and not there, is read as it was looked up, and kept under the same hash again', () => {
    const subject = patches(4)
    const [first, ...others] = subject.assets
    const [canary, broad] = subject.rings
    const [patch] = subject.patches
    if (!first || !canary || !broad || !patch) throw new Error('too small')
    const stale = { ...first, asset: { ...first.asset, name: 'a' }, changes: [] }
    const odd: PatchSubject = {
      ...subject,
      patches: [{ ...patch, version: '1', priority: 'immediate' }, patch],
      assets: [stale, ...others, first],
      rings: [
        { ...canary, assets: ['gone', ...canary.assets, ...canary.assets] },
        { ...broad, assets: [...canary.assets, ...broad.assets, 'gone'] },
      ],
    }
    const { decision, evidence, subject: again } = keepSubject(odd)
    expect({ decision, evidence }).toEqual({
      decision: contentHash(subject),
      evidence: keepSubject(subject).evidence,
    })
    if (again.kind !== 'patches') throw new Error('not patches')
    expect(again.rings.map(({ assets }) => assets)).toEqual(subject.rings.map(({ assets }) => assets))
    expect(keepSubject({ ...again })).toMatchObject({ decision, evidence })
  })

  test('a change for everybody rewrites no page of assets, and of classes', () => {
    const pagesOf = (subject: PatchSubject) =>
      keepSubject(subject).contents.flatMap(({ kind, hash }) =>
        kind === 'members' || kind === 'classes' ? [hash] : [],
      )
    const subject = ofManyKinds()
    const moved = subject.assets.map((planned) => ({
      ...planned,
      changes: planned.changes.map((item) => (item.name === 'openssl' ? { ...item, to: '4.0' } : item)),
    }))
    expect(pagesOf({ ...subject, assets: moved })).toEqual(pagesOf(subject))
    expect(pagesOf(subject)).toHaveLength(6)
  })

  test('changes that many assets get are kept in parts, which are named and read', () => {
    const kept = keepSubject(ofManyKinds())
    const named = new Set([kept.decision, kept.evidence, ...kept.contents.flatMap(hashesNamed)])
    expect(new Set(kept.contents.map(({ hash }) => hash))).toEqual(named)
    expect(kept.contents.filter(({ kind }) => kind === 'list')).toHaveLength(3)
    expect(read(kept)).toEqual(kept.subject)
    const contents = new Map(kept.contents.map((item) => [item.hash, item]))
    const index = decisionIndex(kept.decision, contents)
    if (index === null || kept.subject.kind !== 'patches') throw new Error('not patches')
    const member = index.pages.flatMap((page) => membersOn(page, contents))[2_042]
    if (member === undefined) throw new Error('no asset')
    const needed = [...index.classes, ...namedByClass(index, member.class, contents)]
    const some = new Map([...contents].filter(([hash]) => needed.includes(hash)))
    const [planned] = plannedMembers(index, [member], some)
    const whole = kept.subject.assets.find(({ asset }) => asset.id === member.asset.id)
    expect(planned).toMatchObject({ changes: whole?.changes, transaction: whole?.transaction })
  })

  test('what an earlier version kept is read as it was, under its hash, and is the same as what is kept today', () => {
    const today = keepSubject(patches(3))
    if (today.subject.kind !== 'patches') throw new Error('not patches')
    const contents = new Map<string, StoredContent>(today.contents.map((item) => [item.hash, item]))
    const written = (kind: string, value: unknown) => {
      const text = canonicalJson(value)
      const hash = sha256(`patchwarden ${kind} 1\n${text}`)
      contents.set(hash, { hash, kind, format: 1, text })
      return hash
    }
    const [planned] = today.subject.assets
    if (planned === undefined) throw new Error('no asset')
    const set = written('change set', {
      changes: planned.changes.map((item) => written('change', { kind: 'package', ...item })),
    })
    const transaction = written('transaction', { steps: planned.transaction })
    const { changes: _, ...decision } = JSON.parse(contents.get(today.decision)?.text ?? '')
    const pages = decision.classes.map((page: string) => {
      const { classes } = JSON.parse(contents.get(page)?.text ?? '')
      return written('classes', { classes: classes.map((own: object) => ({ ...own, changes: set, transaction })) })
    })
    const before = { ...today, decision: written('decision', { ...decision, classes: pages }) }
    const subject = withEvidence(votedOf(before.decision, contents), before, contents)
    expect(subject).toEqual(today.subject)
    expect(contentHash(subject)).toBe(before.decision)
    expect(hashToday(subject)).toBe(today.decision)
    expect(hashToday(today.subject)).toBe(today.decision)
  })

  test('100,000 assets of 200 kinds are few pages, none of them large', () => {
    const [one] = patches(1).assets
    if (one === undefined) throw new Error('no asset')
    const kinds = Array.from({ length: 200 }, (_, kind) =>
      Array.from({ length: 100 }, (_, index) => ({
        name: `package${index}`,
        architecture: 'amd64',
        from: `1.${kind % 7}`,
        to: `2.${index % 3 === 0 ? kind : 0}`,
      })),
    )
    const assets = Array.from({ length: limits.assetsPerProposal }, (_, index): PlannedAsset => {
      const name = `host-${String(index).padStart(6, '0')}`
      return { ...one, asset: { ...one.asset, id: `fleet/${name}`, name }, changes: kinds[index % 200] ?? [] }
    })
    const subject = patches(1)
    const ids = assets.map(({ asset }) => asset.id)
    const rings = subject.rings.map((ring, index) => ({
      ...ring,
      assets: index === 0 ? ids.slice(0, 50) : ids.slice(50),
    }))
    const { contents, subject: again, decision } = keepSubject({ ...subject, assets, rings })
    const sizes = (kind: string) => contents.filter((item) => item.kind === kind).map(({ text }) => text.length)
    expect(sizes('members')).toHaveLength(100)
    expect(sizes('classes')).toHaveLength(1)
    expect(sizes('list')).toHaveLength(8)
    expect(Math.max(...sizes('decision'))).toBeLessThan(limits.eventBytes)
    expect(Math.max(...contents.map(({ text }) => text.length))).toBeLessThan(limits.resultsPageBytes)
    if (again.kind !== 'patches') throw new Error('not patches')
    expect(again.assets).toHaveLength(limits.assetsPerProposal)
    expect(contentHash(again)).toBe(decision)
  })

  test('whatever is named comes before what names it, and nothing else is there', () => {
    fc.assert(
      fc.property(subjects, (subject) => {
        const { contents, decision, evidence } = keepSubject(subject)
        const before = new Set<string>()
        const named = new Set([decision, evidence])
        for (const item of contents) {
          for (const hash of hashesNamed(item)) {
            expect(before.has(hash)).toBe(true)
            named.add(hash)
          }
          before.add(item.hash)
        }
        expect(named).toEqual(before)
      }),
    )
  })

  test('what is missing or was changed is named', () => {
    const kept = keepSubject(patches(3))
    const contents = new Map(kept.contents.map((item) => [item.hash, item]))
    for (const { hash } of kept.contents) {
      const without = new Map([...contents].filter(([key]) => key !== hash))
      const whole = (all: typeof contents) => withEvidence(votedOf(kept.decision, all), kept, all)
      expect(() => whole(without)).toThrow(new RegExp(`needs .* ${hash.slice(0, 12)}, which is missing`))
      const item = contents.get(hash)
      if (item === undefined) throw new Error('gone')
      const forged = new Map([...contents, [hash, { ...item, text: `${item.text} ` }]])
      expect(() => whole(forged)).toThrow(`${hash.slice(0, 12)}, which does not match its hash`)
    }
  })

  test('content of any shape names nothing but hashes', () => {
    fc.assert(
      fc.property(fc.constantFrom('decision', 'evidence', 'classes', 'list', 'results'), fc.json(), (kind, text) => {
        expect(hashesNamed({ hash: '', kind, format: 1, text })).toEqual([])
      }),
    )
  })
})
