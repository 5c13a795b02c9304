/** What the streams `assets:TEAM` say about assets and platforms that cannot be assessed, or can be assessed again. */

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

/** For a team without a known policy: an older look is too old to say what an asset misses. */
export const LOOK_MAX_AGE_SECONDS = DAY_SECONDS

export interface CoverageOfAsset {
  readonly id: string
  readonly team: string
  readonly is: Coverage
  /** When the last good look was made, ISO 8601, UTC; `null`: never. */
  readonly since: string | null
  /** What the source says is wrong. The text may contain hosts and addresses. */
  readonly problem: string | null
}

export interface CoverageOfPlatform {
  readonly team: string
  readonly platform: string
  readonly is: Coverage
}

/** How many problems stand beside one entry, and how many characters of each. */
const PROBLEMS = 100
const PROBLEM_CHARACTERS = 300

/** One entry for each team and kind of coverage. `changed`: only assets whose coverage differs from the record. */
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

/** One entry for each platform. `since`: when the change was noticed, ISO 8601, UTC. */
export function coverageOfPlatforms(changed: readonly CoverageOfPlatform[], since: string): readonly ToldOfTeam[] {
  return changed.map(({ team, platform, is }) => ({
    team,
    told: { event: 'coverage-changed', facts: { platform, is, since } },
  }))
}
