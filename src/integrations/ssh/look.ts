import type { Asset } from '../../core/asset.ts'
import type { PackageChange } from '../../core/change.ts'
import type { DeploymentOutcome, PreflightResult, TransactionStep } from '../../core/ports.ts'
import type { PackageRequest } from '../package-engine.ts'
import { judge, parseLook, transactionOf } from '../upgrade-journal/look.ts'
import { lookScript } from '../upgrade-journal/script.ts'
import { ranInstead, sudoProblem } from './connection-problem.ts'
import { attemptScript, managerFor, type Run, runOnHost, type SshEngine, upgradeId } from './run.ts'

/** Returns the steps that the changes would cause. Throws a sentence when the host cannot tell. */
export async function preview(
  engine: SshEngine,
  asset: Asset,
  changes: readonly PackageChange[],
  signal: AbortSignal,
): Promise<readonly TransactionStep[]> {
  const manager = managerFor(engine, asset)
  const key = 'preview'
  const script = lookScript({ manager, key, changes }, { preflight: false })
  const answer = await runOnHost({ engine, key, signal }, { asset, script, as: 'user', purpose: 'preview' })
  if (answer.kind === 'failed') throw new Error(answer.reason)
  const instead = ranInstead(asset.name, answer)
  if (instead !== null) throw new Error(instead)
  const look = parseLook(manager, answer.stdout, asset.name)
  if (look.kind === 'problem') throw new Error(look.reason)
  return transactionOf(look.simulation)
}

/** Checks whether a host could do now what was approved. */
export async function preflight(run: Run, request: PackageRequest): Promise<PreflightResult> {
  const { engine, key } = run
  const { asset, changes, transaction } = request
  const manager = managerFor(engine, asset)
  function refused(outcome: DeploymentOutcome): PreflightResult {
    return { asset: asset.id, ready: false, outcome }
  }
  const script = attemptScript(() => lookScript({ manager, key, changes, transaction }, { preflight: true }))
  if (script instanceof Error) return refused({ state: 'held back', reason: script.message, log: '' })
  const answer = await runOnHost(run, { asset, script, as: 'root', purpose: 'preflight' })
  if (answer.kind === 'failed') {
    return refused({ state: 'unreachable', reason: answer.reason, touched: false, log: '' })
  }
  const instead = ranInstead(asset.name, answer)
  if (instead !== null) return refused({ state: 'unreachable', reason: instead, touched: false, log: '' })
  const sudo = answer.stdout === '' ? sudoProblem(asset.name, answer.stderr) : null
  if (sudo !== null) return refused({ state: 'held back', reason: sudo, log: '' })
  const fitness = judge(manager, answer.stdout, request, engine.patience.lockSeconds)
  if (!fitness.fit) return refused(fitness.outcome)
  if (fitness.untouched) engine.noJournalYet.add(upgradeId(key, asset))
  return { asset: asset.id, ready: true, notes: fitness.notes }
}
