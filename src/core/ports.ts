/**
 * The roles that outside systems have for Patchwarden. Integrations implement them and the workflow uses them; neither
 * depends on the other. Every implementation passes the contract suite of its role in test/contracts/.
 */

import type { Asset, FrozenAsset, Listing, Observation } from './asset.ts'
import type { FeedContent, RejectedRecord } from './catalog.ts'
import type { Change } from './change.ts'
import type { Terms } from './terms.ts'

// ---------------------------------------------------------------- inventory

export interface InventorySource {
  readonly name: string
  /** One line for people that says what this source watches. */
  readonly describe: string
  /**
   * `held back`: another program writes its list, so a list that lost more than half of the known assets is not
   * believed. Left out: what the list leaves out is gone.
   */
  readonly shrinking?: 'held back'
  /** The system behind it installs updates on the machines that it lists, also where it is only read here. Left out: no. */
  readonly manages?: true
  /**
   * Asks the system behind the source about itself, reading only: lines for people that name neither hosts nor persons,
   * so that they can be pasted. Throws a sentence. Left out: it has nothing to say.
   */
  report?(signal: AbortSignal): Promise<string>
  /**
   * Looks at every asset, or only at the asset ids in `only`, and yields what it saw. An asset that cannot be looked at
   * is yielded as `unreachable`. Throws only if the source itself cannot be read. An asset is gone in two cases: the
   * source yields `gone` for it, or it ends with `all` without having yielded the asset. A partial answer never makes
   * an asset gone, so with `only` the source never yields `all`.
   */
  observe(options: ObserveOptions): AsyncIterable<Observation | Listing>
  /**
   * Asks one of its assets now, by the id that the source has for it, in the language of the system (SQL of osquery).
   * Throws a sentence if the system does not answer. Left out: its assets cannot be asked.
   */
  ask?(asset: string, question: string, signal: AbortSignal): Promise<AssetAnswer>
}

/** What an asset said to a question. `nobody`: nobody could look, and `why` is a clause. */
export type AssetAnswer =
  | { readonly kind: 'told'; readonly rows: number; readonly at: string }
  | { readonly kind: 'nobody'; readonly why: string }

export interface ObserveOptions {
  readonly only?: readonly string[]
  /**
   * `installed`: only what verifying a deployment needs (packages, reboot, stale services, boot id), which costs the
   * asset far less; `pending` may then be empty. A source without that distinction may look at everything. Default:
   * `full`.
   */
  readonly depth?: 'full' | 'installed'
  readonly signal: AbortSignal
}

// ---------------------------------------------------------------- catalog

export interface CatalogFeed {
  readonly name: string
  readonly describe: string
  /**
   * Fetches new data. `cursor` is the one that the last successful fetch returned; `null` at first. Throws a sentence
   * for the operator if the feed cannot be fetched or is not plausible (HTML, cut off, much shorter than before). The
   * caller then keeps the last good content and shows its age.
   */
  fetch(cursor: string | null, signal: AbortSignal): Promise<FeedFetch>
}

export type FeedFetch =
  | { readonly status: 'unchanged' }
  | {
      readonly status: 'fetched'
      readonly cursor: string
      /** Each kind that is present replaces all earlier data of that kind, unless `changes` says otherwise. */
      readonly content: FeedContent
      /** Only these records changed: `content` replaces their earlier data. Left out: it replaces everything. */
      readonly changes?: { readonly records: readonly string[] }
      readonly rejected: readonly RejectedRecord[]
      /** The day or instant (ISO 8601) that the feed gives as its own date; left out: it gives none. */
      readonly saidAt?: string
    }

// ---------------------------------------------------------------- deployment

/** One step of the transaction that will run, as the package manager previews it. */
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
  /**
   * The previewed transaction that people voted on. If the host would now do anything that is not in it, the engine
   * refuses (`held back`). A part of it may run.
   */
  readonly transaction: readonly TransactionStep[]
  readonly reboot: RebootRule
  /** Whether services that still run replaced files are restarted after the transaction. Default: `never`. */
  readonly restartServices?: RestartRule
  /**
   * ISO 8601, UTC: work begins at this instant at the earliest, so the engine gives it to its system as a deadline.
   * Left out: work may begin at once.
   */
  readonly notBefore?: string
  /**
   * ISO 8601, UTC: no work begins on the asset at or after this instant. If work began earlier under this key, the
   * engine attaches to it and completes it, with its reboot. `null`: no limit.
   */
  readonly notAfter: string | null
  /** Names of the licences that stood on what was voted on. An engine accepts no other. Left out: none. */
  readonly licences?: readonly string[]
}

export type RebootRule = 'never' | 'if required'
export type RestartRule = 'never' | 'if required'

/**
 * A batch of assets to patch at the same time. `key` is unique per proposal revision, ring and batch and contains only
 * `[A-Za-z0-9._-]`. Key and asset together are the idempotency key: an asset gets at most one transaction per key,
 * ever.
 */
export interface Batch<Of extends Change = Change> {
  readonly key: string
  readonly deployments: readonly DeploymentRequest<Of>[]
}

export type PreflightResult =
  | { readonly asset: string; readonly ready: true; readonly notes: readonly string[] }
  | { readonly asset: string; readonly ready: false; readonly outcome: DeploymentOutcome }

/** JSON value that an engine needs to find a started batch again, also after a restart. It is stored unchanged. */
export interface DeploymentHandle {
  readonly key: string
  readonly data: Readonly<Record<string, unknown>>
}

/** What the engine reports about one asset. Verification then asks the asset itself; only that answer counts. */
export type DeploymentOutcome<Of extends Change = Change> =
  | {
      readonly state: 'succeeded'
      readonly changed: readonly Of[]
      readonly rebooted: boolean
      /** When our upgrade told it to reboot, ISO 8601, UTC. Left out: not known, or it did not. */
      readonly rebootedAt?: string
      /** Clauses about what people have to see to, such as a configuration file that was kept. Left out: nothing. */
      readonly notes?: readonly string[]
      readonly log: string
    }
  /**
   * The transaction ran and failed, or left packages half done. `reason`: one sentence; `log`: the lines that matter.
   */
  | { readonly state: 'failed'; readonly reason: string; readonly log: string }
  /** The engine deliberately changed nothing: the transaction differs, the lock is not free, the disk is full, ... */
  | { readonly state: 'held back'; readonly reason: string; readonly log: string }
  /**
   * Nothing was touched, because time ran out or the start was stopped before work began. This is not a failure: the
   * asset is started again under another key. `notBefore`: not before this instant, ISO 8601, UTC.
   */
  | { readonly state: 'not begun'; readonly reason: string; readonly log: string; readonly notBefore?: string }
  /**
   * The asset did not answer within the limit. `touched` false: the transaction certainly did not start. `rebootedAt`:
   * since our own upgrade told it to reboot, ISO 8601, UTC; then `reason` says so.
   */
  | {
      readonly state: 'unreachable'
      readonly reason: string
      readonly touched: boolean
      readonly rebootedAt?: string
      readonly log: string
    }
  /** The asset had time to report and did not. Nobody knows whether the work began. */
  | { readonly state: 'silent'; readonly reason: string; readonly log: string }

export interface DeploymentReport {
  readonly asset: string
  /** `null` while the asset is being changed; `progress` then says how far it is, e.g. `unpacking 12 of 30`. */
  readonly outcome: DeploymentOutcome | null
  readonly progress: string | null
  /** When our upgrade told the asset to reboot, ISO 8601, UTC, while it has not come back. Left out: it did not. */
  readonly rebootingSince?: string
  /**
   * When the asset itself said this, ISO 8601, UTC; `null`: it has not reported since the start. Left out: just now. An
   * outcome counts only if the asset said it after work could begin.
   */
  readonly saidAt?: string | null
  /**
   * When this word of the asset was first read, ISO 8601, UTC. Engines leave it out. The asset cannot have said it
   * later, whatever its clock or that of its system says.
   */
  readonly readAt?: string
  /**
   * While it runs: before this instant (ISO 8601, UTC) nothing new can be learned. The start is polled again at the
   * earliest instant of its running assets, at most one day later; `wait` is not called until then. If an asset has no
   * instant, an instant in the past or an invalid one, the start is polled as usual.
   */
  readonly lookAgainAt?: string
  /**
   * With an outcome: what the asset reported about itself afterwards, as its own source would report it. Left out: the
   * asset was not asked, so its source looks at it.
   */
  readonly look?: Observation
}

/** What a stop did for one asset. */
export interface StopReport {
  readonly asset: string
  /**
   * `stopped`: it was taken back, and nothing begins on it. `may still begin`: it may have fetched the work already.
   * `at work`: work has begun.
   */
  readonly state: 'stopped' | 'may still begin' | 'at work'
  /** ISO 8601, UTC: work that has not begun by then never begins. Left out: not known. */
  readonly until?: string
}

/** What an engine made ready before a start. `why`: one sentence about what is still missing. */
export type Staged = { readonly ready: true } | { readonly ready: false; readonly why: string }

/** Polls several starts with one look at the system. */
export interface SharedPoll {
  /** The system is looked at once in this time at most, for all proposals and processes together. */
  readonly everySeconds: number
  /** The reports by the key of the start. A start about which the system cannot say anything is left out. */
  poll(
    handles: readonly DeploymentHandle[],
    signal: AbortSignal,
  ): Promise<ReadonlyMap<string, readonly DeploymentReport[]>>
}

/** A call to a system that changed something for a start, or that read back what such a call had done. */
export interface SystemCall {
  /** 1, 2, ... over all calls for the start. A process that died may leave one to be handed out twice. */
  readonly n: number
  /** When it was made, ISO 8601 UTC. */
  readonly at: string
  /** A clause with names for people: `add app01.example.net to "..."`. */
  readonly what: string
  /** What was sent, and what came back, as JSON values without secrets. Long lists are cut and say so. */
  readonly asked: unknown
  /** `null`: no answer came. */
  readonly answered: unknown
  /** Why none came, as a sentence. Left out: it came. */
  readonly problem?: string
}

/** A call that a start will make. */
export interface PlannedCall {
  /** A clause with names for people. */
  readonly what: string
  /** The instant that the system is given with it, ISO 8601 UTC. Left out: none. */
  readonly deadline?: string
}

/** The calls of a start in their order, and why some of its assets would get none. */
export interface PlannedCalls {
  /** Before any machine is told. */
  readonly stage: readonly PlannedCall[]
  readonly start: readonly PlannedCall[]
  /** After the window, and when all have ended. */
  readonly afterwards: readonly PlannedCall[]
  readonly left: readonly { readonly asset: string; readonly why: string }[]
}

export interface DeployEngine {
  readonly name: string
  readonly describe: string
  readonly simulated: boolean
  /**
   * Checks whether the engine's own tools are available, whatever the assets are. Returns one line about them. Throws a
   * sentence. Left out: the engine needs no tools.
   */
  check?(signal: AbortSignal): Promise<string>
  /** The exact transaction that `changes` would cause on `asset` now. Throws a sentence if it cannot be previewed. */
  preview(asset: Asset, changes: readonly Change[], signal: AbortSignal): Promise<readonly TransactionStep[]>
  /** True: assets with the same software have the same preview. Left out: every asset may have another one. */
  readonly previewsBySoftware?: boolean
  /** How many assets may be previewed at the same time. Default 8. */
  readonly previewsAtOnce?: number
  /**
   * What the engine promises for these assets, in their order, or a sentence where it cannot serve one. Reads only what it
   * knows, so it is fast. Throws a sentence. Left out: the engine works on the host itself and learns at once what happened.
   */
  terms?(
    plans: readonly { readonly asset: FrozenAsset; readonly changes: readonly Change[] }[],
    signal: AbortSignal,
  ): Promise<readonly (Terms | string)[]>
  /** Checks each asset without changing it: reachable, disk space, lock, interrupted dpkg, only approved steps. */
  preflight(batch: Batch, signal: AbortSignal): Promise<readonly PreflightResult[]>
  /**
   * Makes the batch ready without reaching any asset, such as an empty group with the updates approved for it. Called
   * before each `start`, also again after a crash, so it makes nothing twice. `tidy` undoes it.
   */
  stage?(batch: Batch, signal: AbortSignal): Promise<Staged>
  /**
   * Starts the batch. If the engine has seen the key before, even before a crash, it attaches to that start and starts
   * nothing. Work that has not begun by its `notAfter` never begins under this key. Throws `MaybeStarted` if an answer was
   * lost, the work cannot be found, and asking again could begin it twice.
   */
  start(batch: Batch, signal: AbortSignal): Promise<DeploymentHandle>
  /**
   * What is known now: one report per asset of the batch. `only`: ids of the assets that are asked about; an engine that
   * asks each by itself leaves the others alone.
   */
  poll(handle: DeploymentHandle, signal: AbortSignal, only?: readonly string[]): Promise<readonly DeploymentReport[]>
  /** Left out: each start is polled by itself. */
  readonly sharedPoll?: SharedPoll
  /** Returns when an asset may have ended since the last poll, or after `seconds`. Left out: only time decides. */
  wait?(handle: DeploymentHandle, seconds: number, signal: AbortSignal): Promise<void>
  /**
   * Stops assets on which work has not begun. Never interrupts a running transaction. `only`: ids of the assets to stop;
   * left out: all of the start. An engine with terms returns a report for each of them.
   */
  cancel(
    handle: DeploymentHandle,
    signal: AbortSignal,
    only?: readonly string[],
  ): Promise<readonly StopReport[] | undefined>
  /**
   * Compares what the system holds for this start with what was started, and takes back what others added. Returns one
   * sentence for each difference that it found now.
   */
  compare?(handle: DeploymentHandle, signal: AbortSignal): Promise<readonly string[]>
  /** The calls that the batch would cause if it were started now. Changes nothing. Throws a sentence. Left out: nobody can say. */
  plannedCalls?(batch: Batch, signal: AbortSignal): Promise<PlannedCalls>
  /** What was asked of the system for a start. Left out: the engine's reports say all. */
  readonly calls?: {
    /** The calls that were not handed out for good yet, oldest first. */
    read(key: string): Promise<readonly SystemCall[]>
    /** They are in the record up to this number, and need not be kept any more. */
    recorded(key: string, last: number, signal: AbortSignal): Promise<void>
  }
  /**
   * Removes from the system what the start or its stage made. Called when all its assets have ended, perhaps more than
   * once. Left out: nothing is left behind.
   */
  tidy?(key: string, signal: AbortSignal): Promise<void>
  /**
   * Looks in the system for starts of this installation that nobody knows, as after a database was restored. Takes their
   * assets back, keeps what is left of them so that people can look at it, and returns one sentence for each that it
   * found now. What other installations made stays as it is. `unknown` is asked after the system was read, and gives
   * those keys that belong to no start.
   */
  reclaim?(
    unknown: (keys: readonly string[]) => Promise<readonly string[]>,
    signal: AbortSignal,
  ): Promise<readonly string[]>
}

// ---------------------------------------------------------------- health

/** In urls, hosts and arguments, `{address}` and `{name}` stand for those of the asset. */
export type HealthCheck = HealthQuestion & {
  /** Only for assets with one of these tags, and of one of these engines. Left out: for all. */
  readonly on?: { readonly tags?: readonly string[]; readonly engines?: readonly string[] }
}

type HealthQuestion =
  | { readonly kind: 'http'; readonly url: string; readonly expectStatus: number; readonly timeoutSeconds: number }
  | {
      readonly kind: 'tcp'
      /** Left out: the address of the asset. */
      readonly host?: string
      readonly port: number
      readonly timeoutSeconds: number
    }
  /** A program that runs on Patchwarden's machine, without a shell; exit status 0 means healthy. */
  | { readonly kind: 'command'; readonly command: readonly string[]; readonly timeoutSeconds: number }
  /** A question that a source puts to its asset; at least one row means healthy. */
  | { readonly kind: 'query'; readonly query: string; readonly source: string; readonly timeoutSeconds: number }

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

/** A system that gives numbers for queries: an error ratio, a latency, the rest of an error budget. */
export interface MetricSource {
  readonly name: string
  readonly describe: string
  /** The value of the query now. Throws a sentence if there is no value: no answer must never count as healthy. */
  value(query: string, signal: AbortSignal): Promise<number>
}

/** How busy something was. `value` may have any unit, but all samples of a source have the same. */
export interface LoadSample {
  /** ISO 8601 UTC. */
  readonly at: string
  readonly value: number
}

/** A system with a history of load, from which windows are measured. */
export interface LoadSource {
  readonly name: string
  readonly describe: string
  /** Samples from `since` (inclusive) to `until` (exclusive), ISO 8601, in order of time. Throws a sentence. */
  history(since: string, until: string, signal: AbortSignal): Promise<readonly LoadSample[]>
}

export interface SilenceLease {
  /** Stays the same for every renewal; contains only `[A-Za-z0-9._-]`. */
  readonly key: string
  readonly assets: readonly Asset[]
  /** ISO 8601: from then on alerts come through again, whatever happens to Patchwarden. */
  readonly until: string
  /** Shown to the people who use the monitoring. */
  readonly reason: string
}

/** Keeps a monitoring system from alerting about assets that are being patched. The lease is short and is renewed. */
export interface MonitoringSilence {
  readonly name: string
  readonly describe: string
  /** Begins or renews the lease of `key`. Finds its own lease also after a restart. Throws a sentence. */
  hold(lease: SilenceLease, signal: AbortSignal): Promise<void>
  /** Ends the lease at once. It is not an error if the lease has ended or is unknown. */
  release(lease: Pick<SilenceLease, 'key' | 'assets'>, signal: AbortSignal): Promise<void>
}

// ---------------------------------------------------------------- on call

/** Another system that knows who is on call, by e-mail address or by name. */
export interface PeopleSource {
  readonly describe: string
  /** E-mail addresses or names, as the system gives them. Throws a sentence. */
  names(signal: AbortSignal): Promise<readonly string[]>
  /** The same for the coming weeks, and sentences about what cannot be understood. Left out: only now is known. */
  upcoming?(signal: AbortSignal): Promise<{ readonly names: readonly string[]; readonly notes: readonly string[] }>
}

// ---------------------------------------------------------------- step hooks

/**
 * When a hook runs, in this order: drain, snapshot, pre-check, then the transaction (and the reboot), post-check,
 * undrain. `restore` puts a snapshot back, and runs only in a rollback.
 */
export const hookMoments = ['drain', 'snapshot', 'pre-check', 'post-check', 'undrain', 'restore'] as const
export type HookMoment = (typeof hookMoments)[number]

/** The operator's program, run by Patchwarden without a shell. `{address}`, `{name}` and `{key}` are filled in. */
export interface Hook {
  readonly moment: HookMoment
  readonly command: readonly string[]
  readonly timeoutSeconds: number
  /** May run hours before the work, because the asset's system is told ahead. Left out: only directly before it. */
  readonly early?: true
}

export interface HookResult {
  readonly ok: boolean
  /** One clause, e.g. `exit status 3`, `no end within 60 s`. */
  readonly detail: string
  /** The last lines it printed. */
  readonly log: string
}

export interface HookRunner {
  /** Throws only for `signal`: every other problem is a result. A hook may run again after a crash. */
  run(hook: Hook, asset: Asset, key: string, signal: AbortSignal): Promise<HookResult>
}

// ---------------------------------------------------------------- what outlives a process

/** What an integration keeps beyond the life of a process, and agrees on with other processes. */
export interface Keeping {
  /**
   * Runs `work` while nobody else, in this or another process, runs work of this name. Waits for its turn. The signal
   * that `work` gets aborts too when another process may have taken over.
   */
  inTurn<T>(name: string, signal: AbortSignal, work: (signal: AbortSignal) => Promise<T>): Promise<T>
  /** The note that an engine has written down under this name; `null`: none. A note is a JSON value. */
  readNote(engine: string, name: string): Promise<unknown>
  /** Stores the note before it returns, so that it is there after a crash. */
  saveNote(engine: string, name: string, note: Readonly<Record<string, unknown>>): Promise<void>
  removeNote(engine: string, name: string): Promise<void>
}
