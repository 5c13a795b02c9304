import { heldBack } from '../../core/held-back.ts'
import type { DeploymentOutcome } from '../../core/ports.ts'
import type { EngineRun } from '../upgrade-journal/engine-calls.ts'
import type { Patience } from '../upgrade-journal/patience.ts'
import { type InstanceState, type Ssm, SsmProblem } from './client.ts'
import type { Courier } from './courier.ts'
import type { StartedAsset } from './handle.ts'

/** The parts of the engine, and its state in memory. */
export interface SsmEngine {
  readonly ssm: Ssm
  readonly courier: Courier
  readonly document: string
  readonly patience: Patience
  readonly clock: () => Date
  /**
   * For each upgrade, the id of the last command that was sent to follow it. After a restart, the engine sends a new
   * one.
   */
  readonly following: Map<string, string>
}

/** One call of the engine for one batch. */
export type Run = EngineRun<SsmEngine>

/** Seconds that a command waits for the end of an upgrade. With this, most upgrades need only one command. */
export const ATTEND_SECONDS = 45
/** The journal on a host belongs to the instance. A batch with two assets for one instance is refused before. */
export const MARK = 'aws-ssm'

/** Returns the result of `ask`, or a sentence when it fails until somebody repairs something. */
export async function refusable<T>(ask: () => Promise<T>): Promise<T | string> {
  try {
    return await ask()
  } catch (error) {
    if (error instanceof SsmProblem && error.lasting) return error.message
    throw error
  }
}

/** The id of one upgrade of one instance. */
export function upgradeId({ key }: Run, instance: string): string {
  return `${key} ${instance}`
}

export function lost(name: string, reason: string): Extract<DeploymentOutcome, { state: 'unreachable' }> {
  return { state: 'unreachable', reason: `${name}: ${reason}.`, touched: false, log: '' }
}

export function noInstance(name: string): string {
  return `${name} has no instance id: write it (i-... or mi-...) as its address or as one of its tags.`
}

/** Says why the engine cannot work with the instance now; `null`: it can. */
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
