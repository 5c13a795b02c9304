import type { Assessment } from '../../core/assessment/assess.ts'
import { errorText } from '../../core/error-text.ts'
import { forgetDirty, seenDirty } from '../../store/dirty.ts'
import { draftedTeams } from '../../store/drafted.ts'
import type { Leases } from '../../store/leases.ts'
import { assetsAtWork } from '../../store/recorded-findings.ts'
import type { Assessor } from '../assessing/assessor.ts'
import type { TeamAssessed } from '../assessing/known.ts'
import type { Execute } from '../commands/execute.ts'
import { recordFindings } from '../record-findings.ts'
import { FINDINGS } from './draft-team.ts'
import { lookAtTeams, type Which } from './look-at-teams.ts'
import { askEngine, type Lacking } from './previews.ts'
import { inTurn, type MutableReport, type ProposeParts, type ProposeReport, type Proposing } from './proposing.ts'
import { allTeams } from './team-plans.ts'

export interface ProposeOptions extends Which {
  /**
   * What another job does: only recording findings, or also asking engines. Left out: all is done when this returns.
   */
  readonly later?: 'findings' | 'all'
}

export type Propose = ReturnType<typeof createPropose>

/**
 * Makes proposals from missing patches: few and complete decisions. They are revised when facts change, and withdrawn
 * when everything is done. A team is drafted again only if something has changed for its drafts: a row of work says so,
 * or a time has come.
 */
export function createPropose(
  parts: ProposeParts,
  commands: Pick<Execute, 'execute' | 'open'>,
  alone: Leases['alone'],
  assessor: Assessor,
) {
  const proposing: Proposing = {
    parts,
    commands,
    alone,
    assessor,
    last: new Map(),
    waiting: new Set(),
    answered: new Set(),
    asking: new Map(),
  }
  return {
    /** Does everything before it returns. */
    propose: (signal: AbortSignal, options: ProposeOptions = {}) => propose(proposing, signal, options),
    /**
     * For the service: engines are asked beside the job, so that only drafts without answers wait. A separate job
     * records findings. Also returns how many teams were looked at. `stopping` ends the questions, which go on after
     * this returns. `again` is called when engines have answered.
     */
    proposeBeside: (signal: AbortSignal, stopping: AbortSignal, again: () => Promise<void>) =>
      proposeBeside(proposing, signal, stopping, again),
    /** Resolves when no engine is being asked any more. */
    answersKept: async (): Promise<void> => {
      await Promise.allSettled([...proposing.asking.values()])
    },
    /** Updates the record of findings to the assessment, for teams that have changed since. */
    recordFindings: (signal: AbortSignal, only?: string) => recordChanged(proposing, signal, only),
    /** What each team misses, judged by its own assets. */
    assessments: (only: readonly string[] | null = null) => assessments(proposing, only),
    allTeams: () => allTeams(parts),
  }
}

async function propose(
  proposing: Proposing,
  signal: AbortSignal,
  { later, ...which }: ProposeOptions,
): Promise<ProposeReport> {
  const report: MutableReport = { opened: [], revised: [], closed: [] }
  const { asked } = await lookAtTeams(proposing, signal, which, report)
  if (asked.length > 0 && later !== 'all') {
    await Promise.all(enginesOf(asked).map((engine) => ask(proposing, engine, asked, signal)))
    await lookAtTeams(proposing, signal, which, report, new Set(asked.map(({ team }) => team)))
  }
  if (later === undefined) await recordChanged(proposing, signal, which.team)
  return report
}

async function proposeBeside(
  proposing: Proposing,
  signal: AbortSignal,
  stopping: AbortSignal,
  again: () => Promise<void>,
): Promise<ProposeReport & { readonly teams: number }> {
  const { parts, waiting, answered, asking } = proposing
  const also = new Set(answered)
  answered.clear()
  for (const team of also) waiting.delete(team)
  const report: MutableReport = { opened: [], revised: [], closed: [] }
  const { asked, teams } = await lookAtTeams(proposing, signal, {}, report, also)
  for (const { team } of asked) waiting.add(team)
  for (const engine of enginesOf(asked)) {
    // New questions are found when the waiting teams are looked at again.
    if (asking.has(engine)) continue
    const work = ask(proposing, engine, asked, stopping)
      .catch((error: unknown) => {
        if (!stopping.aborted)
          parts.log.warn(`The engine ${engine} could not be asked what would be done: ${errorText(error)}`)
      })
      .then(async () => {
        asking.delete(engine)
        for (const team of waiting) answered.add(team)
        if (!stopping.aborted) await again()
      })
    asking.set(engine, work)
  }
  return { ...report, teams }
}

/** Asks an engine the open questions. One process at a time does this. */
async function ask(proposing: Proposing, name: string, asked: readonly Lacking[], signal: AbortSignal): Promise<void> {
  const own = asked.filter(({ engine }) => engine === name)
  await inTurn(proposing, `preview ${name}`, signal, () => askEngine(proposing.parts, name, own, signal))
}

async function recordChanged(
  { parts, assessor }: Pick<Proposing, 'parts' | 'assessor'>,
  signal: AbortSignal,
  only: string | undefined,
): Promise<void> {
  const { db } = parts
  const rows = (await seenDirty(db)).filter(
    ({ team, why }) => why === FINDINGS && (only === undefined || team === only),
  )
  const atWork = await assetsAtWork(db)
  const before = await draftedTeams(db)
  const teams = new Map<string, TeamAssessed>()
  // Read again now, because the record refuses anything older than it has.
  for (const team of new Set(rows.flatMap(({ team }) => team ?? [])))
    teams.set(team, await assessor.assess(team, before.get(team)?.count, true))
  const failed = await recordFindings({ parts, assessor }, { teams, atWork, all: only === undefined }, signal)
  await forgetDirty(
    db,
    rows.flatMap(({ id, team }) => (failed.has(team ?? '') ? [] : [id])),
  )
}

async function assessments(
  { parts, assessor }: Pick<Proposing, 'parts' | 'assessor'>,
  only: readonly string[] | null,
): Promise<ReadonlyMap<string, Assessment>> {
  const found = new Map<string, Assessment>()
  for (const team of only ?? (await allTeams(parts))) found.set(team, (await assessor.assess(team)).assessment)
  return found
}

function enginesOf(asked: readonly Lacking[]): readonly string[] {
  return [...new Set(asked.map(({ engine }) => engine))]
}
