/** What the drafts of teams depend on, besides assets and decisions. */

import { type StaleFeed, silences } from '../../core/draft.ts'
import type { TeamPlan } from '../../core/ring-rule.ts'
import { sha256 } from '../../core/sha256.ts'
import { DAY_MS } from '../../core/time/instant.ts'
import { sourceStates } from '../../store/catalog.ts'
import { teamsWithAssets } from '../../store/inventory.ts'
import type { ProposeParts } from './proposing.ts'

const STALE_AFTER_MS = DAY_MS

/** Teams of the configuration, and other teams with assets. Nothing is proposed for the latter. */
export async function allTeams({ db, teams }: Pick<ProposeParts, 'db' | 'teams'>): Promise<readonly string[]> {
  return [...new Set([...teams.plans.map(({ team }) => team), ...(await teamsWithAssets(db))])]
}

/** The team's plan, with windows from the measured load where that is used; `null`: the team has no plan. */
export function planOf({ teams, measured }: Pick<ProposeParts, 'teams' | 'measured'>, team: string): TeamPlan | null {
  const plan = teams.plans.find((one) => one.team === team)
  if (plan === undefined || measured === undefined) return plan ?? null
  const found = measured.measuredFor(plan.window.name)
  const { assetWindows } = plan
  return {
    ...plan,
    window: measured.scheduleFor(plan.window).plan,
    ...(assetWindows === undefined
      ? {}
      : { assetWindows: assetWindows.map((own) => ({ ...own, window: measured.scheduleFor(own.window).plan })) }),
    ...(found === null ? {} : { measured: found }),
  }
}

/** Everything that the drafts of a team depend on, besides its assets, feeds and decisions. */
export function keyOf(
  parts: Pick<ProposeParts, 'judgement' | 'engines'>,
  plan: TeamPlan | null,
  stale: readonly StaleFeed[],
): string {
  const { rule, ...judgement } = parts.judgement
  const { title, table, outcomes } = rule
  const engines = [...parts.engines.keys()]
  return sha256(JSON.stringify([plan, judgement, title, table, [...outcomes], engines, silences(stale)]))
}

/** Feeds that fail and whose last answer is older than a day. Proposals mention them. */
export async function staleFeeds({ db, clock }: Pick<ProposeParts, 'db' | 'clock'>): Promise<readonly StaleFeed[]> {
  const since = clock().getTime() - STALE_AFTER_MS
  return (await sourceStates(db)).filter(
    ({ kind, problem, lastGoodAt }) =>
      kind === 'catalog' && problem !== null && (lastGoodAt === null || Date.parse(lastGoodAt) < since),
  )
}
