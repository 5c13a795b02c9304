/** A site server of Configuration Manager: our script in the real engine of PowerShell, behind a real sshd, on a stand-in of the module. */

import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Writer } from '../../../src/integrations/configuration-manager/calls.ts'
import { createSiteServers, type SiteOptions } from '../../../src/integrations/configuration-manager/remote.ts'
import { sshdReason, startSshd } from '../../support/sshd-with-shell.ts'
import { temporaryFolder } from '../../support/temporary-folder.ts'
import { windowsShell } from './standin.ts'

export interface SiteStandIn {
  client(options?: Partial<SiteOptions>): Writer
  /** Devices by their ids. Left out: none. */
  load(site?: { readonly devices?: readonly number[] } & Readonly<Record<string, unknown>>): void
  site(): StoredSite
  /** Calls of cmdlets since the last `load`, in their order. */
  queries(): readonly string[]
  stop(): Promise<void>
}

interface StoredSite {
  readonly collections: readonly Readonly<Record<string, unknown>>[]
  readonly groups: readonly Readonly<Record<string, unknown>>[]
  readonly deployments: readonly Readonly<Record<string, unknown>>[]
}

const PROVIDER = 'cm01.corp.example'

/** `module`: where the console is installed; left out: the stand-in. */
export async function startSiteStandIn(module?: string): Promise<SiteStandIn> {
  const reason = sshdReason()
  if (reason !== null) throw new Error(reason)
  const folder = temporaryFolder('pw-site')
  const at = (name: string) => join(folder, name)
  const [siteFile, queryFile, aheadFile] = [at('site.json'), at('queries'), at('ahead')]
  writeFileSync(aheadFile, '0')
  const console = module ?? fileURLToPath(new URL('../site-module/i386', import.meta.url))
  const shell = windowsShell(folder, { siteFile, queryFile, aheadFile }, { SMS_ADMIN_UI_PATH: console })
  const sshd = await startSshd(folder, shell)
  const all = [createSiteServers()]
  return {
    client(options = {}) {
      const servers = createSiteServers()
      all.push(servers)
      const where = { site: 'P01', provider: PROVIDER }
      return servers.over({ name: 'CM01', target: sshd.target, waitSeconds: 2, callSeconds: 120, ...where, ...options })
    },
    load(site = {}) {
      const empty = { provider: PROVIDER, devices: [], collections: [], groups: [], deployments: [], made: 1 }
      writeFileSync(siteFile, JSON.stringify({ ...empty, ...site }))
      rmSync(queryFile, { force: true })
    },
    site: () => JSON.parse(readFileSync(siteFile, 'utf8')),
    queries: () => (existsSync(queryFile) ? readFileSync(queryFile, 'utf8').split('\n').filter(Boolean) : []),
    async stop() {
      for (const one of all) await one.close()
      await sshd.stop()
    },
  }
}
