import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Told } from '../../../src/core/record/entry.ts'
import {
  type ClassesRecorded,
  type Ended,
  type FlawRecorded,
  findingsDifference,
  fixDateOf,
  type GroupNow,
  movesBetween,
} from '../../../src/core/record/findings.ts'
import { type JudgedRecorded, judgedDifference, judgedPages } from '../../../src/core/record/judged.ts'
import { checkFacts } from '../../../src/core/record/streams.ts'
import { assetsIn, finished, judgementsIn } from '../../support/finished.ts'

/** The flaws of each asset, as a look found them, and how urgent each flaw is held to be. */
interface Look {
  readonly assets: Readonly<Record<string, { readonly flaws: readonly string[]; readonly exposure: 'open' | null }>>
  readonly urgent: readonly string[]
  /** Assets that are worked on. */
  readonly held: readonly string[]
}

const readAt = '2026-11-20T12:00:00.000Z'
const groundsKnown = { points: ['exposure'], row: 1 }
const groundsAssumed = { points: [], row: 2 }

/** A record in memory, and what its stream says. */
function aRecord() {
  let classes: ClassesRecorded = new Map()
  const known = new Map<string, readonly string[]>()
  const flaws = new Map<string, FlawRecorded>()
  const judged = new Map<string, readonly JudgedRecorded[]>()
  const contents = new Map<string, string>()

  function next(look: Look, how: (flaw: string, asset: string) => Ended = () => 'fixed', by: string | null = null) {
    const groups = groupsOf(look)
    const held = new Set(look.held)
    const moves = finished(movesBetween(classes, groups, held))
    for (const { to, group } of moves) if (to !== null && group !== null) known.set(to, groups[group]?.flaws ?? [])
    const difference = finished(
      findingsDifference({
        moves,
        flawsOf: (hash) => known.get(hash) ?? [],
        recorded: flaws,
        fresh: new Map(
          groups
            .flatMap((group) => group.flaws)
            .map((flaw) => [flaw, { patches: [], feeds: ['kev'], readAt, ...fixDateOf(null, readAt) }]),
        ),
        patchesOf: (flaw) => [`debian:12/${flaw}/2`],
        ended: (flaw, _patches, _move, asset) => how(flaw, asset),
        fixedBy: () => by,
      }),
    )
    const settled = groups
      .map((group) => ({ ...group, assets: group.assets.filter(({ id }) => !held.has(id)) }))
      .filter((group) => group.assets.length > 0)
    const judgements = finished(
      judgedDifference(settled, judged, (flaw, { exposure }) => ({
        priority: look.urgent.includes(flaw) ? 'immediate' : 'scheduled',
        dueAt: exposure === null ? null : '2026-12-01T00:00:00.000Z',
        from: readAt,
        fromKind: 'first read',
        grounds: exposure === null ? groundsAssumed : groundsKnown,
      })),
    )
    for (const [flaw, recorded] of difference.flaws) {
      flaws.set(flaw, recorded)
      if (recorded.open === 0) judged.delete(flaw)
    }
    for (const { flaw, recorded } of judgements) judged.set(flaw, recorded)
    const pages = finished(judgedPages(judgements))
    const after = new Map(classes)
    for (const { to, assets } of moves)
      for (const { id } of assets)
        if (to === null) after.delete(id)
        else after.set(id, { class: to, since: readAt })
    classes = after
    for (const { hash, text } of [...difference.lists, ...pages].flatMap((one) => one.contents))
      contents.set(hash, text)
    return [...difference.told, ...pages.map(({ told }) => told)]
  }

  return { next, textOf: (hash: string) => contents.get(hash) }
}

function groupsOf({ assets }: Look): readonly GroupNow[] {
  const groups = new Map<string, { flaws: readonly string[]; assets: GroupNow['assets'][number][] }>()
  for (const [id, { flaws, exposure }] of Object.entries(assets)) {
    const sorted = flaws.toSorted()
    const group = groups.get(sorted.join()) ?? { flaws: sorted, assets: [] }
    groups.set(sorted.join(), group)
    group.assets.push({ id, exposure, criticality: null, saidAt: readAt })
  }
  return [...groups.values()]
}

/** What a reader of the stream knows after these entries. */
function fold(told: readonly Told[], textOf: (hash: string) => string | undefined) {
  const open = new Map<string, Set<string>>()
  const judged = new Map<string, unknown>()
  for (const { event, facts } of told) {
    const flaw = String(facts.flaw)
    if (event === 'judged') {
      for (const { flaw, exposure, priority, due } of judgementsIn(facts, textOf))
        judged.set(`${flaw} ${exposure}`, [priority, due])
      continue
    }
    const mine = open.get(flaw) ?? new Set<string>()
    open.set(flaw, mine)
    const assets = assetsIn(String(facts.assets), textOf)
    expect(assets).toHaveLength(Number(facts.count))
    for (const { id } of assets) {
      expect(mine.has(id), `${event} ${flaw} ${id}`).toBe(event === 'findings-closed')
      if (event === 'findings-opened') mine.add(id)
      else mine.delete(id)
    }
    expect(facts.open).toBe(mine.size)
    if (mine.size > 0) continue
    open.delete(flaw)
    for (const key of judged.keys()) if (key.startsWith(`${flaw} `)) judged.delete(key)
  }
  return { open, judged }
}

const look = (assets: Readonly<Record<string, readonly string[]>>, rest: Partial<Look> = {}): Look => ({
  assets: Object.fromEntries(Object.entries(assets).map(([id, flaws]) => [id, { flaws, exposure: 'open' }])),
  urgent: [],
  held: [],
  ...rest,
})

const said = (told: readonly Told[]) =>
  told.map(({ event, facts: { flaw, count, open, how } }) =>
    [event, flaw, count, open, how].filter((one) => one !== undefined).join(' '),
  )

describe('findings', () => {
  it('open and close by flaw, for the difference alone', () => {
    const { next, textOf } = aRecord()
    const all = [
      next(look({ a: ['CVE-1', 'CVE-2'], b: ['CVE-1'] })),
      next(look({ a: ['CVE-1', 'CVE-2'], b: ['CVE-1'] })),
      next(look({ a: ['CVE-2'], b: ['CVE-1'], c: ['CVE-2'] })),
      next(look({ b: [], c: ['CVE-2'] }), (_flaw, asset) => (asset === 'a' ? 'gone' : 'removed')),
    ]
    expect(all.map((told) => said(told.filter(({ event }) => event !== 'judged')))).toEqual([
      ['findings-opened CVE-1 2 2', 'findings-opened CVE-2 1 1'],
      [],
      ['findings-closed CVE-1 1 1 fixed', 'findings-opened CVE-2 1 2'],
      ['findings-closed CVE-1 1 0 removed', 'findings-closed CVE-2 1 1 gone'],
    ])
    expect(all[0]?.[0]?.facts).toMatchObject({
      patches: ['debian:12/CVE-1/2'],
      feeds: ['kev'],
      readAt,
      fixedAt: readAt,
      fixDate: 'first read',
    })
    expect(fold(all.flat(), textOf).open).toEqual(new Map([['CVE-2', new Set(['c'])]]))
  })

  it('name the proposal that a verification says has mended them', () => {
    const { next } = aRecord()
    next(look({ a: ['CVE-1'] }))
    const [closed] = next(look({ a: [] }), () => 'fixed', 'PW-3')
    expect(closed?.facts).toMatchObject({ flaw: 'CVE-1', how: 'fixed', proposal: 'PW-3', count: 1, open: 0 })
  })

  it('say nothing of an asset while it is worked on', () => {
    const { next } = aRecord()
    next(look({ a: ['CVE-1'] }))
    expect(next(look({ a: [] }, { held: ['a'] }))).toEqual([])
    expect(said(next(look({ a: [] })))).toEqual(['findings-closed CVE-1 1 0 fixed'])
  })

  it('are judged again where the answer changes, with what it was before', () => {
    const { next, textOf } = aRecord()
    const said = (told: readonly Told[]) =>
      told.filter(({ event }) => event === 'judged').flatMap(({ facts }) => judgementsIn(facts, textOf))
    const judgement = {
      flaw: 'CVE-1',
      exposure: 'open',
      criticality: null,
      from: readAt,
      fromKind: 'first read',
      priority: 'scheduled',
      due: '2026-12-01T00:00:00.000Z',
      grounds: groundsKnown,
    }
    expect(said(next(look({ a: ['CVE-1', 'CVE-2'] })))).toEqual([judgement, { ...judgement, flaw: 'CVE-2' }])
    expect(said(next(look({ a: ['CVE-1', 'CVE-2'] }, { urgent: ['CVE-1'] })))).toEqual([
      { ...judgement, priority: 'immediate', priorityBefore: 'scheduled', dueBefore: judgement.due },
    ])
  })

  it('are judged on pages that name the same grounds once, and of which none grows without a bound', () => {
    const { next, textOf } = aRecord()
    const flaws = Array.from({ length: 1_001 }, (_, index) => `CVE-${10_000 + index}`)
    const pages = next(look({ a: flaws })).filter(({ event }) => event === 'judged')
    expect(pages.map(({ facts: { flaws, count } }) => [flaws, count])).toEqual([
      [1_000, 1_000],
      [1, 1],
    ])
    expect(pages.flatMap(({ facts }) => judgementsIn(facts, textOf)).map(({ flaw }) => flaw)).toEqual(flaws)
    const named = pages.map(({ facts }) => JSON.parse(textOf(String(facts.judgements)) ?? '').grounds)
    expect(named[0]).toHaveLength(1)
    expect(named[1]).toEqual(named[0])
  })

  it('fold to the last look, whatever came before; the same look again says nothing', () => {
    const ids = ['a', 'b', 'c', 'd', 'e']
    const anyLook = fc.record<Look>({
      assets: fc.dictionary(
        fc.constantFrom(...ids),
        fc.record({
          flaws: fc.subarray(['CVE-1', 'CVE-2', 'CVE-3', 'debian:12/vim/2']),
          exposure: fc.constantFrom<'open' | null>('open', null),
        }),
        { noNullPrototype: true },
      ),
      urgent: fc.subarray(['CVE-1', 'CVE-2']),
      held: fc.subarray(ids, { maxLength: 2 }),
    })
    fc.assert(
      fc.property(fc.array(anyLook, { minLength: 1, maxLength: 6 }), (looks) => {
        const { next, textOf } = aRecord()
        const all = looks.flatMap((one) => next(one))
        const last = { ...(looks.at(-1) ?? look({})), held: [] }
        all.push(...next(last))
        expect(next(last)).toEqual([])
        for (const one of all) checkFacts('findings:web', one)
        const { open, judged } = fold(all, textOf)
        const expected = new Map<string, Set<string>>()
        for (const [id, { flaws, exposure }] of Object.entries(last.assets))
          for (const flaw of flaws) {
            expected.set(flaw, (expected.get(flaw) ?? new Set()).add(id))
            const priority = last.urgent.includes(flaw) ? 'immediate' : 'scheduled'
            expect(judged.get(`${flaw} ${exposure}`)).toEqual([
              priority,
              exposure === null ? null : '2026-12-01T00:00:00.000Z',
            ])
          }
        expect(open).toEqual(expected)
      }),
    )
  })

  it('keep the date that the vendor gives, of the kind that it is', () => {
    expect(fixDateOf('2026-11-01', readAt)).toEqual({ fixedAt: '2026-11-01', fixDate: 'day' })
    expect(fixDateOf('2026-11-01T08:00:00.000Z', readAt).fixDate).toBe('published')
    expect(fixDateOf(null, readAt)).toEqual({ fixedAt: readAt, fixDate: 'first read' })
  })
})
