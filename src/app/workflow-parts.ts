import { priorityRule } from '../config/decision-tables.ts'
import type { Config } from '../config/schema.ts'
import { createHookRunner } from '../integrations/hooks/index.ts'
import type { AbsenceBook } from '../workflow/absences.ts'
import { withQuestions } from '../workflow/health-questions.ts'
import type { WorkflowParts } from '../workflow/ports.ts'
import type { LastKnown } from './last-known.ts'
import type { Outside } from './outside.ts'
import { buildTeams } from './teams.ts'

/** `opened`: the parts that `openService` makes itself. */
export function buildWorkflowParts(
  config: Config,
  { loads, calendars, ...outside }: Outside,
  { directory, measured, freezeCalendars }: LastKnown,
  opened: Pick<WorkflowParts, 'db' | 'clock' | 'log' | 'platforms' | 'linking' | 'wake'> & {
    readonly absences: AbsenceBook
  },
): WorkflowParts {
  const teams = buildTeams(config, directory.inGroup, opened.clock, opened.absences)
  return {
    ...opened,
    ...outside,
    health: withQuestions({ db: opened.db, sources: outside.sources, health: outside.health }),
    teams: {
      ...teams,
      get freezes() {
        return [...teams.freezes, ...freezeCalendars.freezes()]
      },
    },
    hooks: createHookRunner(),
    measured,
    judgement: {
      exposure: config.priority.defaultExposure,
      criticality: config.priority.defaultCriticality,
      dueDays: config.priority.dueDays,
      rule: priorityRule(config),
      types: config.proposals.types,
      minPriority: config.proposals.minPriority,
      grouping: config.proposals.groupBy,
    },
    pollSeconds: config.example ? 0.5 : 1,
  }
}
