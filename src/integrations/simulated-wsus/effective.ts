/** Which approval counts for a machine, and which updates it needs. */

import { ALL_COMPUTERS, type InstallationState, UNASSIGNED_COMPUTERS } from '../wsus/calls.ts'
import type { SimulatedApproval, SimulatedMachine, SimulatedUpdate, WsusState } from './state.ts'

export function groupsOf({ groups }: Pick<SimulatedMachine, 'groups'>): readonly string[] {
  return groups.length === 0 ? [UNASSIGNED_COMPUTERS] : groups
}

/** The group and those above it, the nearest first. All Computers is above all. */
function upwards({ groups }: Pick<WsusState, 'groups'>, group: string): readonly string[] {
  const chain = [group]
  for (let parent = groups.find(({ id }) => id === group)?.parent; parent != null; ) {
    chain.push(parent)
    const next: string = parent
    parent = groups.find(({ id }) => id === next)?.parent
  }
  return chain.includes(ALL_COMPUTERS) ? chain : [...chain, ALL_COMPUTERS]
}

/**
 * The approval that counts. In the chain of a group the nearest one does, also one that says "not approved". Of several
 * groups, an installation beats "not approved", and the earliest deadline counts.
 */
export function effectiveApproval(
  state: Pick<WsusState, 'groups' | 'approvals'>,
  machine: Pick<SimulatedMachine, 'groups'>,
  update: string,
): SimulatedApproval | null {
  let best: SimulatedApproval | null = null
  for (const group of groupsOf(machine)) {
    for (const one of upwards(state, group)) {
      const found = state.approvals.find((approval) => approval.group === one && approval.update === update)
      if (found === undefined) continue
      if (best === null || isStronger(found, best)) best = found
      break
    }
  }
  return best
}

function isStronger(a: SimulatedApproval, b: SimulatedApproval): boolean {
  if (a.action === 'NotApproved' || b.action === 'NotApproved') return a.action !== 'NotApproved'
  return (a.deadline ?? '9999') < (b.deadline ?? '9999')
}

export function isFor(update: Pick<SimulatedUpdate, 'for'>, { os }: Pick<SimulatedMachine, 'os'>): boolean {
  return update.for.some((name) => os.startsWith(name))
}

/** What the machine finds about the update now. */
export function stateNow(
  updates: readonly SimulatedUpdate[],
  machine: SimulatedMachine,
  update: SimulatedUpdate,
): InstallationState {
  const { id } = update
  if (!isFor(update, machine)) return 'NotApplicable'
  if (machine.pendingReboot.includes(id)) return 'InstalledPendingReboot'
  if (machine.installed.includes(id)) return 'Installed'
  if (isReplaced(updates, machine, id)) return 'NotApplicable'
  if (machine.attempts.findLast((one) => one.update === id)?.ok === false) return 'Failed'
  return machine.told.some((one) => one.update === id) ? 'Downloaded' : 'NotInstalled'
}

/** Whether something that is installed supersedes it, directly or over several steps. */
function isReplaced(updates: readonly SimulatedUpdate[], machine: SimulatedMachine, id: string): boolean {
  const newer = updates.filter(({ supersedes }) => supersedes.includes(id))
  return newer.some((one) => machine.installed.includes(one.id) || isReplaced(updates, machine, one.id))
}
