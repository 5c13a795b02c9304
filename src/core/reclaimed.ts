import { firstNames } from './first-names.ts'

/** The sentence about a group in a system that was ours, belongs to no start that is known, and was emptied. */
export function reclaimedText(group: string, machines: readonly string[]): string {
  const count = machines.length === 1 ? '1 machine' : `${machines.length} machines`
  return `The group "${group}" belongs to no rollout that is known here. ${count} taken out: ${firstNames(machines)}. The group is kept, empty.`
}
