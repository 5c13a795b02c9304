import type { ProposalState } from '../core/proposal/proposal.ts'
import type { Lease } from '../store/leases.ts'
import { createAssessor } from './assessing/assessor.ts'
import { createExecute } from './commands/execute.ts'
import { createCoverage, createTeamCoverage } from './coverage.ts'
import { createDesk } from './desk/desk.ts'
import { createDigests } from './digest.ts'
import { createDispatcher } from './dispatch.ts'
import { createDrift } from './drift.ts'
import { createDriver, type DriverParts } from './driver.ts'
import { createEstimates } from './estimates.ts'
import { createExplain } from './explain.ts'
import { createFleetSummary } from './fleet.ts'
import { createMay } from './may.ts'
import type { Absences, Linking, WorkflowParts } from './ports.ts'
import { createPropose } from './proposing/propose.ts'
import { createRollback } from './rollback.ts'
import { createDeploy } from './rollout/deploy.ts'
import { createTidy } from './rollout/tidy.ts'
import { createSync } from './sync.ts'
import { underLease } from './under-lease.ts'
import { createUnmanaged } from './unmanaged.ts'

export type Workflow = ReturnType<typeof createWorkflow>

/** Connects the parts. Everything that happens goes through `execute`. */
export function createWorkflow(parts: WorkflowParts, alone: DriverParts['alone']) {
  const dispatcher = createDispatcher(parts, alone)
  const estimates = createEstimates(parts)
  const execute = createExecute(parts, estimates, () => void dispatcher.kick())
  const digests = createDigests(parts, () => void dispatcher.kick())
  const linking = toldAtOnce(parts.linking, () => void dispatcher.kick())
  const absences = toldAtOnceOfAbsences(parts.absences, () => void dispatcher.kick())
  const sync = createSync(parts)
  const assessor = createAssessor(parts)
  const coverage = createCoverage(parts)
  const propose = createPropose(parts, execute, alone, assessor)
  const deploy = (lease: Lease) => createDeploy(underLease(parts, lease), execute, alone)
  const teamCoverage = createTeamCoverage(parts, propose, coverage)
  const driver = createDriver(parts, execute, deploy, { alone, refresh })

  async function refresh(state: ProposalState, signal: AbortSignal): Promise<void> {
    if (state.subject.kind !== 'patches') return
    await sync.syncInventory(
      signal,
      state.subject.assets.map((planned) => planned.asset.id),
    )
    await propose.propose(signal, { team: state.team, later: 'all' })
  }

  return {
    execute: execute.execute,
    open: execute.open,
    openRollBack: execute.openRollBack,
    syncFeeds: sync.syncFeeds,
    syncFeed: sync.syncFeed,
    syncInventory: sync.syncInventory,
    syncSource: sync.syncSource,
    propose: propose.propose,
    proposeBeside: propose.proposeBeside,
    answersKept: propose.answersKept,
    recordFindings: propose.recordFindings,
    assessments: propose.assessments,
    ...createExplain(parts, propose, coverage),
    coverage,
    unmanaged: createUnmanaged(parts),
    teamCoverage: teamCoverage.assessed,
    fleetSummary: createFleetSummary(parts, assessor, propose.allTeams),
    tellDrift: createDrift(parts, execute),
    advance: driver.advance,
    sweep: driver.sweep,
    tidy: createTidy(parts, execute, alone),
    deliver: dispatcher.kick,
    postDigests: digests.postDue,
    freezeTeam: execute.freezeTeam,
    askHandOver: execute.askHandOver,
    desk: createDesk({
      db: parts.db,
      clock: parts.clock,
      // The configuration may change while the service runs.
      get teams() {
        return parts.teams
      },
      commands: execute,
      teamCoverage: teamCoverage.quickly,
      rollback: createRollback(parts, execute),
      estimates,
      linking,
      absences,
    }),
    may: createMay(parts),
    linking,
    estimates,
  }
}

/** Sends messages about a link or its end at once, and not only at the next sweep. */
function toldAtOnce(linking: Linking, kick: () => void): Linking {
  return {
    ...linking,
    useCode: (...given) => thenKick(linking.useCode(...given), kick),
    revoke: (...given) => thenKick(linking.revoke(...given), kick),
  }
}

/** The same for messages about somebody who is away or back. */
function toldAtOnceOfAbsences({ away, back, returned }: Absences, kick: () => void): Absences {
  return {
    away: (...given) => thenKick(away(...given), kick),
    back: (...given) => thenKick(back(...given), kick),
    returned: (...given) => thenKick(returned(...given), kick),
  }
}

async function thenKick<Result>(work: Promise<Result>, kick: () => void): Promise<Result> {
  const result = await work
  kick()
  return result
}
