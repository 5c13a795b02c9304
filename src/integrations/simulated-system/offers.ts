/** What the system can have installed: previews, terms, and why a machine is not started. */

import { type Change, changeTarget, sameChange } from '../../core/change.ts'
import { heldBack } from '../../core/held-back.ts'
import type { DeploymentOutcome, DeploymentRequest, TransactionStep } from '../../core/ports.ts'
import { stepsOf } from '../../core/preview.ts'
import type { Terms } from '../../core/terms.ts'
import { minuteOf } from '../../core/time/instant.ts'
import { transactionDifference } from '../simulated/transaction.ts'
import { concerns, isDone, isFor } from './course.ts'
import type { Approval, Machine, Offer, SystemState } from './state.ts'

/** What an operator sets about the terms. */
export type OwnTerms = Pick<Terms, 'leadSeconds' | 'reportsWithinSeconds' | 'reboots' | 'licences'>

export function machineNamed(state: SystemState, name: string): Machine | null {
  return state.machines.find((one) => one.name === name) ?? null
}

/** The machine as it last said it was: the server knows nothing else. */
export function asSaid(machine: Machine): Machine | null {
  return machine.said === null ? null : { ...machine, ...machine.said, working: machine.working }
}

/** The steps that the changes cause on the machine. Throws a sentence when the system cannot do one of them. */
export function preview(state: SystemState, name: string, changes: readonly Change[]): readonly TransactionStep[] {
  const machine = machineNamed(state, name)
  if (machine === null) throw new Error(notThere(name))
  const said = asSaid(machine)
  if (said === null) throw new Error(`${name} has not reported to the simulated system yet`)
  const open = changes.filter((change) => !isDone(change, said))
  for (const change of open) {
    const problem = cannot(state, machine, change)
    if (problem !== null) throw new Error(problem)
  }
  return stepsOf(open.length === changes.length ? changes : open)
}

function cannot(state: SystemState, machine: Machine, change: Change): string | null {
  const offer = offerOf(state, machine, change)
  if (offer === null) return `The simulated system offers ${machine.name} no ${change.name} ${changeTarget(change)}`
  if (isUndone(change) && !offer.removable) return `${change.name} cannot be taken off again`
  return null
}

function isUndone(change: Change): boolean {
  return change.kind === 'update' && change.undone === true
}

function offerOf({ offers }: SystemState, machine: Machine, change: Change): Offer | null {
  const found = offers.find((offer) => {
    if (offer.name !== change.name || !isFor(offer, machine)) return false
    if (offer.kind === 'update') return change.kind === 'update' && offer.build === change.build
    if (change.kind === 'update' || offer.architecture !== change.architecture) return false
    return offer.version === change.to || (offer.version === change.from && offer.removable)
  })
  return found ?? null
}

/** Why the asset is not started; `null`: it can be. */
export function obstacle(state: SystemState, request: DeploymentRequest): DeploymentOutcome | null {
  const { asset, changes, transaction } = request
  const machine = machineNamed(state, asset.name)
  if (machine === null) return { state: 'unreachable', reason: notThere(asset.name), touched: false, log: '' }
  const other = byItself(state, machine, changes)
  if (other !== null) return heldBack(other)
  try {
    const difference = transactionDifference(transaction, preview(state, asset.name, changes))
    return difference === null ? null : heldBack(difference)
  } catch (error) {
    return heldBack(error instanceof Error ? error.message : String(error))
  }
}

function notThere(name: string): string {
  return `${name} is not among the machines of the simulated system`
}

/** A sentence when the system installs one of the changes by itself; `null`: it installs none. */
function byItself({ approvals }: SystemState, machine: Machine, changes: readonly Change[]): string | null {
  for (const approval of approvals) {
    const change = changes.find(({ name }) => approval.updates.includes(name))
    if (change === undefined || !concerns(approval, machine.name)) continue
    return `${change.name} installs by itself, not by this start: an administrator approved it for ${approved(approval)}`
  }
  return null
}

function approved({ group, since }: Approval): string {
  return `"${group}" on ${minuteOf(since)} UTC`
}

export function termsFor(
  state: SystemState,
  name: string,
  changes: readonly Change[],
  { licences, ...own }: OwnTerms,
): Terms {
  const machine = machineNamed(state, name)
  const known = changes.flatMap((change) => {
    const offer = machine === null ? null : offerOf(state, machine, change)
    return offer === null ? [] : [{ change, offer }]
  })
  const needed = known.flatMap(({ offer }) => offer.licence ?? [])
  return {
    ...own,
    grain: 'group',
    windowEnd: 'taken back',
    stopReaches: 'not fetched',
    notUndone: known.flatMap(({ change, offer }) =>
      offer.removable || isUndone(change) ? [] : [{ change: change.name, why: 'it cannot be taken off again' }],
    ),
    licences: [...new Set([...licences, ...needed])],
    alsoInstalls: machine === null ? [] : alsoInstalled(state, machine),
  }
}

function alsoInstalled({ approvals, offers }: SystemState, machine: Machine): readonly string[] {
  return approvals
    .filter((approval) => concerns(approval, machine.name))
    .flatMap((approval) =>
      approval.updates
        .filter((name) => offers.some((offer) => offer.name === name && isFor(offer, machine)))
        .map((name) => `${name}, which an administrator approved for ${approved(approval)}`),
    )
}

export function sameChanges(one: readonly Change[], other: readonly Change[]): boolean {
  return one.length === other.length && one.every((change) => other.some((item) => sameChange(change, item)))
}
