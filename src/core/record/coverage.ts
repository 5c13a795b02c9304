/** What the streams `assets:TEAM` say of assets and platforms that cannot be assessed, or can be again. */

import { DAY_SECONDS } from '../time/instant.ts'
import { assetList } from './asset-lists.ts'
import type { ToldOfAssets, ToldOfTeam } from './population.ts'

export const coverages = [
  'covered',
  'no feed speaks of it',
  'never looked at',
  'cannot be looked at',
  'not looked at for too long',
] as const
export type Coverage = (typeof coverages)[number]

/** A look that is older is too old to say what an asset misses, of a team whose policy is not known. */
export const LOOK_MAX_AGE_SECONDS = DAY_SECONDS

export interface CoverageOfAsset {
  readonly id: string
  readonly team: string
  readonly is: Coverage
  /** The last good look, ISO 8601 UTC; `null`: there never was one. */
  readonly since: string | null
  /** What the source says is wrong: it may name hosts and addresses. */
  readonly problem: string | null
}

export interface CoverageOfPlatform {
  readonly team: string
  readonly platform: string
  readonly is: Coverage
}

/** Problems that stand beside one entry, and how much of each. */
const PROBLEMS = 100
const PROBLEM_CHARACTERS = 300

/** One entry for each team and kind. `changed`: only assets about which the record says something else. */
export function coverageOfAssets(changed: readonly CoverageOfAsset[]): readonly ToldOfAssets[] {
  const groups = new Map<string, CoverageOfAsset[]>()
  for (const one of changed) {
    const key = JSON.stringify([one.team, one.is])
    const known = groups.get(key)
    if (known) known.push(one)
    else groups.set(key, [one])
  }
  return [...groups.values()].flatMap((group) => {
    const [first] = group
    if (first === undefined) return []
    const { team, is } = first
    const list = assetList(group.map(({ id, since }) => ({ id, ...(since === null ? {} : { since }) })))
    const [since] = group.flatMap((one) => one.since ?? []).sort()
    const problems = group
      .flatMap(({ id, problem }) => (problem === null ? [] : [[id, problem.slice(0, PROBLEM_CHARACTERS)]]))
      .slice(0, PROBLEMS)
    const told = {
      event: 'coverage-changed',
      facts: { is, ...(since === undefined ? {} : { since }), assets: list.hash, count: list.count },
      ...(problems.length === 0 ? {} : { beside: { problems } }),
    }
    return [{ team, told, list }]
  })
}

/** One entry for each platform. `since`: when it was noticed, ISO 8601 UTC. */
export function coverageOfPlatforms(changed: readonly CoverageOfPlatform[], since: string): readonly ToldOfTeam[] {
  return changed.map(({ team, platform, is }) => ({
    team,
    told: { event: 'coverage-changed', facts: { platform, is, since } },
  }))
}
