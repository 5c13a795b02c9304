/** Sentences for the errors that the script reports by type. Messages of the server are in its own language. */

import type { ScriptError } from '../windows-script/remote.ts'
import type { WsusOp } from './calls.ts'

/** Why the script refused, by the name that it gives. `detail`: what its message holds. */
const refusals: Readonly<Record<string, (name: string, detail: string) => string>> = {
  ThirtyTwoBit: (name) =>
    `PowerShell on ${name} is the 32-bit one, which does not know WSUS: let the SSH server start the 64-bit one.`,
  Core: (name, version) =>
    `${name} runs the script with PowerShell ${version}, which cannot load the API of WSUS: "powershell.exe" there must be Windows PowerShell 5.1.`,
  NoModule: (name) =>
    `${name} has no API of WSUS: connect to the WSUS server itself, or install its administration tools (UpdateServices-API).`,
  NoRights: (name) =>
    `The login on ${name} has no rights in WSUS: add it to the local group "WSUS Reporters" to read, or "WSUS Administrators" to deploy.`,
  NotAdministrator: (name) =>
    `The login on ${name} may only read: add it to the local group "WSUS Administrators" to deploy.`,
  Replica: (name) =>
    `${name} is a replica, which takes its approvals from the server above it: connect Patchwarden to that one.`,
  ClientTargeting: (name) =>
    `On ${name} a policy decides which group a machine is in (client-side targeting), so that no machine can be put into a group.`,
  OtherScript: (name) =>
    `The script on ${name} is not the one that was sent: somebody or something changed it between the check and the run.`,
  Busy: (name) => `Another call is still at work on ${name}, and one at a time is made.`,
  NoLock: (name, detail) => `The login cannot write a lock file beside the script on ${name}: ${detail}`,
  UnknownCall: (name, op) => `The script on ${name} does not know the call ${op}.`,
  NoGroup: (name, id) => `${name} has no group ${id} any more.`,
  NoMachine: (name, id) => `${name} has no machine ${id} any more.`,
  NoUpdate: (name, id) => `${name} has no update ${id} any more.`,
  BadName: (name, group) => `${name} does not take ${JSON.stringify(group)} as the name of a group.`,
  OtherGroup: (name, found) =>
    `The group on ${name} is not ours any more (${found}), so that it is not deleted: look who renamed it.`,
  Declined: (name) => `The update was declined on ${name}, so that it cannot be approved.`,
  Expired: (name) => `The update on ${name} has expired: its vendor withdrew it, so that it cannot be approved.`,
  Licence: (name) => `The licence of the update is not accepted on ${name}, so that it cannot be approved.`,
  NoUninstall: (name) => `The update on ${name} cannot be uninstalled.`,
  Timeout: (name) => `The database of ${name} did not answer in time: less must be asked at once.`,
}

/** The API of the server answers so when its web service breaks off, as it does over too large a catalog. */
const breaksOff = new Set(['System.InvalidOperationException', 'System.OverflowException'])

/** The lists whose question can be made smaller. */
const divisible: ReadonlySet<WsusOp> = new Set(['machines', 'updates', 'installations', 'approvals', 'events'])

/** The service behind the API does not run. */
const unreachable = /\.(?:WebException|SocketException|WsusInvalidServerException)$/

export interface Refused {
  readonly sentence: string
  readonly tooMuch: boolean
}

export function refusedBy(name: string, op: WsusOp, { type, message, hresult }: ScriptError): Refused {
  const own = /^Patchwarden\.(\w+)$/.exec(type)?.[1] ?? ''
  const sentence = Object.hasOwn(refusals, own) ? refusals[own]?.(name, message) : undefined
  const tooMuch = divisible.has(op) && (own === 'Timeout' || breaksOff.has(type))
  if (sentence !== undefined) return { sentence, tooMuch }
  const number = hresult === null ? '' : ` (0x${(hresult >>> 0).toString(16).padStart(8, '0')})`
  const said = message.replaceAll(/\s+/g, ' ').trim().slice(0, 300)
  const what = `${name} refused the call ${op}: ${type}${number}: ${said}`
  if (!unreachable.test(type)) return { sentence: what, tooMuch }
  return { sentence: `${what} Check there that the service WsusService and the web site of WSUS run.`, tooMuch }
}
