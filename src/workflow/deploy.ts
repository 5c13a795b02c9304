import { setTimeout as sleep } from 'node:timers/promises'
import type { Asset, Observation } from '../core/asset.ts'
import { awayProblem, GONE } from '../core/away.ts'
import { isAhead, nextLook } from '../core/next-look.ts'
import { notBegun } from '../core/not-begun.ts'
import type { Batch, DeployEngine, DeploymentHandle, DeploymentOutcome, HealthResult } from '../core/ports.ts'
import type { RecordedOutcome } from '../core/proposal/event.ts'
import type { Actor, Deployment, PatchSubject, ProposalState } from '../core/proposal/proposal.ts'
import { plannedNow } from '../core/proposal/since.ts'
import { restores } from '../core/rollback.ts'
import { type HandOver, stopProblem } from '../core/rollout/hand-over.ts'
import { unfinishedDeployments } from '../core/rollout/run.ts'
import { readAssets } from '../store/inventory.ts'
import type { Execute } from './execute.ts'
import type { WorkflowParts } from './ports.ts'
import { createPrepare } from './prepare.ts'
import { createRecording, type Recording } from './recording.ts'
import { createRunBook, type RunNotes } from './run-book.ts'
import { createSilences } from './silence.ts'
import { createVerify } from './verify.ts'

const rollout: Actor = { kind: 'system', part: 'rollout' }

/** Between the session of a proposal and each of its starts. */
interface Watch {
  readonly recording: Recording
  /** Has somebody, or a gate, stopped the rollout or the test, as it was last read? */
  readonly stopped: () => boolean
}

/** One start of a proposal: its assets that have not come to their end. */
interface Start {
  readonly state: ProposalState
  readonly subject: PatchSubject
  readonly key: string
  readonly mine: readonly Deployment[]
  readonly notes: RunNotes
  /** Its assets as the inventory had them when work on it began here, by id: where to reach them. */
  readonly present: ReadonlyMap<string, Asset>
  /** Why nothing may be begun on some of them any more, by id. */
  readonly away: ReadonlyMap<string, string>
  /** Whether each of them may begin at this moment. */
  readonly ask: () => Promise<ReadonlyMap<string, HandOver>>
}

/** `looks`: what assets said of themselves when they had ended, by id. */
type Finish = (ended: readonly RecordedOutcome[], looks?: ReadonlyMap<string, Observation>) => Promise<void>

/**
 * Brings started assets to their end: prepared, deployed, then verified from their own fresh package list. Assets that
 * were started together go together; several such starts go on side by side, so that the next can begin as soon as one
 * asset is done.
 */
export function createDeploy(parts: WorkflowParts, { execute, askHandOver }: Pick<Execute, 'execute' | 'askHandOver'>) {
  const book = createRunBook(parts)
  const { prepare, restore } = createPrepare(parts)
  const silences = createSilences(parts)
  const verifying = createVerify(parts)

  /** Work on one proposal for as long as somebody drives it. */
  function session(proposal: string, signal: AbortSignal) {
    const going = new Map<string, Promise<void>>()
    const endedAt = new Map<string, number>()
    let version = 0
    let heard: () => void = () => undefined
    let problem: { readonly error: unknown } | null = null
    let stopped = false
    const recording = createRecording(parts, execute, proposal, changed, signal)
    const watch: Watch = { recording, stopped: () => stopped }

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
        stopped = stopProblem(state) !== null
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
      /** The last look at these assets, before the rollout is called complete. */
      lookAgain: (state: ProposalState, assets: readonly string[]) =>
        verifying.lookAgain(state, assets, recording, signal),
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
    const ids = mine.map(({ asset }) => asset)
    const present = await readAssets(parts.db, ids)
    const away = new Map<string, string>()
    for (const id of ids) {
      const problem = awayProblem(present.get(id), subject.engine)
      if (problem !== null) away.set(id, problem)
    }
    const notes = await book.notesOf(key)
    const start = { state, subject, key, mine, notes, present, away, ask: asking(state, mine) }
    const assets = workedOn(start)
    const reason = `${state.id} patches ${assets.length === 1 ? (assets[0]?.name ?? '') : `${assets.length} assets`}`
    const silence = (await nothingBegins(start)) ? null : (subject.silence ?? null)
    const { problem } = await silences.during(silence, key, assets, reason, signal, () => work(start, watch, signal))
    if (problem !== null) await execute(state.id, { type: 'note', text: problem }, rollout)
  }

  /** Asks whether the assets of a start may begin now. Those who ask at the same moment share the answer. */
  function asking(state: ProposalState, mine: readonly Deployment[]): Start['ask'] {
    const assets = mine.map(({ asset }) => asset)
    const since = parts.clock().toISOString()
    let asked: ReturnType<Start['ask']> | null = null
    return () => {
      const answers = asked ?? askHandOver(state, assets, since)
      asked = answers
      return answers.finally(() => {
        if (asked === answers) asked = null
      })
    }
  }

  /** Nothing has begun and nothing may: the monitoring has nothing to be silent about. */
  async function nothingBegins({ mine, notes, away, ask }: Start): Promise<boolean> {
    if (wasBegun(notes) || mine.some(({ outcome }) => outcome !== null)) return false
    return [...(await ask())].every(([asset, answer]) => 'problem' in answer || away.has(asset))
  }

  async function work(start: Start, { recording, stopped }: Watch, signal: AbortSignal): Promise<void> {
    const { state, subject, key, mine, notes } = start
    const check = verifying.verifier({ state, key, present: start.present, known: notes.before }, recording, signal)
    async function finish(ended: readonly RecordedOutcome[], looks?: ReadonlyMap<string, Observation>): Promise<void> {
      if (ended.length === 0) return
      // An outcome is known whatever a look at the asset finds.
      await recording.outcomes(ended)
      check.add(ended, looks)
    }
    const all = mine.map(({ asset }) => asset)
    const open = mine.filter((item) => item.outcome === null).map((item) => item.asset)
    recording.expect({ outcomes: open, verifications: all })
    try {
      check.add(mine.flatMap(({ asset, outcome }) => (outcome === null ? [] : [{ asset, outcome }])))
      const engine = parts.engines.get(subject.engine)
      if (open.length > 0 && !engine) {
        const reason = `the engine "${subject.engine}" is not configured any more`
        if (notes.nextLook !== null) await book.noteNextLook(key, null)
        await finish(open.map((asset) => ({ asset, outcome: heldBack(reason) })))
      } else if (open.length > 0 && restores(subject)) {
        await putBack(start, open, finish, signal)
      } else if (open.length > 0 && engine) {
        const begun = await begin(start, engine, open, check.before, finish, signal)
        if (begun !== null)
          await follow(start, engine, begun.handle, new Set(begun.assets), { stopped, finish }, signal)
      }
    } finally {
      // What has ended is looked at, whatever became of the rest.
      await check.done().finally(() => recording.forget(all))
    }
  }

  /** Of these assets those that are where the decision left them; the others have come to their end. */
  async function found(
    { away }: Start,
    assets: readonly string[],
    finish: Finish,
    outcome: (problem: string) => DeploymentOutcome = heldBack,
  ): Promise<readonly string[]> {
    await finish(
      assets.flatMap((asset): RecordedOutcome[] => {
        const problem = away.get(asset)
        return problem === undefined ? [] : [{ asset, outcome: outcome(problem) }]
      }),
    )
    return assets.filter((asset) => !away.has(asset))
  }

  /** Of what was about to be started before a crash, what can be asked whether it was: the rest has come to its end. */
  async function foundAgain(
    { present }: Start,
    starting: readonly string[],
    open: readonly string[],
    finish: Finish,
  ): Promise<readonly string[]> {
    const about = new Set(starting)
    const outcome = { state: 'unreachable', reason: `It is ${GONE}`, touched: true, log: '' } as const
    await finish(open.filter((asset) => about.has(asset) && !present.has(asset)).map((asset) => ({ asset, outcome })))
    return starting.filter((asset) => present.has(asset))
  }

  /** Of these assets those that may begin; the others have come to their end. */
  async function allowed(
    { ask }: Start,
    assets: readonly string[],
    finish: Finish,
    outcome: (problem: string) => DeploymentOutcome = notBegun,
  ): Promise<readonly string[]> {
    if (assets.length === 0) return []
    const answers = await ask()
    const refused = assets.flatMap((asset): RecordedOutcome[] => {
      const answer = answers.get(asset)
      if (answer === undefined || 'notAfter' in answer) return []
      return [{ asset, outcome: outcome(answer.problem) }]
    })
    await finish(refused)
    const out = new Set(refused.map(({ asset }) => asset))
    return assets.filter((asset) => !out.has(asset))
  }

  /** Snapshots are put back. After a crash nobody knows how far that came: it is begun again where it still may be. */
  async function putBack(start: Start, open: readonly string[], finish: Finish, signal: AbortSignal): Promise<void> {
    const { state, subject, key, notes } = start
    const fresh = notes.starting === null
    const there = await found(start, open, finish, fresh ? heldBack : (problem) => halfPutBack(`${problem}.`))
    const ready = await allowed(start, there, finish, fresh ? notBegun : halfPutBack)
    if (ready.length === 0) return
    if (fresh) await book.noteStarting({ key, proposal: state.id, engine: subject.engine }, ready, new Map())
    await finish(await restore(subject, await request(start, ready), signal))
  }

  /**
   * Looks, prepares, then starts; whether it may is asked before the first step and right before the engine is called.
   * What will be started is written down before that: after a crash the engine is called again with the same key and the
   * same assets, and re-attaches. Whatever may not begin by then, it is told not to begin.
   */
  async function begin(
    start: Start,
    engine: DeployEngine,
    open: readonly string[],
    before: Map<string, readonly HealthResult[]>,
    finish: Finish,
    signal: AbortSignal,
  ): Promise<{ readonly handle: DeploymentHandle; readonly assets: readonly string[] } | null> {
    const { state, key, notes, ask } = start
    const noted = { key, proposal: state.id, engine: engine.name }
    if (notes.handle !== null) return { handle: { key, data: notes.handle }, assets: open }
    let ready = notes.starting === null ? null : await foundAgain(start, notes.starting, open, finish)
    if (ready === null) {
      const some = await allowed(start, await found(start, open, finish), finish)
      if (some.length === 0) return null
      async function problemOf(asset: string): Promise<string | null> {
        const answer = (await ask()).get(asset)
        return answer !== undefined && 'problem' in answer ? answer.problem : null
      }
      const prepared = await prepare(state, engine, await request(start, some), problemOf, signal)
      for (const [asset, health] of prepared.before) before.set(asset, health)
      await finish(prepared.refused)
      ready = await allowed(start, prepared.ready, finish)
      if (ready.length === 0) return null
      await book.noteStarting(noted, ready, prepared.before)
    }
    if (ready.length === 0) return null
    const handle = await engine.start(await request(start, ready), signal)
    await book.noteHandle(noted, handle.data)
    return { handle, assets: ready }
  }

  async function follow(
    { key, notes, ask, away }: Start,
    engine: DeployEngine,
    handle: DeploymentHandle,
    waiting: Set<string>,
    { stopped, finish }: Pick<Watch, 'stopped'> & { readonly finish: Finish },
    signal: AbortSignal,
  ): Promise<void> {
    let cancelled = false
    let next = notes.nextLook

    async function lookAt(at: string | null): Promise<void> {
      if (at === next) return
      await book.noteNextLook(key, at)
      next = at
    }

    /** Until it is worth looking again. A stop does not wait for that: the engine is told, and looked at soon. */
    async function untilNextLook(): Promise<void> {
      for (;;) {
        if (!cancelled && stopped()) {
          cancelled = true
          await lookAt(null)
          await engine.cancel(handle, signal)
        }
        if (next === null) return nextEnd(engine, handle, parts.pollSeconds, signal)
        if (!isAhead(next, parts.clock())) return
        await sleep(parts.pollSeconds * 1_000, undefined, { signal })
      }
    }

    // What it said to a process before this one holds.
    if (next !== null) await untilNextLook()
    while (waiting.size > 0) {
      signal.throwIfAborted()
      const reports = await engine.poll(handle, signal)
      const ended = reports.flatMap(({ asset, outcome }) =>
        outcome !== null && waiting.delete(asset) ? [{ asset, outcome }] : [],
      )
      if (waiting.size === 0) await lookAt(null)
      const answers = ended.some(({ outcome }) => outcome.state === 'not begun') ? await ask() : null
      await finish(
        ended.map(({ asset, outcome }) => {
          // What did not begin before a crash does not come again, where it may not begin any more.
          const problem = outcome.state === 'not begun' ? away.get(asset) : undefined
          if (problem !== undefined) return { asset, outcome: heldBack(problem) }
          return { asset, outcome: explained(outcome, answers?.get(asset), cancelled) }
        }),
        new Map(reports.flatMap(({ asset, look }) => (look === undefined ? [] : [[asset, look]]))),
      )
      if (waiting.size === 0) return
      // Not before the ends are recorded: whoever comes after a crash has to ask for them again.
      const said = new Map(reports.map(({ asset, lookAgainAt }) => [asset, lookAgainAt]))
      const running = [...waiting].map((asset) => said.get(asset))
      await lookAt(nextLook(running, parts.clock(), parts.pollSeconds))
      await untilNextLook()
    }
  }

  /** With the time of each asset, as it is now: none is left where it may not begin any more. */
  async function request({ state, key, present, away, ask }: Start, assets: readonly string[]): Promise<Batch> {
    const { reboot, restartServices } = state.policy
    const answers = await ask()
    const now = parts.clock().toISOString()
    const deployments = assets.flatMap((id) => {
      const planned = plannedNow(state, id)
      const asset = present.get(id)
      if (planned === null || asset === undefined) return []
      const { changes, transaction } = planned
      const answer = answers.get(id)
      const may = answer !== undefined && 'notAfter' in answer && !away.has(id)
      const notAfter = may ? answer.notAfter : now
      return [{ asset, changes, transaction, reboot, restartServices, notAfter }]
    })
    return { key, deployments }
  }

  return { session }
}

/** Has it come so far that something may have begun? */
function wasBegun({ starting, handle }: RunNotes): boolean {
  return starting !== null || handle !== null
}

/** Assets to which something is done, or was: the others of the start are left alone. */
function workedOn({ mine, notes, present, away }: Start): readonly Asset[] {
  return mine.flatMap(({ asset, outcome }) =>
    away.has(asset) && outcome === null && !wasBegun(notes) ? [] : (present.get(asset) ?? []),
  )
}

function heldBack(reason: string): DeploymentOutcome {
  return { state: 'held back', reason, log: '' }
}

function halfPutBack(problem: string): DeploymentOutcome {
  const reason = `Patchwarden was stopped while its snapshot was being put back, and may not go on: ${problem} Look at it, then try it again`
  return { state: 'failed', reason, log: '' }
}

/**
 * Why nothing was begun, as we know it. Where it might still begin for all we know, the asset's own clock is ahead of ours:
 * it would refuse again at once, so that it comes when this time is over.
 */
function explained(outcome: DeploymentOutcome, answer: HandOver | undefined, cancelled: boolean): DeploymentOutcome {
  if (outcome.state !== 'not begun' || answer === undefined) return outcome
  if ('problem' in answer) return answer.over ? outcome : { ...outcome, reason: answer.problem }
  return cancelled || answer.notAfter === null ? outcome : { ...outcome, notBefore: answer.notAfter }
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
