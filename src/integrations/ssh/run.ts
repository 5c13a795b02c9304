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

/** What the engine works with, and what it keeps while it lives. */
export interface SshEngine {
  readonly target: (asset: Asset) => SshTarget | null
  readonly carrier: ScriptCarrier | undefined
  readonly connections: SshConnections | undefined
  readonly concurrency: number
  readonly managers: readonly [PackageManager, ...PackageManager[]]
  readonly patience: Patience
  readonly clock: () => Date
  /** Upgrades for which our own preflight saw no journal: only then is a failed start certainly the first. */
  readonly noJournalYet: Set<string>
  /** Sessions that stay until their upgrade ends, by upgrade; never more than `concurrency`. */
  readonly attached: Map<string, Attending>
  /** What hosts themselves said in the end, by upgrade; kept so that asking again costs the host nothing. */
  readonly outcomes: Map<string, DeploymentOutcome>
}

/** A session that stays, and what was read from it last. */
export interface Attending {
  readonly session: HostSession
  heard: string | null
}

/** One call of the engine about one batch. */
export type Run = EngineRun<SshEngine>

/** Seconds for a script that only looks or starts. */
const SCRIPT_SECONDS = 90

/** One upgrade of one host. */
export function upgradeId(key: string, asset: Asset): string {
  return `${key} ${asset.id}`
}

export function managerFor({ managers }: SshEngine, asset: Asset): PackageManager {
  return managerOf(managers, asset.platform)
}

/** Works on as many of them at the same time as the engine allows. */
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

/** Runs a script on a host and brings back what the script printed. */
export async function runOnHost({ engine, key, signal }: Run, task: ScriptForHost): Promise<RemoteAnswer> {
  const { connections, carrier } = engine
  const { asset, script, as, purpose } = task
  const remote = { script, as, timeoutSeconds: SCRIPT_SECONDS, signal, connections, moreToCome: true }
  if (carrier) return carrier.run({ asset, purpose, key, ...remote })
  const target = engine.target(asset)
  return target === null ? unlisted(asset) : runOverSsh(asset.name, target, remote)
}

/** A carrier takes a script to the host and brings back what it printed; it does not stay. */
export function mayAttach({ carrier, attached, concurrency }: SshEngine): boolean {
  return carrier === undefined && attached.size < concurrency
}

/** What a carrier brings back may be cut short, and its hosts are looked at in another way. */
export function looksAtEnd({ carrier }: SshEngine): boolean {
  return carrier === undefined
}

/** Runs a script as root and stays for what the script says later. Returns with its first answer. */
export async function attach({ engine, key, signal }: Run, asset: Asset, script: string): Promise<RemoteAnswer> {
  const { attached, connections, patience } = engine
  const target = engine.target(asset)
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

/** A script, or why there can be none. */
export function attemptScript(make: () => string): string | Error {
  try {
    return make()
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error))
  }
}
