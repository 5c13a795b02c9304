import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { WsusServer } from '../../../src/integrations/wsus/calls.ts'
import { createWsusServers, type RemoteOptions } from '../../../src/integrations/wsus/remote.ts'
import { type Sshd, sshdReason, startSshd } from '../../support/sshd-with-shell.ts'
import { temporaryFolder } from '../../support/temporary-folder.ts'

/** The host that global setup built. `null`: there is no .NET here, and the tests are skipped. */
export const powershellHost: string | null = process.env.PW_POWERSHELL_HOST ?? null
if (powershellHost === null) console.info('skipped: no .NET SDK is here, so that no PowerShell can be built (dotnet)')

/** What the stand-in of the WSUS API holds; `standin/Site.cs` has the fields. Left out: its defaults. */
export type Site = Readonly<Record<string, unknown>>

/** A WSUS server: our script in the real engine of PowerShell, behind a real sshd, on a stand-in of the API. */
export interface StandIn {
  readonly server: WsusServer
  readonly sshd: Sshd
  readonly folder: string
  /** Another client of the same server. */
  client(options?: Partial<RemoteOptions>): WsusServer
  load(site: Site): void
  /** Moves the clock of the server, for sites without a time of their own. */
  setAhead(seconds: number): void
  site(): unknown
  /** What the API was asked since the last `load`, with how often. */
  queries(): ReadonlyMap<string, number>
  stop(): Promise<void>
}

const NAME = 'WSUS01'

export async function startStandIn(): Promise<StandIn> {
  const reason = sshdReason()
  if (reason !== null) throw new Error(reason)
  const folder = temporaryFolder('pw-standin')
  const at = (name: string) => join(folder, name)
  const [siteFile, queryFile, aheadFile] = [at('site.json'), at('queries'), at('ahead')]
  writeFileSync(aheadFile, '0')
  const sshd = await startSshd(folder, windowsShell(folder, { siteFile, queryFile, aheadFile }))
  const all = [createWsusServers()]
  function client(options: Partial<RemoteOptions> = {}): WsusServer {
    const servers = createWsusServers()
    all.push(servers)
    return servers.over({ name: NAME, target: sshd.target, waitSeconds: 2, callSeconds: 120, ...options })
  }
  return {
    server: client(),
    sshd,
    folder,
    client,
    load(site) {
      writeFileSync(siteFile, JSON.stringify(site))
      rmSync(queryFile, { force: true })
    },
    setAhead: (seconds) => writeFileSync(aheadFile, String(seconds)),
    site: () => JSON.parse(readFileSync(siteFile, 'utf8')),
    queries() {
      const counts = new Map<string, number>()
      if (!existsSync(queryFile)) return counts
      for (const line of readFileSync(queryFile, 'utf8').split('\n').filter(Boolean)) {
        counts.set(line, (counts.get(line) ?? 0) + 1)
      }
      return counts
    },
    async stop() {
      for (const one of all) await one.close()
      await sshd.stop()
    },
  }
}

/**
 * Stands for cmd.exe. It is not in UTC, so that an instant that is shifted by the local time is seen. PowerShell's own
 * caches go into the folder.
 */
export function windowsShell(
  folder: string,
  { siteFile, queryFile, aheadFile }: Record<string, string>,
  more: Readonly<Record<string, string>> = {},
): string {
  const others = Object.entries(more).map(([name, value]) => `${name}='${value}'`)
  return `
case $1 in powershell.exe\\ *) ;; *) echo "'\${1%% *}' is not recognized as an internal or external command," >&2; exit 1 ;; esac
export PATH='${process.env.PATH}' HOME='${folder}' TMPDIR='${folder}' TZ=America/New_York POWERSHELL_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1 POWERSHELL_UPDATECHECK=Off
export ${others.join(' ')} STANDIN_SITE='${siteFile}' STANDIN_QUERIES='${queryFile}' STANDIN_AHEAD="$(cat '${aheadFile}')" ${process.env.DOTNET_ROOT ? `DOTNET_ROOT='${process.env.DOTNET_ROOT}'` : ''}
read -ra words <<<"\${1#powershell.exe }"
exec dotnet '${powershellHost}' "\${words[@]}"
`
}
