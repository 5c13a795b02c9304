import type { TeamCoverage } from '../../core/team-coverage.ts'
import type { Execute } from '../commands/execute.ts'
import type { Estimates } from '../estimates.ts'
import type { Linking, WorkflowParts } from '../ports.ts'
import type { Rollback } from '../rollback.ts'

/** What the desk needs to answer requests. */
export interface DeskParts extends Pick<WorkflowParts, 'db' | 'clock' | 'teams' | 'absences'> {
  readonly commands: Pick<Execute, 'execute' | 'freezeTeam'>
  readonly rollback: Rollback
  readonly teamCoverage: (team: string) => Promise<TeamCoverage>
  readonly estimates: Estimates
  readonly linking: Linking
}

/** ISO 8601 UTC. */
export function nowOf({ clock }: DeskParts): string {
  return clock().toISOString()
}
