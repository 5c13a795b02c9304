/** Real WSUS servers, reached over SSH. */

import { createScriptServers, type ScriptServers } from '../windows-script/remote.ts'
import { type Script, scriptOf } from '../windows-script/script.ts'
import { changes, wsusCalls } from './calls.ts'
import { refusedBy } from './refusals.ts'

export type { RemoteOptions } from '../windows-script/remote.ts'

let script: Script | null = null

export function wsusScript(): Script {
  script ??= scriptOf('wsus', new URL('./wsus.ps1', import.meta.url))
  return script
}

export type WsusServers = ScriptServers<typeof wsusCalls>

export function createWsusServers(): WsusServers {
  return createScriptServers({ script: wsusScript, calls: wsusCalls, changes, refused: refusedBy })
}
