import type { Asset } from '../../core/asset.ts'
import type { PackageChange } from '../../core/change.ts'
import { errorText } from '../../core/error-text.ts'
import { heldBack } from '../../core/held-back.ts'
import type { DeploymentOutcome, PreflightResult, TransactionStep } from '../../core/ports.ts'
import type { PackageRequest } from '../package-engine.ts'
import { apt } from '../upgrade-journal/apt.ts'
import { judge, parseLook, transactionOf } from '../upgrade-journal/look.ts'
import { lookScript } from '../upgrade-journal/script.ts'
import { commandText } from './answer.ts'
import { type InstanceState, instanceStates, SsmProblem } from './client.ts'
import { followComment } from './comment.ts'
import { ask, type Heard } from './courier.ts'
import { instanceOf } from './instance.ts'
import { lost, noInstance, type Run, refusable, type SsmEngine, unfitness } from './run.ts'

/** Returns the steps that the changes would cause. Throws a sentence when the instance cannot tell. */
export async function preview(
  { courier }: SsmEngine,
  asset: Asset,
  changes: readonly PackageChange[],
  signal: AbortSignal,
): Promise<readonly TransactionStep[]> {
  const instance = instanceOf(asset)
  if (instance === null) throw new Error(noInstance(asset.name))
  const script = lookScript({ manager: apt, key: 'preview', changes }, { preflight: false })
  const text = commandText({ look: script, attendSeconds: 0 })
  const heard = await ask(courier, instance, { text, comment: 'Patchwarden preview' }, signal)
  if (heard.kind !== 'answer') throw new Error(said(asset.name, heard))
  const seen = parseLook(apt, heard.text, asset.name)
  if (seen.kind === 'problem') throw new Error(seen.reason)
  return transactionOf(seen.simulation)
}

/** Checks for each instance whether it could do now what was approved. */
export async function preflight(run: Run, deployments: readonly PackageRequest[]): Promise<readonly PreflightResult[]> {
  const instances = deployments.flatMap(({ asset }) => instanceOf(asset) ?? [])
  const states = await refusable(() => instanceStates(run.engine.ssm, [...new Set(instances)], run.signal))
  if (typeof states === 'string') return deployments.map(({ asset }) => refused(asset.id, heldBack(states)))
  return Promise.all(
    deployments.map((request) => look(run, request, states.get(instanceOf(request.asset) ?? '') ?? 'unknown')),
  )
}

async function look(run: Run, request: PackageRequest, state: InstanceState): Promise<PreflightResult> {
  const { engine, key, signal } = run
  const { asset, changes, transaction } = request
  const instance = instanceOf(asset)
  if (instance === null) return refused(asset.id, heldBack(noInstance(asset.name)))
  const unfit = unfitness(asset.name, instance, state)
  if (unfit !== null) return refused(asset.id, unfit)
  try {
    const script = lookScript({ manager: apt, key, changes, transaction }, { preflight: true })
    const message = { text: commandText({ look: script, attendSeconds: 0 }), comment: followComment(key) }
    const heard = await ask(engine.courier, instance, message, signal)
    if (heard.kind === 'nothing' && !heard.reached) return refused(asset.id, lost(asset.name, heard.reason))
    if (heard.kind !== 'answer') return refused(asset.id, heldBack(said(asset.name, heard)))
    const fitness = judge(apt, heard.text, request, engine.patience.lockSeconds)
    if (!fitness.fit) return refused(asset.id, fitness.outcome)
    return { asset: asset.id, ready: true, notes: fitness.notes }
  } catch (error) {
    signal.throwIfAborted()
    if (error instanceof SsmProblem && !error.lasting) throw error
    return refused(asset.id, heldBack(errorText(error)))
  }
}

function refused(asset: string, outcome: DeploymentOutcome): PreflightResult {
  return { asset, ready: false, outcome }
}

function said(name: string, heard: Heard): string {
  return heard.kind === 'nothing' ? `${name}: ${heard.reason}.` : `${name} gave no answer through Systems Manager.`
}
