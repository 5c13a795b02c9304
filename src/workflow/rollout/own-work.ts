/** Asks the journals of our starts what they did to one asset, so that nobody has to guess it. */

import type { Asset } from '../../core/asset.ts'
import { heldBack } from '../../core/held-back.ts'
import type { DeployEngine, DeploymentOutcome, DeploymentReport } from '../../core/ports.ts'
import type { ProposalState } from '../../core/proposal/proposal.ts'
import { startsToUndo } from '../../core/rollback.ts'
import { deploymentOf } from '../../core/rollout/deployments.ts'
import { engineOf } from '../../core/rollout/lanes.ts'
import { liveRun } from '../../core/rollout/run.ts'
import type { OwnWork } from '../../core/verification.ts'
import { findStart } from '../../store/starts.ts'
import type { WorkflowParts } from '../ports.ts'

export type JournalParts = Pick<WorkflowParts, 'db' | 'engines' | 'log'>

interface Begun {
  readonly key: string
  readonly startedAt: string
}

/** `undefined`: what was recorded says enough, so no journal is asked. `outcome`: of the asset's last start. */
export async function ownWork(
  parts: JournalParts,
  state: ProposalState,
  asset: Asset,
  outcome: DeploymentOutcome,
  signal: AbortSignal,
): Promise<OwnWork | undefined> {
  const engine = engineFor(parts, state, asset)
  const run = liveRun(state)
  const last = run === null ? undefined : deploymentOf(run, asset.id)
  if (engine === undefined || run === null || last === undefined) return undefined
  const earlier = run.earlier?.[asset.id] ?? []
  switch (outcome.state) {
    case 'succeeded':
    case 'not begun':
      return undefined
    case 'failed':
      return said(await askAll(parts, engine, asset, [last], signal))
    case 'held back':
      // What was approved elsewhere in its system may have done it, and the system itself says whose work counts.
      if (engine.terms !== undefined && earlier.length === 0) return { kind: 'not known', says: outcome.reason }
      if (earlier.length === 0) return { kind: 'not ours' }
      return withWords(engine, outcome.reason, said(await askAll(parts, engine, asset, earlier, signal)))
    case 'unreachable':
    case 'silent':
      return said(await askAll(parts, engine, asset, [...earlier, last], signal))
  }
}

/**
 * The starts of a rollout that may have changed an asset, with what their journals say of each now. Asked before a roll
 * back, so that it goes back from what happened.
 */
export async function journalsOf(
  parts: JournalParts,
  state: ProposalState,
  asset: Asset,
  signal: AbortSignal,
): Promise<readonly Answer[]> {
  const engine = engineFor(parts, state, asset)
  // A system that was told has answered already; of what it has not done, its machines undo nothing.
  if (engine === undefined || engine.terms !== undefined) return []
  return askAll(parts, engine, asset, startsToUndo(state, asset.id), signal)
}

/** `report` `null`: the journal could not be asked. */
interface Answer {
  readonly start: Begun
  readonly report: Pick<DeploymentReport, 'outcome' | 'progress'> | null
}

function engineFor({ engines }: JournalParts, { subject }: ProposalState, asset: Asset): DeployEngine | undefined {
  return subject.kind === 'patches' ? engines.get(engineOf(subject, asset)) : undefined
}

function askAll(
  parts: JournalParts,
  engine: DeployEngine,
  asset: Asset,
  starts: readonly Begun[],
  signal: AbortSignal,
): Promise<readonly Answer[]> {
  return Promise.all(starts.map(async (start) => ({ start, report: await ask(parts, engine, asset, start, signal) })))
}

async function ask(
  { db, log }: JournalParts,
  engine: DeployEngine,
  asset: Asset,
  { key }: Begun,
  signal: AbortSignal,
): Promise<Answer['report']> {
  const start = await findStart(db, key)
  // Of a start that was tidied away in its system there is nothing to read.
  if (start === null || start.stage === 'tidied') return null
  const called = start.assets.find((one) => one.asset === asset.id)?.place ?? null
  if (called === null && start.assets.length > 0)
    return { outcome: heldBack('The engine was not called for it.'), progress: null }
  // Whether the call reached its system is what nobody knows.
  if (start.handle === null) return null
  try {
    const reports = await engine.poll({ key, data: start.handle }, signal, [asset.id])
    return reports.find((report) => report.asset === asset.id) ?? null
  } catch (error) {
    signal.throwIfAborted()
    log.warn(`${asset.name} could not be asked what became of ${key}: ${String(error)}`)
    return null
  }
}

/** Where our starts do not say it, the words of the system of the asset do. */
function withWords({ terms }: DeployEngine, says: string, own: OwnWork): OwnWork {
  return own.kind === 'not known' && terms !== undefined ? { ...own, says } : own
}

/** The last start that installed says it; then one that is still at work. */
function said(answers: readonly Answer[]): OwnWork {
  for (const { start, report } of [...answers].reverse())
    if (report?.outcome?.state === 'succeeded')
      return { kind: 'ours', startedAt: start.startedAt, outcome: report.outcome }
  for (const { start, report } of [...answers].reverse())
    if (report !== null && report.outcome === null)
      return { kind: 'at work', startedAt: start.startedAt, progress: report.progress ?? 'no answer yet' }
  return { kind: answers.every(({ report }) => didNothing(report)) ? 'not ours' : 'not known' }
}

/** Whether the journal says that the start certainly changed nothing. */
export function didNothing(report: Answer['report']): boolean {
  const state = report?.outcome?.state
  if (state === 'held back' || state === 'not begun') return true
  return report?.outcome?.state === 'unreachable' && !report.outcome.touched
}
