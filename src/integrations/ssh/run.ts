import pLimit from 'p-limit'
import type { Asset } from '../../core/asset.ts'
import type { DeploymentOutcome } from '../../core/ports.ts'
import type { EngineRun } from '../upgrade-journal/engine-calls.ts'
import { managerOf, type PackageManager } from '../upgrade-journal/package-manager.ts'
import type { Patience } from '../upgrade-journal/patience.ts'
import type { SshConnections } from './connections.ts'
import { type HostSession, openSession } from './session.ts'
import { DEFAULT_CONNECT_SECONDS, type SshTarget } from './target.ts'
import { type Purpose, type RemoteAnswer, runOverSsh, type ScriptCarrier } from './transport.ts'

/** The parts of the engine, and its state in memory. */
export interface SshEngine {
  /** How to connect; `null`: no source lists it. May throw a sentence. */
  readonly target: (asset: Asset, signal: AbortSignal) => SshTarget | null | Promise<SshTarget | null>
  readonly carrier: ScriptCarrier | undefined
  readonly connections: SshConnections | undefined
  readonly concurrency: number
  readonly managers: readonly [PackageManager, ...PackageManager[]]
  readonly patience: Patience
  readonly clock: () => Date
  /** Upgrades for which our preflight found no journal. Only for these, a failed start is certainly the first start. */
  readonly noJournalYet: Set<string>
  /** Sessions that stay until their upgrade ends, by upgrade; at most `concurrency`. */
  readonly attached: Map<string, Attending>
  /** Final outcomes that hosts reported, by upgrade. They are kept so that a host need not be asked again. */
  readonly outcomes: Map<string, DeploymentOutcome>
}

/** A session that stays, and its output that was last read. */
export interface Attending {
  readonly session: HostSession
  heard: string | null
}

/** One call of the engine for one batch. */
export type Run = EngineRun<SshEngine>

/** Seconds for a script that only looks or starts. */
const SCRIPT_SECONDS = 90

/** The id of one upgrade of one host. */
export function upgradeId(key: string, asset: Asset): string {
  return `${key} ${asset.id}`
}

export function managerFor({ managers }: SshEngine, asset: Asset): PackageManager {
  return managerOf(managers, asset.platform)
}

/** Runs a task for each item, as many at the same time as the engine allows. */
export async function each<T, R>(
  { concurrency }: SshEngine,
  items: readonly T[],
  task: (item: T) => Promise<R>,
): Promise<readonly R[]> {
  const limit = pLimit(concurrency)
  return Promise.all(items.map((item) => limit(() => task(item))))
}

export interface ScriptForHost {
  readonly asset: Asset
  readonly script: string
  readonly as: 'user' | 'root'
  readonly purpose: Purpose
}

/** Runs a script on a host and returns its output. */
export async function runOnHost({ engine, key, signal }: Run, task: ScriptForHost): Promise<RemoteAnswer> {
  const { connections, carrier } = engine
  const { asset, script, as, purpose } = task
  const remote = { script, as, timeoutSeconds: SCRIPT_SECONDS, signal, connections, moreToCome: true }
  if (carrier) return carrier.run({ asset, purpose, key, ...remote })
  const target = await engine.target(asset, signal)
  return target === null ? unlisted(asset) : runOverSsh(asset.name, target, remote)
}

/**
 * Whether a session may stay attached to an upgrade. A carrier cannot stay: it only runs a script and returns its
 * output.
 */
export function mayAttach({ carrier, attached, concurrency }: SshEngine): boolean {
  return carrier === undefined && attached.size < concurrency
}

/**
 * Whether to look at the host after the upgrade. Not with a carrier: its output may be cut, and its hosts are looked at
 * otherwise.
 */
export function looksAtEnd({ carrier }: SshEngine): boolean {
  return carrier === undefined
}

/** Runs a script as root and stays for later answers of the script. Returns the first answer. */
export async function attach({ engine, key, signal }: Run, asset: Asset, script: string): Promise<RemoteAnswer> {
  const { attached, connections, patience } = engine
  const target = await engine.target(asset, signal)
  if (target === null) return unlisted(asset)
  const session = openSession(asset.name, target, {
    script,
    as: 'root',
    firstSeconds: SCRIPT_SECONDS + (target.connectTimeoutSeconds ?? DEFAULT_CONNECT_SECONDS),
    timeoutSeconds: patience.longestSeconds,
    signal,
    connections,
    moreToCome: true,
  })
  const upgrade = upgradeId(key, asset)
  attached.set(upgrade, { session, heard: null })
  try {
    return await session.first
  } finally {
    if (session.ended() && session.latest() === null) attached.delete(upgrade)
  }
}

function unlisted(asset: Asset): RemoteAnswer {
  return { kind: 'failed', reason: `No SSH source lists ${asset.name}.`, begun: 'no', stdout: '' }
}

/** Returns a script, or an error that says why there is none. */
export function attemptScript(make: () => string): string | Error {
  try {
    return make()
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error))
  }
}
