/**
 * What the streams `findings:TEAM` say about how flaws are judged. A flaw is judged once for each context, which is the
 * exposure and the criticality of assets. Entries name pages of judgements, and pages name the grounds: the facts and the
 * row of the table behind a judgement. Few grounds are behind very many judgements, so each is stored once.
 */

import type { Criticality, Exposure } from '../asset.ts'
import { contentOf, contentOnce, type HashedContent } from '../content.ts'
import { limits } from '../limits.ts'
import { memoizeByIdentity } from '../memoize-by-identity.ts'
import type { Priority } from '../priority/priority.ts'
import { sha256 } from '../sha256.ts'
import type { Steps } from '../steps.ts'
import type { Facts, Told } from './entry.ts'
import type { FixDate, GroupNow } from './findings.ts'

export interface Context {
  readonly exposure: Exposure | null
  readonly criticality: Criticality | null
}

/** How a flaw is judged in one context. */
export interface Judged {
  readonly priority: Priority
  /** ISO 8601 UTC; `null`: no date. */
  readonly dueAt: string | null
  /** The date from which the due date counts, and what kind of date it is. */
  readonly from: string
  readonly fromKind: FixDate
  /** The same object for judgements with the same grounds. */
  readonly grounds: Facts
}

/** What the record last said about a flaw in one context. */
export interface JudgedRecorded extends Context {
  /** The beginning of a hash over the judgement. */
  readonly hash: string
  readonly priority: Priority
  readonly dueAt: string | null
}

/** A judgement that differs from what the record last said; `before`: what it said, `null`: nothing. */
interface Changed {
  readonly context: Context
  readonly now: Judged
  readonly before: JudgedRecorded | null
}

/** A flaw that is judged differently now in some contexts. The date of its fix is the same in all of them. */
export interface FlawJudged extends Pick<Judged, 'from' | 'fromKind'> {
  readonly flaw: string
  readonly changed: readonly Changed[]
  /** What the record says about the flaw after this, in every context. */
  readonly recorded: readonly JudgedRecorded[]
}

/** As long as it must be to tell the judgements of one flaw apart. */
const HASH_DIGITS = 16

const hashOf = memoizeByIdentity(({ priority, dueAt, from, fromKind, grounds }: Judged) =>
  sha256(JSON.stringify([priority, dueAt, { from, fromKind, ...grounds }])).slice(0, HASH_DIGITS),
)

const keyOf = ({ exposure, criticality }: Context) => `${exposure} ${criticality}`

/** The flaws that are judged differently now, in the order of their names. `recorded`: by flaw. In steps. */
export function* judgedDifference(
  groups: readonly GroupNow[],
  recorded: ReadonlyMap<string, readonly JudgedRecorded[]>,
  judge: (flaw: string, context: Context) => Judged,
): Steps<readonly FlawJudged[]> {
  const contexts = new Map<string, Map<string, Context>>()
  for (const { flaws, assets } of groups) {
    const here = new Map<string, Context>()
    for (const { exposure, criticality } of assets) {
      const context = { exposure, criticality }
      here.set(keyOf(context), context)
    }
    const own = [...here]
    for (const flaw of flaws) {
      const known = contexts.get(flaw)
      if (known === undefined) contexts.set(flaw, new Map(own))
      else for (const [key, context] of own) if (!known.has(key)) known.set(key, context)
    }
    yield
  }
  const found: FlawJudged[] = []
  for (const [flaw, here] of [...contexts].sort(([a], [b]) => (a < b ? -1 : 1))) {
    yield
    const before = new Map((recorded.get(flaw) ?? []).map((one) => [keyOf(one), one]))
    const changed: Changed[] = []
    for (const [key, context] of [...here].sort(([a], [b]) => (a < b ? -1 : 1))) {
      const now = judge(flaw, context)
      const known = before.get(key) ?? null
      if (known?.hash === hashOf(now)) continue
      changed.push({ context, now, before: known })
      before.set(key, { ...context, hash: hashOf(now), priority: now.priority, dueAt: now.dueAt })
    }
    const [first] = changed
    if (first === undefined) continue
    const { from, fromKind } = first.now
    found.push({ flaw, from, fromKind, changed, recorded: [...before.values()] })
  }
  return found
}

/** Pages of judgements with the entries that name them. */
export interface JudgedPage {
  readonly told: Told
  readonly flaws: readonly string[]
  /** The page is the last one. */
  readonly contents: readonly HashedContent[]
}

/** A judgement as it stands on a page. `grounds`: the place in the list of the page. */
interface JudgementText {
  readonly exposure: Exposure | null
  readonly criticality: Criticality | null
  readonly priority: Priority
  readonly due: string | null
  readonly priorityBefore?: Priority
  readonly dueBefore?: string | null
  readonly grounds: number
}

interface FlawText extends Pick<Judged, 'from' | 'fromKind'> {
  readonly flaw: string
  readonly judgements: readonly JudgementText[]
}

const groundsOnce = contentOnce('grounds', (grounds: Facts) => grounds)

/** Says how these flaws are judged now, on pages of up to 1,000 judgements or one flaw. In steps. */
export function* judgedPages(flaws: readonly FlawJudged[]): Steps<readonly JudgedPage[]> {
  const pages: JudgedPage[] = []
  for (let from = 0; from < flaws.length; ) {
    let to = from
    let count = 0
    for (; to < flaws.length; to++) {
      const more = flaws[to]?.changed.length ?? 0
      if (to > from && count + more > limits.contentPage) break
      count += more
    }
    pages.push(pageOf(flaws.slice(from, to), count))
    from = to
    yield
  }
  return pages
}

function pageOf(flaws: readonly FlawJudged[], count: number): JudgedPage {
  const grounds = new Map<string, { readonly place: number; readonly content: HashedContent }>()
  const placeOf = (content: HashedContent): number => {
    const known = grounds.get(content.hash) ?? { place: grounds.size, content }
    grounds.set(content.hash, known)
    return known.place
  }
  const judged = flaws.map(({ flaw, from, fromKind, changed }): FlawText => {
    const judgements = changed.map(({ context, now, before }): JudgementText => {
      const was = before === null ? {} : { priorityBefore: before.priority, dueBefore: before.dueAt }
      return { ...context, priority: now.priority, due: now.dueAt, ...was, grounds: placeOf(groundsOnce(now.grounds)) }
    })
    return { flaw, from, fromKind, judgements }
  })
  const page = contentOf('judged', { judged, grounds: [...grounds.keys()] })
  return {
    told: { event: 'judged', facts: { judgements: page.hash, flaws: flaws.length, count } },
    flaws: flaws.map(({ flaw }) => flaw),
    contents: [...[...grounds.values()].map(({ content }) => content), page],
  }
}
