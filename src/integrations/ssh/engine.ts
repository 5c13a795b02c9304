import type { Asset } from '../../core/asset.ts'
import type { DeployEngine } from '../../core/ports.ts'
import { apt } from '../upgrade-journal/apt.ts'
import { dnf } from '../upgrade-journal/dnf.ts'
import { guarded } from '../upgrade-journal/engine-calls.ts'
import type { PackageManager } from '../upgrade-journal/package-manager.ts'
import { createPatience, type PatienceOptions } from '../upgrade-journal/patience.ts'
import { zypper } from '../upgrade-journal/zypper.ts'
import type { SshConnections } from './connections.ts'
import { follow, waitForEnd } from './follow.ts'
import { makeHandle, readHandle } from './handle.ts'
import { preflight, preview } from './look.ts'
import { each, type SshEngine } from './run.ts'
import { start } from './start.ts'
import type { SshTarget } from './target.ts'
import type { ScriptCarrier } from './transport.ts'

export interface SshEngineOptions extends PatienceOptions {
  readonly name: string
  /** How to reach an asset; `null`: no source lists the asset (any more). */
  readonly target: (asset: Asset, signal: AbortSignal) => SshTarget | null | Promise<SshTarget | null>
  /** Runs scripts on hosts in place of the OpenSSH client. */
  readonly carrier?: ScriptCarrier
  /** The package managers. The platform of an asset decides which one is used. */
  readonly managers?: readonly [PackageManager, ...PackageManager[]]
  /** The number of hosts that are worked on at the same time. */
  readonly concurrency: number
  /** Shared with the inventory of the same hosts. Left out: every session logs in separately. */
  readonly connections?: SshConnections
}

/**
 * Upgrades Linux hosts over SSH with their package manager. Each host keeps a journal for each batch key. So several
 * calls with the same key make only one transaction. The transaction runs on the host, detached from us: either the
 * approved one or none.
 */
export function createSshEngine(options: SshEngineOptions): DeployEngine {
  const { name, target, carrier, connections, concurrency, clock } = options
  const engine: SshEngine = {
    target,
    carrier,
    connections,
    concurrency,
    managers: options.managers ?? [apt, dnf, zypper],
    patience: createPatience(options),
    clock,
    noJournalYet: new Set(),
    attached: new Map(),
    outcomes: new Map(),
  }
  const systems = engine.managers.map((manager) => `${manager.systems} with ${manager.name}`).join(', ')

  return guarded({
    name,
    describe: `Upgrades hosts of ${systems} ${carrier?.how ?? 'over SSH'}`,
    simulated: false,
    previewsAtOnce: concurrency,

    preview: (asset, changes, signal) => preview(engine, asset, changes, signal),
    async preflight({ key, deployments }, signal) {
      return each(engine, deployments, (request) => preflight({ engine, key, signal }, request))
    },
    async start({ key, deployments }, signal) {
      return makeHandle(key, await each(engine, deployments, (request) => start({ engine, key, signal }, request)))
    },
    async poll(handle, signal, only) {
      const run = { engine, key: handle.key, signal }
      const asked = readHandle(handle).filter(({ asset }) => only?.includes(asset.id) !== false)
      return each(engine, asked, (started) => follow(run, started, null))
    },
    async wait(handle, seconds, signal) {
      await waitForEnd({ engine, key: handle.key, signal }, readHandle(handle), seconds)
    },
    async cancel(handle, signal) {
      const run = { engine, key: handle.key, signal }
      await each(engine, readHandle(handle), (started) => follow(run, started, 'cancelled'))
    },
  })
}
