/** Looks once at all teams for which something has changed. */

import type { StaleFeed } from '../../core/draft.ts'
import { errorText } from '../../core/error-text.ts'
import { proposeRefusal } from '../../core/permission/team.ts'
import { priorityRank } from '../../core/priority/priority.ts'
import type { Actor } from '../../core/proposal/proposal.ts'
import { type DirtyRow, forgetDirty, seenDirty } from '../../store/dirty.ts'
import { type Drafted, draftedTeams } from '../../store/drafted.ts'
import type { TeamAssessed } from '../assessing/known.ts'
import { type Due, draftTeam, FINDINGS } from './draft-team.ts'
import type { Lacking } from './previews.ts'
import { inTurn, type MutableReport, type Proposing } from './proposing.ts'
import { proposeRules, rulesToPropose } from './standing-rules.ts'
import { allTeams, keyOf, planOf, staleFeeds } from './team-plans.ts'

export interface Which {
  /** The person in whose name proposals are opened. That person then cannot approve. */
  readonly by?: Actor
  /** Only this team, even if nothing has changed. */
  readonly team?: string
}

export interface Looked {
  /** The questions for engines. */
  readonly asked: readonly (Lacking & { readonly team: string })[]
  /** How many teams were looked at. */
  readonly teams: number
}

/** `also`: teams to look at even if nothing has changed. */
export async function lookAtTeams(
  proposing: Proposing,
  signal: AbortSignal,
  which: Which,
  report: MutableReport,
  also: ReadonlySet<string> = new Set(),
): Promise<Looked> {
  const { parts, assessor } = proposing
  const { by, team: only } = which
  // Read first. A later change adds a new row.
  const dirty = (await seenDirty(parts.db)).filter(({ why }) => why !== FINDINGS)
  const before = await draftedTeams(parts.db)
  const stale = await staleFeeds(parts)
  const now = parts.clock().toISOString()
  // Rows may name a team that has lost its last asset and is not in the configuration.
  const all = new Set([...(await allTeams(parts)), ...dirty.flatMap(({ team }) => team ?? [])])
  const others = teamsOfOthers(proposing, all, by)
  const due = dueTeams(proposing, all, { which, others, also, dirty, before, stale, now })
  const found = new Map<string, TeamAssessed>()
  for (const { team, rows } of due) found.set(team, await assessed(proposing, team, rows, before.get(team)))
  const asked: (Lacking & { readonly team: string })[] = []
  const failed = new Set<string>()
  for (const one of inOrderOfUrgency(due, found)) {
    const { team } = one
    try {
      await inTurn(proposing, `propose ${team}`, signal, async (lease, waited) => {
        // If another process was at work on this team meanwhile, our assessment may be too old.
        const own = waited ? await assessor.assess(team) : found.get(team)
        if (own === undefined) throw new Error('it was not assessed')
        for (const lacking of await draftTeam(proposing, one, own, { by, stale, lease, report }))
          asked.push({ ...lacking, team })
      })
    } catch (error) {
      signal.throwIfAborted()
      failed.add(team)
      parts.log.warn(`What ${team} misses could not be proposed; it is tried again: ${errorText(error)}`)
    }
  }
  if (only === undefined && (await rulesToPropose(parts)).length > 0)
    await inTurn(proposing, 'propose rules', signal, () => proposeRules(proposing))
  const done = dirty.filter(({ team }) =>
    team === null
      ? only === undefined && failed.size === 0 && others.size === 0
      : (only ?? team) === team && !failed.has(team) && !others.has(team),
  )
  await forgetDirty(
    parts.db,
    done.map(({ id }) => id),
  )
  return { asked, teams: due.length }
}

/** Teams for which this person may not propose. The service handles their changes. */
function teamsOfOthers(
  { parts: { teams } }: Pick<Proposing, 'parts'>,
  all: Iterable<string>,
  by: Actor | undefined,
): ReadonlySet<string> {
  return new Set(
    [...all].filter((team) => by?.kind === 'person' && proposeRefusal(team, by, teams.membersOf(team)) !== null),
  )
}

interface Seen {
  readonly which: Which
  readonly others: ReadonlySet<string>
  readonly also: ReadonlySet<string>
  readonly dirty: readonly DirtyRow[]
  readonly before: ReadonlyMap<string, Drafted>
  readonly stale: readonly StaleFeed[]
  readonly now: string
}

function dueTeams(
  { parts, waiting }: Proposing,
  all: Iterable<string>,
  { which: { by, team: only }, others, also, dirty, before, stale, now }: Seen,
): readonly Due[] {
  return [...all].flatMap((team): readonly Due[] => {
    if (only !== undefined && only !== team) return []
    if (others.has(team)) return []
    const plan = planOf(parts, team)
    const key = keyOf(parts, plan, stale)
    const rows = dirty.filter((row) => row.team === null || row.team === team)
    const waits = before.get(team)?.waitsSince != null && !waiting.has(team)
    const forced = only !== undefined || by !== undefined || also.has(team) || waits
    return forced || hasWork(rows, before.get(team), key, now) ? [{ team, plan, key, rows }] : []
  })
}

/** True if something has changed that the team's drafts do not know yet. */
function hasWork(rows: readonly DirtyRow[], before: Drafted | undefined, key: string, now: string): boolean {
  if (rows.length > 0 || before === undefined || before.key !== key) return true
  return before.nextAt !== null && before.nextAt <= now
}

/** What a team misses. Its assets are read again only if they may have changed. */
function assessed(
  { assessor }: Pick<Proposing, 'assessor'>,
  team: string,
  rows: readonly DirtyRow[],
  before: Drafted | undefined,
): Promise<TeamAssessed> {
  const unchanged = before !== undefined && rows.every(({ why }) => why !== 'assets')
  return unchanged ? assessor.assess(team, before.count) : assessor.assess(team)
}

/** Teams with urgent patches come first, so that their proposals get the first numbers. */
function inOrderOfUrgency(due: readonly Due[], found: ReadonlyMap<string, TeamAssessed>): readonly Due[] {
  const rank = ({ team }: Due) =>
    Math.min(...(found.get(team)?.assessment.patches ?? []).map(({ priority }) => priorityRank(priority)))
  return due.toSorted((a, b) => (rank(a) === rank(b) ? 0 : rank(a) - rank(b)))
}
