import { heldBack } from '../../core/held-back.ts'
import type { DeploymentOutcome } from '../../core/ports.ts'
import type { EngineRun } from '../upgrade-journal/engine-calls.ts'
import type { Patience } from '../upgrade-journal/patience.ts'
import { type InstanceState, type Ssm, SsmProblem } from './client.ts'
import type { Courier } from './courier.ts'
import type { StartedAsset } from './handle.ts'

/** What the engine works with, and what it keeps while it lives. */
export interface SsmEngine {
  readonly ssm: Ssm
  readonly courier: Courier
  readonly document: string
  readonly patience: Patience
  readonly clock: () => Date
  /** The id of the last command that was sent to follow an upgrade. A restarted process sends another. */
  readonly following: Map<string, string>
}

/** One call of the engine about one batch. */
export type Run = EngineRun<SsmEngine>

/** A command stays with an upgrade for this many seconds, so that most upgrades need only one. */
export const ATTEND_SECONDS = 45
/** The journal on the host belongs to the instance; two assets that are one instance are found out before. */
export const MARK = 'aws-ssm'

/** What was asked for, or a sentence that says why it cannot be had until somebody mends something. */
export async function refusable<T>(ask: () => Promise<T>): Promise<T | string> {
  try {
    return await ask()
  } catch (error) {
    if (error instanceof SsmProblem && error.lasting) return error.message
    throw error
  }
}

/** One upgrade of one instance. */
export function upgradeId({ key }: Run, instance: string): string {
  return `${key} ${instance}`
}

export function lost(name: string, reason: string): Extract<DeploymentOutcome, { state: 'unreachable' }> {
  return { state: 'unreachable', reason: `${name}: ${reason}.`, touched: false, log: '' }
}

export function noInstance(name: string): string {
  return `${name} has no instance id: write it (i-... or mi-...) as its address or as one of its tags.`
}

/** Why the instance cannot be worked with now; `null`: it can. */
export function unfitness(name: string, instance: string, state: InstanceState): StartedAsset['outcome'] {
  switch (state) {
    case 'online':
      return null
    case 'lost':
      return lost(name, `The agent of ${instance} does not answer Systems Manager`)
    case 'unknown':
      return lost(name, `Systems Manager does not know ${instance}: is its agent running, and does its role let it`)
    case 'not linux':
      return heldBack(`${name} (${instance}) does not run Linux, and the engine upgrades with apt.`)
  }
}
