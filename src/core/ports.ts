/**
 * The roles an outside system can play for Patchwarden. Integrations implement them, the workflow uses them; neither
 * knows the other. Each role has one contract suite in test/contracts/ that every implementation passes.
 */

import type { Asset, Listing, Observation } from './asset.ts'
import type { FeedContent, RejectedRecord } from './catalog.ts'
import type { Change } from './change.ts'

// ---------------------------------------------------------------- inventory

export interface InventorySource {
  readonly name: string
  /** One line for people: what this source watches. */
  readonly describe: string
  /**
   * Looks at every asset (or at `only`, by asset id) and yields what it saw; an asset that cannot be looked at is
   * yielded as `unreachable`, never thrown. Throws only when the source itself cannot be read at all. An asset is gone when
   * the source says so of it, or when it yields `all` at its end, and had not yielded the asset: what a partial answer leaves
   * out is not gone. With `only` it never yields `all`.
   */
  observe(options: ObserveOptions): AsyncIterable<Observation | Listing>
}

export interface ObserveOptions {
  readonly only?: readonly string[]
  /**
   * `installed`: only what is needed to verify a deployment (packages, reboot, stale services, boot id), which costs the
   * asset far less; `pending` may then be empty. A source that knows no difference may look at everything. Default `full`.
   */
  readonly depth?: 'full' | 'installed'
  readonly signal: AbortSignal
}

// ---------------------------------------------------------------- catalog

export interface CatalogFeed {
  readonly name: string
  readonly describe: string
  /**
   * Fetches what is new. `cursor` is what the last successful fetch returned (`null` at first).
   * Throws with a sentence for the operator when the feed cannot be had or is not plausible (HTML, cut off, shrunken):
   * the caller keeps the last good content and shows its age.
   */
  fetch(cursor: string | null, signal: AbortSignal): Promise<FeedFetch>
}

export type FeedFetch =
  | { readonly status: 'unchanged' }
  | {
      readonly status: 'fetched'
      readonly cursor: string
      /** A kind that is present replaces all that the feed said before of that kind, unless `changes` says otherwise. */
      readonly content: FeedContent
      /**
       * Only these records changed: what they said before is removed, and what is in `content` replaces it. Left out:
       * everything is new.
       */
      readonly changes?: { readonly records: readonly string[] }
      readonly rejected: readonly RejectedRecord[]
      /** The day or instant (ISO 8601) that the feed itself says it is of; left out: it does not say. */
      readonly saidAt?: string
    }

// ---------------------------------------------------------------- deployment

/** One line of the package manager's preview: the exact transaction that will run. */
export interface TransactionStep {
  readonly action: 'install' | 'upgrade' | 'remove' | 'downgrade'
  readonly name: string
  readonly architecture: string
  readonly from: string | null
  readonly to: string | null
}

export interface DeploymentRequest<Of extends Change = Change> {
  readonly asset: Asset
  /** What was approved: packages and exact target versions, or updates. */
  readonly changes: readonly Of[]
  /** The previewed transaction people voted on. The engine refuses (`held back`) when the host
   * would now do anything that is not in it; a part of it, and nothing else, goes ahead. */
  readonly transaction: readonly TransactionStep[]
  readonly reboot: RebootRule
  /** Whether services that still run replaced files are restarted after the transaction. Default `never`. */
  readonly restartServices?: RestartRule
  /**
   * ISO 8601 UTC: nothing begins on the asset at or after this instant; what has begun under this key before is attached
   * to all the same, and brought to its end with its reboot. `null`: no end.
   */
  readonly notAfter: string | null
}

export type RebootRule = 'never' | 'if required'
export type RestartRule = 'never' | 'if required'

/**
 * A batch of assets to patch at the same time. `key` is unique per proposal revision, ring and batch and contains only
 * `[A-Za-z0-9._-]`; together with the asset it is the idempotency key: one apt transaction per asset and key, ever.
 */
export interface Batch<Of extends Change = Change> {
  readonly key: string
  readonly deployments: readonly DeploymentRequest<Of>[]
}

export type PreflightResult =
  | { readonly asset: string; readonly ready: true; readonly notes: readonly string[] }
  | { readonly asset: string; readonly ready: false; readonly outcome: DeploymentOutcome }

/** JSON value an engine needs to find a started batch again, after a restart too. Stored as it is. */
export interface DeploymentHandle {
  readonly key: string
  readonly data: Readonly<Record<string, unknown>>
}

/** What the engine saw on one asset. Not yet the truth: verification asks the asset itself afterwards. */
export type DeploymentOutcome<Of extends Change = Change> =
  | {
      readonly state: 'succeeded'
      readonly changed: readonly Of[]
      readonly rebooted: boolean
      readonly log: string
    }
  /** The transaction ran and failed, or left packages half done. `reason` is one sentence, `log` the lines that matter. */
  | { readonly state: 'failed'; readonly reason: string; readonly log: string }
  /** Nothing was touched, on purpose: the transaction changed, the lock did not come free, no disk space, ... */
  | { readonly state: 'held back'; readonly reason: string; readonly log: string }
  /**
   * Nothing was touched because its time ran out, or it was stopped, before it began. Not a failure: the asset is
   * started again under another key. `notBefore`: not before this instant, ISO 8601 UTC.
   */
  | { readonly state: 'not begun'; readonly reason: string; readonly log: string; readonly notBefore?: string }
  /** Never answered within the limit. `touched` false: the transaction certainly did not start. */
  | { readonly state: 'unreachable'; readonly reason: string; readonly touched: boolean; readonly log: string }

export interface DeploymentReport {
  readonly asset: string
  /** `null` while it runs; `progress` then says what is known, e.g. `unpacking 12 of 30`. */
  readonly outcome: DeploymentOutcome | null
  readonly progress: string | null
  /**
   * While it runs: before this instant, ISO 8601 UTC, there is nothing new to learn. The start is polled again at the
   * earliest that its running assets say, a day ahead at most; `wait` is not called until then. Left out, over, or no
   * instant, of one of them: at the usual pace.
   */
  readonly lookAgainAt?: string
  /**
   * With an outcome: what the asset reported about itself after the end, in the same answer, as its own source would
   * see it. Left out: it was not asked, so it is looked at.
   */
  readonly look?: Observation
}

export interface DeployEngine {
  readonly name: string
  readonly describe: string
  readonly simulated: boolean
  /**
   * Whether its own tools are there, whatever the assets: one line that says what was seen. Throws a sentence. Left
   * out: it needs no tools.
   */
  check?(signal: AbortSignal): Promise<string>
  /** The exact transaction that `changes` would cause on `asset` now. Throws with a sentence where it cannot be previewed. */
  preview(asset: Asset, changes: readonly Change[], signal: AbortSignal): Promise<readonly TransactionStep[]>
  /** Whether a preview says the same of all assets with the same software; left out: it may be another for each. */
  readonly previewsBySoftware?: boolean
  /** How many assets may be previewed at the same time. Default 8. */
  readonly previewsAtOnce?: number
  /** Checks each asset without changing it: reachable, disk space, lock, interrupted dpkg, nothing beyond the approved transaction. */
  preflight(batch: Batch, signal: AbortSignal): Promise<readonly PreflightResult[]>
  /**
   * Starts the batch. Called again with a key already seen, after a crash too, it re-attaches and starts nothing: what has
   * not begun by its `notAfter` never does under this key.
   */
  start(batch: Batch, signal: AbortSignal): Promise<DeploymentHandle>
  /** What is known now, one report per asset of the batch. */
  poll(handle: DeploymentHandle, signal: AbortSignal): Promise<readonly DeploymentReport[]>
  /** Returns when an asset may have ended since the last poll, or after `seconds`. Left out: the caller polls by time alone. */
  wait?(handle: DeploymentHandle, seconds: number, signal: AbortSignal): Promise<void>
  /** Stops assets that have not begun; never interrupts a running transaction. */
  cancel(handle: DeploymentHandle, signal: AbortSignal): Promise<void>
}

// ---------------------------------------------------------------- health

/** `{address}` and `{name}` in urls, hosts and arguments stand for the asset's. */
export type HealthCheck =
  | { readonly kind: 'http'; readonly url: string; readonly expectStatus: number; readonly timeoutSeconds: number }
  | {
      readonly kind: 'tcp'
      /** Left out: the address of the asset. */
      readonly host?: string
      readonly port: number
      readonly timeoutSeconds: number
    }
  /** A program that runs beside Patchwarden, without a shell; exit status 0 is healthy. */
  | { readonly kind: 'command'; readonly command: readonly string[]; readonly timeoutSeconds: number }

export interface HealthResult {
  readonly check: string
  readonly healthy: boolean
  /** What was seen: `200 in 12 ms`, `503 Service Unavailable`, `connection refused`. */
  readonly detail: string
}

export interface HealthProbe {
  check(asset: Asset, checks: readonly HealthCheck[], signal: AbortSignal): Promise<readonly HealthResult[]>
}

// ---------------------------------------------------------------- monitoring

/** A number that a monitoring system knows: an error ratio, a latency, a share of a budget that is left. */
export interface MetricSource {
  readonly name: string
  readonly describe: string
  /** The value of the query now. Throws a sentence where there is none: an answer that never came is not a yes. */
  value(query: string, signal: AbortSignal): Promise<number>
}

/** How busy something was: `value` is of any unit, as long as it is the same throughout. */
export interface LoadSample {
  /** ISO 8601 UTC. */
  readonly at: string
  readonly value: number
}

/** A history of load: what measured windows are made of. */
export interface LoadSource {
  readonly name: string
  readonly describe: string
  /** Samples from `since` (inclusive) to `until` (exclusive), ISO 8601, in order of time. Throws a sentence. */
  history(since: string, until: string, signal: AbortSignal): Promise<readonly LoadSample[]>
}

export interface SilenceLease {
  /** The same for every renewal; only `[A-Za-z0-9._-]`. */
  readonly key: string
  readonly assets: readonly Asset[]
  /** ISO 8601: alerts come through again from then on, whatever becomes of Patchwarden. */
  readonly until: string
  /** Shown to whoever looks at the monitoring. */
  readonly reason: string
}

/** Keeps a monitoring system from paging about assets that are being patched: a short lease that is renewed. */
export interface MonitoringSilence {
  readonly name: string
  readonly describe: string
  /** Begins or renews the lease of `key`; after a restart, too, it finds its own. Throws a sentence. */
  hold(lease: SilenceLease, signal: AbortSignal): Promise<void>
  /** Ends the lease at once; a lease that is over or unknown is not an error. */
  release(lease: Pick<SilenceLease, 'key' | 'assets'>, signal: AbortSignal): Promise<void>
}

// ---------------------------------------------------------------- on call

/** Another system that knows who is on call: by e-mail address or by name. */
export interface PeopleSource {
  readonly describe: string
  /** E-mail addresses or names, as the system gives them. Throws a sentence. */
  names(signal: AbortSignal): Promise<readonly string[]>
}

// ---------------------------------------------------------------- step hooks

/**
 * Where a hook runs, in this order: drain, snapshot, pre-check, then the transaction (and the reboot), post-check,
 * undrain. `restore` puts a snapshot back, and runs only when somebody rolls back.
 */
export const hookMoments = ['drain', 'snapshot', 'pre-check', 'post-check', 'undrain', 'restore'] as const
export type HookMoment = (typeof hookMoments)[number]

/** A program of the operator's, run beside Patchwarden without a shell; `{address}`, `{name}` and `{key}` are filled in. */
export interface Hook {
  readonly moment: HookMoment
  readonly command: readonly string[]
  readonly timeoutSeconds: number
}

export interface HookResult {
  readonly ok: boolean
  /** One clause: `exit status 3`, `no end within 60 s`. */
  readonly detail: string
  /** The last lines it printed. */
  readonly log: string
}

export interface HookRunner {
  /** Never throws but for `signal`: whatever goes wrong is a result. A hook may run again after a crash. */
  run(hook: Hook, asset: Asset, key: string, signal: AbortSignal): Promise<HookResult>
}
