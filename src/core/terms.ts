/**
 * What an engine promises for an asset. People read it before they vote, and it is part of what they vote on. An engine
 * that works on the host itself, and learns at once what happened, has no terms.
 */

export type SystemReboot = 'never' | 'if required' | 'as the system does'

export interface Terms {
  /** `group`: the system acts on a group of assets that belongs to one start. */
  readonly grain: 'asset' | 'group'
  /**
   * Name of a group that the system acts on and cannot change: all of its assets are in one start, or none is. Left out:
   * any assets may be together.
   */
  readonly wholeGroup?: string
  /** The system must be told so many seconds before work may begin, because its assets learn late. */
  readonly leadSeconds: number
  /** So many seconds after the window, an asset that still works has reported. After that it counts as silent. */
  readonly reportsWithinSeconds: number
  /**
   * What happens at the end of the window. `taken back`: Patchwarden takes back what has not begun, so an asset that
   * was off may still install later. `kept`: the system itself begins nothing after it. `not kept`: nothing can be
   * taken back.
   */
  readonly windowEnd: 'taken back' | 'kept' | 'not kept'
  /** The rules for reboots that the system can keep. */
  readonly reboots: readonly SystemReboot[]
  /** Which assets a stop still reaches. */
  readonly stopReaches: 'not begun' | 'not fetched' | 'none'
  /** Changes that cannot be undone, and why. */
  readonly notUndone: readonly { readonly change: string; readonly why: string }[]
  /** Names of licences that are accepted by installing the changes. */
  readonly licences: readonly string[]
  /** What else the system installs on the asset without a vote. One clause each. */
  readonly alsoInstalls: readonly string[]
  /** What a setting of the system decides that people might expect to be ours, as sentences. Left out: nothing. */
  readonly decidedThere?: readonly string[]
}

/** Seconds before work may begin at which the engine must be told; 0 for an asset without terms. */
export function leadOf(terms: Terms | undefined): number {
  return terms?.leadSeconds ?? 0
}

/** What happens before the work, so long before it as the system must be told. */
const BEFORE: readonly string[] = ['drain', 'snapshot', 'pre-check']

/**
 * Why the hooks of the team cannot run for an asset whose system is told ahead, as a clause; `null`: they can. Nobody
 * knows when its work begins, so a hook before the work must be marked as safe to run early.
 */
export function earlyHookProblem(
  { leadSeconds }: Terms,
  hooks: readonly { readonly moment: string; readonly early?: true }[],
): string | null {
  if (leadSeconds === 0) return null
  const hook = hooks.find(({ moment, early }) => BEFORE.includes(moment) && early !== true)
  if (hook === undefined) return null
  return `the hook "${hook.moment}" would run long before its work begins; mark it with "early: true" if that is safe`
}

/** Why the engine cannot do what the policy says about reboots, as a clause; `null`: it can. */
export function rebootProblem(terms: Terms, reboot: SystemReboot): string | null {
  if (terms.reboots.includes(reboot)) return null
  const can = terms.reboots.map((rule) => `"${rule}"`).join(' or ')
  return `its engine cannot keep the reboot rule "${reboot}" of the policy, only ${can}`
}
