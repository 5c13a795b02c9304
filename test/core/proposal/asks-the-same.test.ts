import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { asksTheSame } from '../../../src/core/proposal/asks-the-same.ts'
import { contentHash, keepSubject } from '../../../src/core/proposal/decision-content.ts'
import type { PatchSubject, PlannedAsset } from '../../../src/core/proposal/proposal.ts'
import type { Terms } from '../../../src/core/terms.ts'
import { finished } from '../../support/finished.ts'
import { content } from '../../support/proposals.ts'

function patches(): PatchSubject {
  const { subject } = content(4)
  if (subject.kind !== 'patches') throw new Error('not patches')
  return subject
}

/** As an open proposal has it. */
function kept(subject: PatchSubject): PatchSubject {
  const { subject: asked } = keepSubject(subject)
  if (asked.kind !== 'patches') throw new Error('not patches')
  return asked
}

const changed = (subject: PatchSubject, change: (planned: PlannedAsset) => Partial<PlannedAsset>): PatchSubject => ({
  ...subject,
  assets: subject.assets.map((planned, index) => (index === 1 ? { ...planned, ...change(planned) } : planned)),
})
const hosts = (subject: PatchSubject) => subject.assets.map(({ asset }) => asset.id)

/** What may be different in a draft. Some of it is voted on, some is not. */
const edits: Readonly<Record<string, (subject: PatchSubject) => PatchSubject>> = {
  'another judgement': (subject) => ({
    ...subject,
    patches: subject.patches.map((patch) => ({ ...patch, urgency: 7, evidence: [] })),
  }),
  'a newer look': (subject) => ({ ...subject, inventoryAt: '2026-11-29T00:00:00.000Z' }),
  'tags in another order': (subject) =>
    changed(subject, ({ asset }) => ({ asset: { ...asset, tags: [...asset.tags].reverse() } })),
  'a copy of the changes': (subject) =>
    changed(subject, ({ changes }) => ({ changes: changes.map((one) => ({ ...one })) })),
  'another version': (subject) =>
    changed(subject, ({ changes }) => ({
      changes: changes.map((one) => (one.kind === 'update' ? one : { ...one, to: `${one.to}.1` })),
    })),
  'a change less': (subject) => changed(subject, ({ changes }) => ({ changes: changes.slice(1) })),
  'another exposure': (subject) => changed(subject, ({ asset }) => ({ asset: { ...asset, exposure: 'small' } })),
  'another name': (subject) => changed(subject, ({ asset }) => ({ asset: { ...asset, name: `${asset.name}-b` } })),
  'another window': (subject) => changed(subject, () => ({ window: { name: 'own', rules: [] } })),
  'no patch': (subject) => changed(subject, () => ({ patches: [] })),
  'an asset less': (subject) => ({ ...subject, assets: subject.assets.slice(1) }),
  'another target': (subject) => ({
    ...subject,
    patches: subject.patches.map((patch) => ({
      ...patch,
      packages: patch.packages.map((one) => ({ ...one, to: '9' })),
    })),
  }),
  'another ring': (subject) => ({
    ...subject,
    rings: subject.rings.map((ring, index) => ({ ...ring, assets: index === 0 ? hosts(subject) : [] })),
  }),
  'another order in a ring': (subject) => ({
    ...subject,
    rings: subject.rings.map((ring) => ({ ...ring, assets: [...ring.assets].reverse() })),
  }),
  'another gate': (subject) => ({
    ...subject,
    rings: subject.rings.map((ring) => ({ ...ring, soakSeconds: ring.soakSeconds + 1 })),
  }),
  'another check': (subject) => ({ ...subject, health: [] }),
  'a budget': (subject) => ({ ...subject, failureBudget: 3 }),
  'a cluster': (subject) => ({
    ...subject,
    clusters: [{ name: 'c', assets: hosts(subject), atOnce: 1, minHealthy: 1 }],
  }),
  'another engine': (subject) => ({ ...subject, engine: 'other' }),
  'a rollback': (subject) => ({ ...subject, rollsBack: { proposal: 'PW-1' } }),
}

const terms: Terms = {
  grain: 'group',
  leadSeconds: 60,
  reportsWithinSeconds: 3_600,
  windowEnd: 'kept',
  reboots: [],
  stopReaches: 'none',
  notUndone: [],
  licences: [],
  alsoInstalls: [],
}

describe('a draft', () => {
  it('asks for what its proposal asks for already only if it would be the same content', () => {
    fc.assert(
      fc.property(fc.subarray(Object.keys(edits)), (names) => {
        const asked = patches()
        const draft = names.reduce((subject, name) => edits[name]?.(subject) ?? subject, asked)
        if (finished(asksTheSame(kept(asked), draft))) expect(contentHash(draft)).toBe(contentHash(asked))
      }),
    )
  })

  it.each(['another judgement', 'a newer look', 'tags in another order', 'a copy of the changes'])(
    'asks for the same with %s',
    (name) => {
      const asked = patches()
      expect(finished(asksTheSame(kept(asked), edits[name]?.(asked) ?? asked))).toBe(true)
    },
  )

  it('is made into content where a preview is missing, or an engine promises something', () => {
    const asked = patches()
    for (const more of [{ previewProblem: 'its engine has not answered yet' }, { terms }]) {
      const open = changed(asked, () => more)
      expect(finished(asksTheSame(open, asked))).toBe(false)
    }
  })
})
