/** Drafts one team again, and stores how far that has come. */

import type { TeamPlan } from '../../core/ring-rule.ts'
import { watchedOf } from '../../core/watched.ts'
import { type DirtyRow, noteDirtyTeam } from '../../store/dirty.ts'
import { type Drafted, draftedTeam, noteDrafted } from '../../store/drafted.ts'
import { saveWatched } from '../../store/watched.ts'
import type { TeamAssessed } from '../assessing/known.ts'
import type { Lacking } from './previews.ts'
import { proposeForTeam } from './propose-for-team.ts'
import { type Given, type Left, later, PREVIEWS_MS, type Proposing } from './proposing.ts'

/** The reason in a row of work that says that findings must be recorded. */
export const FINDINGS = 'findings'

/** A team that must be looked at, with its rows of work. */
export interface Due {
  readonly team: string
  readonly plan: TeamPlan | null
  readonly key: string
  readonly rows: readonly DirtyRow[]
}

/** Updates the proposals of one team to what it misses now. Returns the questions for engines. */
export async function draftTeam(
  proposing: Proposing,
  due: Due,
  own: TeamAssessed,
  given: Given,
): Promise<readonly Lacking[]> {
  const { parts } = proposing
  const { team, plan, key, rows } = due
  const known = await draftedTeam(parts.db, team)
  const left: Left = { lacking: [], again: [], times: [], blind: false }
  if (plan !== null)
    await proposeForTeam({ ...given, proposing, plan, key, own, waitsSince: known?.waitsSince ?? null, left })
  if (rows.length > 0 || known === null)
    await saveWatched(parts.db, team, parts.clock().toISOString(), watchedOf(own.assessment))
  await settle(proposing, due, left, known)
  return [...left.lacking, ...left.again]
}

/** Stores how far the team has come, if that has changed. */
async function settle(
  { parts: { db, clock }, assessor }: Pick<Proposing, 'parts' | 'assessor'>,
  { team, key, rows }: Due,
  left: Left,
  known: Drafted | null,
): Promise<void> {
  const now = clock().toISOString()
  const waitsSince = left.lacking.length === 0 ? null : (known?.waitsSince ?? now)
  const times = [...left.times]
  if (waitsSince !== null) times.push(later(waitsSince, PREVIEWS_MS))
  const nextAt = times.filter((at) => at > now).sort()[0] ?? null
  const counts = rows.length > 0 || known === null
  if (!counts && known.key === key && known.nextAt === nextAt && known.waitsSince === waitsSince) return
  const count = (known?.count ?? 0) + (counts ? 1 : 0)
  if (counts) await noteDirtyTeam(db, team, FINDINGS, now)
  await noteDrafted(db, { team, count, key, nextAt, waitsSince })
  assessor.countAs(team, count)
}
