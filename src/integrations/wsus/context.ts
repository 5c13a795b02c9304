/** What all parts of the engine share. */

import { MINUTE_MS } from '../../core/time/instant.ts'
import { markOf } from '../delegating/marks.ts'
import type { Wsus } from './ask.ts'
import type { WsusGroup, WsusProbe } from './calls.ts'
import type { Known } from './known.ts'
import type { Notes } from './note.ts'

/** What the clients' policy does with what is approved. */
export type Installs = 'by deadline' | { readonly at: string }

export interface Context {
  /** Name of the engine. */
  readonly name: string
  readonly wsus: Wsus
  readonly known: Known
  readonly notes: Notes
  /** Stands in the name of each group that is made. */
  readonly installation: string
  readonly mayDeploy: boolean
  readonly installs: Installs
  /**
   * Names of the groups that policies fill and that may be approved for, because machines choose their groups themselves;
   * `null`: the server decides who is in a group, and a group of ours is made for each start.
   */
  readonly wholeGroups: readonly string[] | null
  /** The team of a machine in these groups of the server; `null`: none. */
  readonly teamOf: (groups: readonly string[]) => string | null
  /** A machine asks its server at least this often. */
  readonly contactSeconds: number
  /** So many seconds stand for an hour: fewer than 3,600 in a simulation. */
  readonly hourSeconds: number
  readonly clock: () => Date
}

/** A test for groups that belong to the start. */
export function groupsOfStart(context: Pick<Context, 'installation'>, key: string): (group: WsusGroup) => boolean {
  const mark = markOf(context, key)
  return ({ name }) => name.startsWith(mark)
}

/** Its times are compared with ours, so a clock that is off by more would make words count that do not. */
const MOST_SKEW_MS = 5 * MINUTE_MS

/** Why nothing can be started on the server now, as a sentence; `null`: it can. */
export function serverProblem(
  context: Pick<Context, 'mayDeploy' | 'wholeGroups' | 'clock'>,
  probe: WsusProbe,
): string | null {
  const skew = Math.abs(Date.parse(probe.clock) - context.clock().getTime())
  const far = `The clock of ${probe.server} is ${Math.round(skew / MINUTE_MS)} minutes away from that of this machine: set both by the same time server`
  return lastingProblem(context, probe) ?? (skew > MOST_SKEW_MS ? far : null)
}

/** Why nothing can be started on the server as it is set up, as a sentence, told before people vote; `null`: it can. */
export function lastingProblem(
  { mayDeploy, wholeGroups }: Pick<Context, 'mayDeploy' | 'wholeGroups'>,
  probe: WsusProbe,
): string | null {
  const { role, replica, targeting, server } = probe
  if (!mayDeploy)
    return `The system of ${server} has "mode: read". Write "mode: deploy" once its inventory and proposals look right`
  if (replica) return `${server} is a replica: approve on the server above it, and name that one in the configuration`
  if (role !== 'Administrator')
    return `The account is ${role === 'Reporter' ? 'a WSUS reporter' : 'nobody in WSUS'}: to approve it must be in the group WSUS Administrators`
  if (targeting === 'Client' && wholeGroups === null)
    return `On ${server} a policy of the computers decides their groups (client-side targeting), so no group can be made for exactly the approved machines. Let WSUS decide the groups (Options, Computers), or name the groups that Patchwarden may approve for as a whole ("targeting: client" and "groups")`
  if (targeting === 'Server' && wholeGroups !== null)
    return `${server} itself decides which computers are in a group, and the configuration says "targeting: client". Leave out "targeting" and "groups": then exactly the approved machines get a group of their own`
  return null
}
