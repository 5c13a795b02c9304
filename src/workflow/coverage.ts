/** Who judges the assets of the store, and which of them nobody can judge. */

import {
  type FleetCoverage,
  NAMES_OF_GROUP,
  type NotAssessed,
  type PlatformCoverage,
  packageManagerOf,
  whyNotAssessed,
} from '../core/coverage.ts'
import { type TeamCoverage, teamLacks } from '../core/team-coverage.ts'
import { earliest } from '../core/time/instant.ts'
import { type AssetsKnown, assetsKnown, feedProblems, namesOfKnown, voicesOf } from '../store/coverage.ts'
import type { WorkflowParts } from './ports.ts'
import type { Propose } from './proposing/propose.ts'
import { maxAges } from './record-findings.ts'

export function createCoverage(parts: Pick<WorkflowParts, 'db' | 'clock' | 'teams'>) {
  /** `team`: only its assets; `null`: all. */
  return async function coverage(team: string | null = null): Promise<FleetCoverage> {
    const { db } = parts
    const asked = { now: parts.clock().toISOString(), maxAges: maxAges(parts.teams), team }
    const groups = await assetsKnown(db, asked)
    const voices = await voicesOf(db, [...new Set(groups.map(({ platform }) => platform))])
    const notAssessed: NotAssessed[] = []
    for (const group of groups) {
      const why = whyNot(group, (voices.get(group.platform) ?? []).length > 0)
      if (why === null) continue
      const names = await namesOfKnown(db, asked, group, NAMES_OF_GROUP)
      notAssessed.push({ why, platform: group.platform, count: group.assets, names })
    }
    const platforms = new Map<string, PlatformCoverage>()
    for (const group of groups) {
      const feeds = voices.get(group.platform) ?? []
      platforms.set(group.platform, withGroup(platforms.get(group.platform), group, feeds))
    }
    return {
      platforms: [...platforms.values()],
      notAssessed: notAssessed.sort((a, b) => b.count - a.count),
      ...(await feedProblems(db)),
    }
  }
}

/** The same of one team, with what is not offered to its assets and what is held there. */
export function createTeamCoverage(
  { clock }: Pick<WorkflowParts, 'clock'>,
  { assessments }: Pick<Propose, 'assessments'>,
  coverage: ReturnType<typeof createCoverage>,
) {
  return {
    /** From stored data alone, for a service that is asked at any time. */
    async quickly(team: string): Promise<TeamCoverage> {
      return { at: clock().toISOString(), coverage: await coverage(team), lacks: null }
    },
    async assessed(team: string): Promise<TeamCoverage> {
      const at = clock().toISOString()
      const assessment = (await assessments([team])).get(team) ?? { patches: [], withheld: [], assets: [] }
      return { at, coverage: await coverage(team), lacks: teamLacks(assessment, at) }
    },
  }
}

function whyNot({ platform, look, asked, empty }: AssetsKnown, spoken: boolean): string | null {
  if (look === 'never') return 'no look has succeeded yet'
  if (look === 'too old') return 'the last good look is too old'
  return whyNotAssessed({ platform, spoken, asked, packages: empty ? 0 : 1, foreign: 0 })
}

function withGroup(
  known: PlatformCoverage | undefined,
  { platform, asked, assets, refreshedAt }: AssetsKnown,
  feeds: PlatformCoverage['feeds'],
): PlatformCoverage {
  const before = known?.packageManager ?? null
  const managed = (before?.assets ?? 0) + (asked ? assets : 0)
  return {
    platform,
    assets: (known?.assets ?? 0) + assets,
    feeds,
    packageManager:
      managed === 0
        ? null
        : {
            name: packageManagerOf(platform),
            assets: managed,
            refreshedAt: earliest([before?.refreshedAt ?? null, asked ? refreshedAt : null]),
          },
  }
}
