import type { Asset } from '../../core/asset.ts'
import type { PackageChange } from '../../core/change.ts'
import { errorText } from '../../core/error-text.ts'
import { heldBack } from '../../core/held-back.ts'
import type { DeploymentOutcome, PreflightResult, TransactionStep } from '../../core/ports.ts'
import type { PackageRequest } from '../package-engine.ts'
import { apt } from '../upgrade-journal/apt.ts'
import { planDifference, planLines } from '../upgrade-journal/plan.ts'
import { AwxProblem } from './client.ts'
import { readPreview } from './playbook.ts'
import { type AwxEngine, type Run, requestFor } from './run.ts'

/** Returns the steps that the changes would cause. Throws a sentence when the host cannot tell. */
export async function preview(
  engine: AwxEngine,
  asset: Asset,
  changes: readonly PackageChange[],
  signal: AbortSignal,
): Promise<readonly TransactionStep[]> {
  const request = requestFor(engine, { asset, changes, transaction: [], reboot: 'never', notAfter: null })
  const looked = await engine.askHost({ key: 'preview', host: asset.name, request, signal })
  if (looked.kind === 'refused') throw new Error(`${looked.reason}.`)
  if (looked.kind === 'trouble') throw new Error(`${asset.name}: ${looked.trouble.reason}.`)
  const seen = readPreview(looked.answer, asset.name)
  if ('problem' in seen) throw new Error(seen.problem)
  planLines(apt, seen.steps)
  return seen.steps
}

/** Checks whether a host could do now what was approved. */
export async function preflight({ engine, key, signal }: Run, deployment: PackageRequest): Promise<PreflightResult> {
  const { asset, transaction } = deployment
  function refused(outcome: DeploymentOutcome): PreflightResult {
    return { asset: asset.id, ready: false, outcome }
  }
  try {
    const request = requestFor(engine, deployment)
    const looked = await engine.askHost({ key, host: asset.name, request, signal })
    if (looked.kind === 'refused') return refused(heldBack(`${looked.reason}.`))
    if (looked.kind === 'trouble') {
      const { reason, log, unreachable } = looked.trouble
      if (!unreachable) return refused({ state: 'held back', reason: `${asset.name}: ${reason}.`, log })
      return refused({ state: 'unreachable', reason: `${asset.name}: ${reason}.`, touched: false, log })
    }
    const seen = readPreview(looked.answer, asset.name)
    if ('problem' in seen) return refused({ state: 'held back', reason: seen.problem, log: seen.log })
    if (seen.begun) {
      const notes = ['it was begun before; its upgrade is followed, not repeated']
      return { asset: asset.id, ready: true, notes }
    }
    const difference = planDifference(planLines(apt, transaction), planLines(apt, seen.steps))
    if (difference !== null) return refused(heldBack(difference))
    const nothing = seen.steps.length === 0 ? ['nothing to do: the approved versions are installed already'] : []
    return { asset: asset.id, ready: true, notes: [...seen.notes, ...nothing] }
  } catch (error) {
    signal.throwIfAborted()
    if (error instanceof AwxProblem && error.sent) throw error
    return refused(heldBack(errorText(error)))
  }
}
