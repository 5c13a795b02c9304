/** What feeds say about a name, in words. */

import { readAbout, sourceStates, type statementsAbout } from '../store/catalog.ts'
import type { Db } from '../store/connection.ts'

/** One statement of one feed. */
export interface Statement {
  readonly feed: string
  /** When the feed was last read without problems, ISO 8601; `null`: never. */
  readonly readAt: string | null
  readonly about: string
  readonly says: string
}

/** The stored statements of feeds about a name. */
export type SaidOf = Awaited<ReturnType<typeof statementsAbout>>

export async function statementsOf(db: Db, name: string, said: SaidOf): Promise<readonly Statement[]> {
  const readAt = new Map((await sourceStates(db)).map((state) => [state.name, state.lastGoodAt]))
  const all: Statement[] = []
  const add = (feed: string, about: string, says: string) =>
    all.push({ feed, readAt: readAt.get(feed) ?? null, about, says })
  const { kev, epss, cves } = await readAbout(db, [name])
  for (const entry of kev)
    add(
      entry.feed,
      entry.cve,
      `exploited, listed ${entry.dateAdded}, due ${entry.dueDate}${entry.ransomware ? ', used in ransomware campaigns' : ''}`,
    )
  for (const score of epss)
    add(
      score.feed,
      score.cve,
      `EPSS ${score.score}, percentile ${score.percentile}, model ${score.model} of ${score.date}`,
    )
  for (const facts of cves) {
    const { ssvc, scores, rejected, published, exploited } = facts
    const words = [
      published === null ? '' : `published ${published}`,
      rejected ? 'rejected' : '',
      exploited === null ? '' : `exploited, says the vendor on ${exploited}`,
      ssvc === null
        ? ''
        : `SSVC of ${ssvc.date ?? 'no date'}: exploitation ${ssvc.exploitation}, automatable ${ssvc.automatable}, technical impact ${ssvc.technicalImpact}`,
      ...scores.map((score) => `CVSS ${score.version} ${score.score} by ${score.source} (${score.vector})`),
    ]
    add(facts.feed, facts.cve, words.filter((word) => word !== '').join('; '))
  }
  for (const notice of said.advisories)
    add(
      notice.feed,
      notice.id,
      `${notice.title}${notice.severity === null ? '' : ` (${notice.severity})`}, ${notice.published ?? 'no date'}`,
    )
  for (const fix of said.fixes) {
    const state =
      fix.fixedVersion === null
        ? 'has no fix yet'
        : fix.fixedVersion === '0'
          ? 'is not affected'
          : `is mended in ${fix.fixedVersion}`
    const only = fix.subscription === null ? '' : `, for those with ${fix.subscription}`
    add(fix.feed, `${fix.package} on ${fix.platform}`, `${state}${only}${ofFlaws(name, fix)}`)
  }
  for (const update of said.updates) {
    const replaces = update.supersedes.length === 0 ? '' : `, replaces ${update.supersedes.join(', ')}`
    add(update.feed, `${update.kb} on ${update.platform}`, `${update.fixedBuild ?? 'no build said'}${replaces}`)
  }
  return all
}

const FLAWS = 3

/** The advisory; of a package, also which flaws a statement is about. */
function ofFlaws(name: string, { advisory, cves }: SaidOf['fixes'][number]): string {
  const asked = advisory === name || cves.includes(name)
  const more = cves.length - FLAWS
  const flaws = asked ? [] : [...cves.slice(0, FLAWS), ...(more > 0 ? [`${more} more`] : [])]
  const all = [...(advisory === null ? [] : [advisory]), ...flaws]
  return all.length === 0 ? '' : ` (${all.join(', ')})`
}
