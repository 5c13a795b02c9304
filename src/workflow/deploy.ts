import { setTimeout as sleep } from 'node:timers/promises'
import type { Batch, DeployEngine, DeploymentHandle, DeploymentOutcome, HealthResult } from '../core/ports.ts'
import type { RecordedOutcome } from '../core/proposal/event.ts'
import { plannedOf } from '../core/proposal/planned.ts'
import type { Actor, Deployment, PatchSubject, ProposalState } from '../core/proposal/proposal.ts'
import { unfinishedDeployments } from '../core/proposal/run.ts'
import type { Execute } from './execute.ts'
import type { WorkflowParts } from './ports.ts'
import { createPrepare } from './prepare.ts'
import { createRunBook, type RunNotes } from './run-book.ts'
import { createSilences } from './silence.ts'
import { createVerify } from './verify.ts'

const rollout: Actor = { kind: 'system', part: 'rollout' }

/** Between the session of a proposal and each of its starts. */
interface Watch {
  /** Something was recorded. */
  readonly changed: () => void
  /** Has somebody, or a gate, halted the rollout, as it was last read? */
  readonly halted: () => boolean
}

/**
 * Brings started assets to their end: prepared, deployed, then verified from their own fresh package list. Assets that
 * were started together go together; several such starts go on side by side, so that the next can begin as soon as one
 * asset is done.
 */
export function createDeploy(parts: WorkflowParts, { execute }: Pick<Execute, 'execute'>) {
  const book = createRunBook(parts)
  const prepare = createPrepare(parts)
  const silences = createSilences(parts)
  const verifying = createVerify(parts, execute)

  /** Work on one proposal for as long as somebody drives it. */
  function session(signal: AbortSignal) {
    const going = new Map<string, Promise<void>>()
    const endedAt = new Map<string, number>()
    let version = 0
    let heard: () => void = () => undefined
    let problem: { readonly error: unknown } | null = null
    let halted = false
    const watch: Watch = { changed, halted: () => halted }

    function changed(): void {
      version++
      heard()
    }

    async function somethingOrAWhile(): Promise<void> {
      const stop = new AbortController()
      const something = new Promise<void>((resolve) => {
        heard = resolve
      })
      const while_ = sleep(2_000 * parts.pollSeconds, undefined, { signal: AbortSignal.any([signal, stop.signal]) })
      await Promise.race([something, while_.catch(() => undefined)])
      stop.abort()
    }

    return {
      /** Changes whenever something was recorded. */
      version: () => version,
      /** Comes back when something has changed since `seen`, or after a while: people may have stopped it meanwhile. */
      async attend(state: ProposalState, seen: number): Promise<void> {
        halted = state.status === 'halted'
        for (const key of new Set(unfinishedDeployments(state).map((deployment) => deployment.key))) {
          // What was read before a start ended does not tell that it has: it is not done again.
          if (going.has(key) || (endedAt.get(key) ?? 0) > seen) continue
          const work = bringToEnd(state, key, watch, signal).finally(() => {
            going.delete(key)
            changed()
            endedAt.set(key, version)
          })
          going.set(
            key,
            work.catch((error: unknown) => {
              problem ??= { error }
            }),
          )
        }
        if (version === seen && problem === null) await somethingOrAWhile()
        signal.throwIfAborted()
        // Whoever drives gives up, and is called again soon; what was begun is found again by its key.
        if (problem !== null) throw problem.error
      },
      /** Nothing goes on behind the back of whoever drives next. */
      async end(): Promise<void> {
        await Promise.all(going.values())
      },
    }
  }

  async function bringToEnd(state: ProposalState, key: string, watch: Watch, signal: AbortSignal): Promise<void> {
    const { subject } = state
    if (subject.kind !== 'patches') return
    const mine = unfinishedDeployments(state).filter((deployment) => deployment.key === key)
    const assets = mine.flatMap(({ asset }) => plannedOf(subject, asset)?.asset ?? [])
    const reason = `${state.id} patches ${assets.length === 1 ? (assets[0]?.name ?? '') : `${assets.length} assets`}`
    const { problem } = await silences.during(subject.silence ?? null, key, assets, reason, signal, () =>
      work(state, subject, key, mine, watch, signal),
    )
    if (problem !== null) await execute(state.id, { type: 'note', text: problem }, rollout)
  }

  async function work(
    state: ProposalState,
    subject: PatchSubject,
    key: string,
    mine: readonly Deployment[],
    { changed, halted }: Watch,
    signal: AbortSignal,
  ): Promise<void> {
    const notes = await book.notesOf(key)
    const check = verifying.verifier(state, key, notes.before, changed, signal)
    async function finish(ended: readonly RecordedOutcome[]): Promise<void> {
      if (ended.length === 0) return
      // An outcome is known whatever a look at the asset finds.
      await execute(state.id, { type: 'record-outcomes', outcomes: ended }, rollout)
      changed()
      check.add(ended)
    }
    try {
      check.add(mine.flatMap(({ asset, outcome }) => (outcome === null ? [] : [{ asset, outcome }])))
      const open = mine.filter((item) => item.outcome === null).map((item) => item.asset)
      const engine = parts.engines.get(subject.engine)
      if (open.length > 0 && !engine) {
        const reason = `the engine "${subject.engine}" is not configured any more`
        const outcome: DeploymentOutcome = { state: 'held back', reason, log: '' }
        await finish(open.map((asset) => ({ asset, outcome })))
      } else if (open.length > 0 && engine) {
        const begun = await begin(state, engine, key, open, notes, check.before, finish, signal)
        if (begun !== null) await follow(engine, begun.handle, new Set(begun.assets), { halted, finish }, signal)
      }
    } finally {
      // What has ended is looked at, whatever became of the rest.
      await check.done()
    }
  }

  /**
   * Looks, prepares, then starts. What will be started is written down before the engine is called: after a crash the
   * engine is called again with the same key and the same assets, and re-attaches.
   */
  async function begin(
    state: ProposalState,
    engine: DeployEngine,
    key: string,
    open: readonly string[],
    notes: RunNotes,
    before: Map<string, readonly HealthResult[]>,
    finish: (ended: readonly RecordedOutcome[]) => Promise<void>,
    signal: AbortSignal,
  ): Promise<{ readonly handle: DeploymentHandle; readonly assets: readonly string[] } | null> {
    if (notes.handle !== null) return { handle: { key, data: notes.handle }, assets: open }
    let ready = notes.starting
    if (ready === null) {
      const prepared = await prepare(state, engine, request(state, key, open), signal)
      for (const [asset, health] of prepared.before) before.set(asset, health)
      await finish(prepared.refused)
      ready = prepared.ready
      if (ready.length === 0) return null
      await book.noteStarting(key, engine.name, ready, prepared.before)
    }
    const handle = await engine.start(request(state, key, ready), signal)
    await book.noteHandle(key, engine.name, handle.data, before)
    return { handle, assets: ready }
  }

  async function follow(
    engine: DeployEngine,
    handle: DeploymentHandle,
    waiting: Set<string>,
    {
      halted,
      finish,
    }: Pick<Watch, 'halted'> & { readonly finish: (ended: readonly RecordedOutcome[]) => Promise<void> },
    signal: AbortSignal,
  ): Promise<void> {
    let cancelled = false
    while (waiting.size > 0) {
      signal.throwIfAborted()
      const reports = await engine.poll(handle, signal)
      const ended = reports.flatMap(({ asset, outcome }) =>
        outcome !== null && waiting.delete(asset) ? [{ asset, outcome }] : [],
      )
      await finish(ended)
      if (waiting.size === 0) return
      if (!cancelled && halted()) {
        cancelled = true
        await engine.cancel(handle, signal)
      }
      await nextEnd(engine, handle, parts.pollSeconds, signal)
    }
  }

  function request(state: ProposalState, key: string, assets: readonly string[]): Batch {
    const { subject } = state
    if (subject.kind !== 'patches') return { key, deployments: [] }
    const { reboot, restartServices } = state.policy
    const deployments = assets.flatMap((id) => {
      const planned = plannedOf(subject, id)
      if (!planned) return []
      const { asset, changes, transaction } = planned
      return [{ asset, changes, transaction, reboot, restartServices, notAfter: null }]
    })
    return { key, deployments }
  }

  return { session, lookAgain: verifying.lookAgain }
}

/** Until an asset of the start has ended, where the engine can tell, or for so many seconds. */
async function nextEnd(
  engine: DeployEngine,
  handle: DeploymentHandle,
  seconds: number,
  signal: AbortSignal,
): Promise<void> {
  if (engine.wait) await engine.wait(handle, seconds, signal)
  else await sleep(seconds * 1_000, undefined, { signal })
}
