import { setTimeout as sleep } from 'node:timers/promises'
import pLimit from 'p-limit'
import type { Asset } from '../../core/asset.ts'
import type {
  Batch,
  DeployEngine,
  DeploymentHandle,
  DeploymentOutcome,
  DeploymentReport,
  DeploymentRequest,
  PreflightResult,
} from '../../core/ports.ts'
import { splitSections } from '../machine/sections.ts'
import { apt } from '../upgrade-journal/apt.ts'
import { dnf } from '../upgrade-journal/dnf.ts'
import { isLast, otherAsset, parseLookAfter, parseProgress } from '../upgrade-journal/follow.ts'
import { judge, parseLook, transactionOf } from '../upgrade-journal/look.ts'
import { managerOf, type PackageManager } from '../upgrade-journal/package-manager.ts'
import { createPatience, type PatienceOptions, type Standing } from '../upgrade-journal/patience.ts'
import { planLines } from '../upgrade-journal/plan.ts'
import { checkKey, followScript, lookScript, startScript } from '../upgrade-journal/script.ts'
import { zypper } from '../upgrade-journal/zypper.ts'
import { whenAborted } from '../when-aborted.ts'
import { sudoProblem } from './connection-problem.ts'
import type { SshConnections } from './connections.ts'
import { assetMark, makeHandle, readHandle, type StartedAsset } from './handle.ts'
import { type HostSession, openSession } from './session.ts'
import { DEFAULT_CONNECT_SECONDS, type SshTarget } from './target.ts'
import { type Purpose, type RemoteAnswer, runOverSsh, type ScriptCarrier } from './transport.ts'

export interface SshEngineOptions extends PatienceOptions {
  readonly name: string
  /** How to reach an asset; `null`: no source lists it (any more). */
  readonly target: (asset: Asset) => SshTarget | null
  /** Takes scripts to the hosts instead of the OpenSSH client. */
  readonly carrier?: ScriptCarrier
  /** Which package managers there are; the platform of an asset says which is its own. */
  readonly managers?: readonly [PackageManager, ...PackageManager[]]
  /** Hosts worked on at the same time. */
  readonly concurrency: number
  /** Shared with the inventory of the same hosts; left out: every session logs in by itself. */
  readonly connections?: SshConnections
}

/** A session that stays, and what of it was read last. */
interface Attending {
  readonly session: HostSession
  heard: string | null
}

/** Seconds for a script that only looks or starts. */
const SCRIPT_SECONDS = 90
/** Hosts that end at about the same time are heard together. */
const TOGETHER_MS = 150
/** Outcomes kept in memory, so that asking again costs the host nothing. */
const REMEMBERED = 1_000

/**
 * Upgrades Linux hosts over SSH with their package manager. Each host keeps a journal of its own per batch key, which
 * makes one transaction of any number of calls; it runs there detached from us: the approved transaction or none.
 */
export function createSshEngine(options: SshEngineOptions): DeployEngine {
  const { name, concurrency } = options
  const patience = createPatience(options)
  const { lockSeconds } = patience
  const managers = options.managers ?? [apt, dnf, zypper]
  const manager = (asset: Asset) => managerOf(managers, asset.platform)
  /** Seen by our own preflight to have no journal for the key: only then is a start that failed certainly the first. */
  const fresh = new Set<string>()
  /** Sessions that stay until their upgrade ends; never more than `concurrency`. */
  const attached = new Map<string, Attending>()
  /** What hosts themselves said in the end, by run. */
  const outcomes = new Map<string, DeploymentOutcome>()

  async function each<T, R>(items: readonly T[], task: (item: T) => Promise<R>): Promise<readonly R[]> {
    const limit = pLimit(concurrency)
    return Promise.all(items.map((item) => limit(() => task(item))))
  }

  const unlisted = (asset: Asset): RemoteAnswer => {
    return { kind: 'failed', reason: `No SSH source lists ${asset.name}.`, begun: 'no', stdout: '' }
  }

  async function run(
    asset: Asset,
    script: string,
    as: 'user' | 'root',
    signal: AbortSignal,
    what: { readonly purpose: Purpose; readonly key: string },
  ): Promise<RemoteAnswer> {
    const { connections } = options
    const remote = { script, as, timeoutSeconds: SCRIPT_SECONDS, signal, connections, moreToCome: true }
    if (options.carrier) return options.carrier.run({ asset, ...what, ...remote })
    const target = options.target(asset)
    return target === null ? unlisted(asset) : runOverSsh(asset.name, target, remote)
  }

  /** As `run`, but stays for what the script has to tell later. */
  async function attach(run_: string, asset: Asset, script: string, signal: AbortSignal): Promise<RemoteAnswer> {
    const target = options.target(asset)
    if (target === null) return unlisted(asset)
    const session = openSession(asset.name, target, {
      script,
      as: 'root',
      firstSeconds: SCRIPT_SECONDS + (target.connectTimeoutSeconds ?? DEFAULT_CONNECT_SECONDS),
      timeoutSeconds: patience.longestSeconds,
      signal,
      connections: options.connections,
      moreToCome: true,
    })
    attached.set(run_, { session, heard: null })
    try {
      return await session.first
    } finally {
      if (session.ended() && session.latest() === null) attached.delete(run_)
    }
  }

  /** What a carrier brings back may be cut short, and its hosts are looked at in another way. */
  const looks = options.carrier === undefined

  /** A carrier takes a script there and brings back what it said; it does not stay. */
  const mayAttach = () => options.carrier === undefined && attached.size < concurrency

  async function preflight(key: string, request: DeploymentRequest, signal: AbortSignal): Promise<PreflightResult> {
    const { asset, changes, transaction } = request
    function refused(outcome: DeploymentOutcome): PreflightResult {
      return { asset: asset.id, ready: false, outcome }
    }
    const script = attempt(() =>
      lookScript({ manager: manager(asset), key, changes, transaction }, { preflight: true }),
    )
    if (script instanceof Error) return refused({ state: 'held back', reason: script.message, log: '' })
    const answer = await run(asset, script, 'root', signal, { purpose: 'preflight', key })
    if (answer.kind === 'failed') {
      return refused({ state: 'unreachable', reason: answer.reason, touched: false, log: '' })
    }
    const sudo = answer.stdout === '' ? sudoProblem(asset.name, answer.stderr) : null
    if (sudo !== null) return refused({ state: 'held back', reason: sudo, log: '' })
    const fitness = judge(manager(asset), answer.stdout, request, lockSeconds)
    if (!fitness.fit) return refused(fitness.outcome)
    if (fitness.untouched) fresh.add(runOf(key, asset))
    return { asset: asset.id, ready: true, notes: fitness.notes }
  }

  async function begin(key: string, request: DeploymentRequest, signal: AbortSignal): Promise<StartedAsset> {
    const { asset, changes, transaction, reboot, restartServices, notAfter } = request
    const first = fresh.delete(runOf(key, asset))
    patience.began(runOf(key, asset))
    function settled(outcome: StartedAsset['outcome']): StartedAsset {
      return { asset, outcome }
    }
    const run_ = runOf(key, asset)
    const staying = mayAttach()
    const script = attempt(() =>
      startScript({
        manager: manager(asset),
        key,
        changes,
        transaction,
        assetMark: assetMark(asset),
        plan: planLines(manager(asset), transaction),
        reboot: reboot === 'if required',
        restartServices: restartServices === 'if required',
        lockSeconds,
        notAfter,
        now: options.clock(),
        attach: staying,
        look: looks,
      }),
    )
    if (script instanceof Error) return settled({ state: 'held back', reason: script.message, log: '' })
    const answer = staying
      ? await attach(run_, asset, script, signal)
      : await run(asset, script, 'root', signal, { purpose: 'apply', key })
    if (answer.kind === 'failed') {
      const never = first && answer.begun === 'no'
      if (!never) return settled(null)
      return settled({ state: 'unreachable', reason: answer.reason, touched: false, log: '' })
    }
    const sections = splitSections(answer.stdout, 'patchwarden-start')
    if (sections === null) {
      const sudo = first ? sudoProblem(asset.name, answer.stderr) : null
      return settled(sudo === null ? null : { state: 'held back', reason: sudo, log: '' })
    }
    if (sections.has('not-begun')) {
      const free = sections.get('not-begun')?.value ?? ''
      const reason = `${asset.name} cannot keep a journal in /var/lib/patchwarden (${free} KiB are free there); nothing was changed.`
      return settled({ state: 'held back', reason, log: '' })
    }
    const owner = sections.get('journal')?.value ?? ''
    if (owner !== '' && owner !== assetMark(asset)) return settled(otherAsset(asset.name))
    return settled(null)
  }

  function remember(run_: string, outcome: DeploymentOutcome): void {
    const [oldest] = outcomes.keys()
    if (oldest !== undefined && outcomes.size >= REMEMBERED) outcomes.delete(oldest)
    outcomes.set(run_, outcome)
    attached.delete(run_)
  }

  /** What went over a connection to a host that reboots is lost. */
  function renew(asset: Asset): void {
    const target = options.target(asset)
    if (target !== null) options.connections?.renew(target)
  }

  /** The latest of the session that is attached, where there is one; else the host is asked. */
  async function hear(
    run_: string,
    key: string,
    asset: Asset,
    stop: 'cancelled' | null,
    signal: AbortSignal,
  ): Promise<RemoteAnswer | 'nothing new'> {
    const attending = attached.get(run_)
    if (attending?.session.ended() === true) attached.delete(run_)
    if (attending !== undefined && stop === null) {
      const { session } = attending
      const stdout = session.latest()
      attending.heard = stdout
      const isProgress = stdout !== null && splitSections(stdout, 'patchwarden-follow') !== null
      if (isProgress && (!session.ended() || isLast(stdout))) return { kind: 'ran', status: 0, stdout, stderr: '' }
      if (!session.ended()) return 'nothing new'
    }
    const staying = stop === null && mayAttach()
    const script = followScript({ manager: manager(asset), key, stop, attach: staying, look: looks })
    if (staying) return attach(run_, asset, script, signal)
    return run(asset, script, 'root', signal, { purpose: stop === null ? 'outcome' : 'cancel', key })
  }

  async function follow(
    key: string,
    { asset, outcome }: StartedAsset,
    stop: 'cancelled' | null,
    signal: AbortSignal,
  ): Promise<DeploymentReport> {
    const run_ = runOf(key, asset)
    const subject = { run: run_, name: asset.name }
    const report = (standing: Standing): DeploymentReport => ({ asset: asset.id, ...standing })
    const known = outcome ?? outcomes.get(run_)
    if (known !== undefined) return report(patience.ended(run_, known))
    const answer = await hear(run_, key, asset, stop, signal)
    if (answer === 'nothing new') return report({ outcome: null, progress: 'starting' })
    if (answer.kind === 'failed') return report(patience.silent(subject, answer.reason))
    const sudo = answer.stdout === '' ? sudoProblem(asset.name, answer.stderr) : null
    if (sudo !== null) return report(patience.silent(subject, sudo))
    const seen = parseProgress(manager(asset), answer.stdout, asset.name, assetMark(asset))
    if (seen.kind === 'ended') remember(run_, seen.outcome)
    if (seen.kind === 'rebooting') renew(asset)
    const reported = report(patience.heard(subject, seen))
    const look = seen.kind === 'ended' ? parseLookAfter(answer.stdout, { asset, now: options.clock() }) : null
    return look === null ? reported : { ...reported, look }
  }

  return {
    name,
    describe: `Upgrades hosts of ${managers.map(({ systems, name }) => `${systems} with ${name}`).join(', ')} ${options.carrier?.how ?? 'over SSH'}`,
    simulated: false,
    previewsAtOnce: concurrency,

    async preview(asset, changes, signal) {
      signal.throwIfAborted()
      const answer = await run(
        asset,
        lookScript({ manager: manager(asset), key: 'preview', changes }, { preflight: false }),
        'user',
        signal,
        { purpose: 'preview', key: 'preview' },
      )
      if (answer.kind === 'failed') throw new Error(answer.reason)
      const look = parseLook(manager(asset), answer.stdout, asset.name)
      if (look.kind === 'problem') throw new Error(look.reason)
      return transactionOf(look.simulation)
    },

    async preflight(batch, signal) {
      signal.throwIfAborted()
      checkKey(batch.key)
      return each(batch.deployments, (request) => preflight(batch.key, request, signal))
    },

    async start(batch: Batch, signal: AbortSignal): Promise<DeploymentHandle> {
      signal.throwIfAborted()
      checkKey(batch.key)
      return makeHandle(batch.key, await each(batch.deployments, (request) => begin(batch.key, request, signal)))
    },

    async poll(handle, signal) {
      signal.throwIfAborted()
      return each(readHandle(handle), (started) => follow(handle.key, started, null, signal))
    },

    async wait(handle, seconds, signal) {
      signal.throwIfAborted()
      const over = new AbortController()
      const forget = whenAborted(signal, () => over.abort(signal.reason))
      const ends = readHandle(handle).flatMap(({ asset }) => {
        const attending = attached.get(runOf(handle.key, asset))
        return attending === undefined ? [] : [end(attending)]
      })
      async function end({ session, heard }: Attending): Promise<void> {
        const isNew = (said: string | null) => said !== null && said !== heard && isLast(said)
        while (!over.signal.aborted && !session.ended() && !isNew(session.latest())) await session.news()
      }
      const some = Promise.race(ends).then(() => sleep(TOGETHER_MS, undefined, { signal: over.signal }))
      // Where nobody attends, only time tells.
      const all = ends.length === 0 ? [] : [Promise.all(ends)]
      try {
        await Promise.race([some, ...all, sleep(seconds * 1_000, undefined, { signal: over.signal })])
      } finally {
        forget()
        over.abort()
      }
    },

    async cancel(handle, signal) {
      signal.throwIfAborted()
      await each(readHandle(handle), (started) => follow(handle.key, started, 'cancelled', signal))
    },
  }
}

function runOf(key: string, asset: Asset): string {
  return `${key} ${asset.id}`
}

function attempt(make: () => string): string | Error {
  try {
    return make()
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error))
  }
}
