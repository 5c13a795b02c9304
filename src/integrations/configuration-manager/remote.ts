/** Sites of Configuration Manager that are changed by a script on their site server, reached over SSH. */

import { createScriptServers, type RemoteOptions, type ScriptError } from '../windows-script/remote.ts'
import { type Script, scriptOf } from '../windows-script/script.ts'
import { changes, type SiteOp, siteCalls, type Writer } from './calls.ts'

export interface SiteOptions extends RemoteOptions {
  /** Its code: `P01`. */
  readonly site: string
  /** The full name of the server with the SMS provider. */
  readonly provider: string
}

/** The sites of one system. */
export interface SiteServers {
  /** The same login gives the same server. Throws a sentence. */
  over(options: SiteOptions): Writer
  close(): Promise<void>
}

let script: Script | null = null

export function siteScript(): Script {
  script ??= scriptOf('configuration-manager', new URL('./configuration-manager.ps1', import.meta.url))
  return script
}

export function createSiteServers(): SiteServers {
  const servers = createScriptServers({ script: siteScript, calls: siteCalls, changes, refused: refusedBy })
  return {
    over({ site, provider, ...options }) {
      const server = servers.over(options)
      return {
        describe: server.describe,
        async call(op, data, signal) {
          // The drive of the site is made by each run: a session over SSH has none.
          const where = { site, provider }
          return (await server.call(op, { ...data, where } as typeof data, signal)).data
        },
      }
    },
    close: () => servers.close(),
  }
}

/** Why the script refused, by the name that it gives. `detail`: what its message holds. */
const refusals: Readonly<Record<string, (name: string, detail: string) => string>> = {
  NoModule: (name) =>
    `${name} has no module ConfigurationManager: install the console of Configuration Manager there, or name the site server.`,
  NoDrive: (name, detail) =>
    `${name} cannot open the site (${detail}): is "site" its code, "url" the server with its SMS provider, and is the login an administrative user of Configuration Manager?`,
  OtherScript: (name) =>
    `The script on ${name} is not the one that was sent: somebody or something changed it between the check and the run.`,
  Busy: (name) => `Another call is still at work on ${name}, and one at a time is made.`,
  NoLock: (name, detail) => `The login cannot write a lock file beside the script on ${name}: ${detail}`,
  UnknownCall: (name, op) => `The script on ${name} does not know the call ${op}.`,
  NoCollection: (name, id) => `${name} has no collection ${id} any more.`,
  NoGroup: (name, id) => `${name} has no update group ${id} any more.`,
  NoDeployment: (name, id) => `${name} has no deployment ${id} any more.`,
  NoMachine: (name, id) => `${name} has no device ${id} any more.`,
  OtherName: (name, found) =>
    `What is to be changed on ${name} is called "${found}" and is not ours any more: look who renamed it.`,
  Several: (name, wanted) =>
    `${name} has several things called "${wanted}", so nobody knows which is ours: delete all but one there.`,
}

export function refusedBy(name: string, op: SiteOp, { type, message, hresult }: ScriptError) {
  const own = /^Patchwarden\.(\w+)$/.exec(type)?.[1] ?? ''
  const sentence = Object.hasOwn(refusals, own) ? refusals[own]?.(name, message) : undefined
  const number = hresult === null ? '' : ` (0x${(hresult >>> 0).toString(16).padStart(8, '0')})`
  const said = message.replaceAll(/\s+/g, ' ').trim().slice(0, 300)
  return { sentence: sentence ?? `${name} refused the call ${op}: ${type}${number}: ${said}`, tooMuch: false }
}
