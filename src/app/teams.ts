import {
  assetWindowsFor,
  digestFor,
  freezes,
  healthFor,
  type InGroup,
  lanesFor,
  membersFor,
  policyFor,
  policyForStandingRule,
  rolloutFor,
  standingRules,
  timeZoneFor,
  windowFor,
} from '../config/resolve.ts'
import type { Config } from '../config/schema.ts'
import { withDeputies } from '../core/deputies.ts'
import type { Policy } from '../core/policy.ts'
import type { TeamPlan } from '../core/ring-rule.ts'
import { windowOn } from '../core/window.ts'
import type { AbsenceBook } from '../workflow/absences.ts'
import type { Teams } from '../workflow/ports.ts'

export function buildTeams(
  config: Config,
  inGroup: InGroup,
  clock: () => Date,
  { within, nameOf }: Pick<AbsenceBook, 'within' | 'nameOf'>,
): Teams {
  const ids = Object.keys(config.teams)
  const plans: TeamPlan[] = []
  const policies = new Map<string, Policy>()
  for (const team of ids) {
    const policy = policyFor(config, team)
    const window = windowFor(config, team)
    const rollout = rolloutFor(config, team)
    if (policy === null || window === null || rollout === null) continue // such a team is only watched
    policies.set(team, policy)
    plans.push({
      team,
      window,
      assetWindows: assetWindowsFor(config, team),
      ...lanesFor(config, team),
      ...rollout,
      health: healthFor(config, team),
    })
  }
  return {
    ids,
    plans,
    membersOf: (team) => withDeputies(membersFor(config, team, inGroup), within(team), clock().toISOString(), nameOf),
    policyOf: (team) => {
      const policy = policies.get(team)
      if (!policy) throw new Error(`Team ${team} has no policy, so nothing can be proposed for it.`)
      return policy
    },
    timeZoneOf: (team) => timeZoneFor(config, team),
    channelOf: (team) => config.teams[team]?.channel ?? team,
    digestOf: (team) => digestFor(config, team),
    freezes: freezes(config),
    standingRules: standingRules(config).flatMap((rule) => {
      const decidedBy = policyForStandingRule(config, rule.name)
      const window = windowFor(config, rule.team)
      if (decidedBy === null || window === null) return []
      return [{ rule, decidedBy, window: windowOn(window, timeZoneFor(config, rule.team)) }]
    }),
  }
}
