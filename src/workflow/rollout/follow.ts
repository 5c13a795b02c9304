/** Follows the work that an engine has begun, until all of it has ended. */

import { setTimeout as sleep } from 'node:timers/promises'
import { sentence } from '../../chat/rich-text.ts'
import type { Observation } from '../../core/asset.ts'
import { firstNames } from '../../core/first-names.ts'
import { heldBack } from '../../core/held-back.ts'
import { limits } from '../../core/limits.ts'
import { endOfSpan, isAhead, nextLook } from '../../core/next-look.ts'
import { notAllowed, notBegun, STOPPED, TIME_OVER } from '../../core/not-begun.ts'
import type { DeployEngine, DeploymentHandle, DeploymentOutcome, DeploymentReport } from '../../core/ports.ts'
import type { RecordedOutcome } from '../../core/proposal/event.ts'
import type { HandOver } from '../../core/rollout/hand-over.ts'
import { assetName } from '../../core/rollout/tally.ts'
import {
  counted,
  lastMoment,
  nextMoment,
  saidBy,
  servers,
  silentOutcome,
  type ToldStart,
  toldStart,
} from '../../core/rollout/told.ts'
import { isBefore, minuteOf, plusSeconds } from '../../core/time/instant.ts'
import { answered, Unanswered } from './shared-poll.ts'
import { asked, problemsOf, recordCalls, tell, tellTakenBack, type Work } from './start.ts'

interface Following {
  readonly work: Work
  readonly engine: DeployEngine
  readonly handle: DeploymentHandle
  /** The times of the start; `null`: its work began at once. */
  readonly told: ToldStart | null
  /** Assets that have not ended. */
  readonly waiting: Set<string>
  /** When each asset said its last word, ISO 8601 UTC, by id. */
  readonly heard: Map<string, string>
  /** Assets of which the thread knows that our own upgrade reboots them. */
  readonly rebooting: Set<string>
  /** True: somebody has stopped the rollout, and the engine was told. */
  cancelled: boolean
  /** True: the window is over, and what had not begun was taken back. */
  windowOver: boolean
  /** When to look again, as it was stored, ISO 8601 UTC; `null`: soon. */
  next: string | null
  /** When this process last stopped assets of the start, ISO 8601 UTC; `null`: never. */
  stoppedAt: string | null
}

/** `waiting`: the assets to follow. */
export async function follow(
  work: Work,
  engine: DeployEngine,
  handle: DeploymentHandle,
  waiting: Set<string>,
): Promise<void> {
  const { state, mine, notes, ask, away, signal } = work
  const told = toldStart(state, mine)
  const first = { cancelled: false, windowOver: notes.windowOver, next: notes.nextLook, stoppedAt: null }
  const following: Following = { work, engine, handle, told, waiting, heard: new Map(), rebooting: new Set(), ...first }
  // The time that the engine gave to an earlier process is still valid.
  if (following.next !== null) await untilNextLook(following)
  while (waiting.size > 0) {
    signal.throwIfAborted()
    const reports = await pollOrWait(following)
    if (reports === null) continue
    const ended = reports.flatMap(({ asset, outcome }) =>
      outcome !== null && waiting.has(asset) ? [{ asset, outcome }] : [],
    )
    const answers = ended.some(({ outcome }) => outcome.state === 'not begun') ? await ask() : null
    await end(
      following,
      ended.map(({ asset, outcome }) => {
        // An asset that did not begin before a crash, and may not begin any more, is not tried again.
        const problem = outcome.state === 'not begun' ? away.get(asset) : undefined
        if (problem !== undefined) return { asset, outcome: heldBack(problem) }
        return { asset, outcome: explained(outcome, answers?.get(asset), following.cancelled) }
      }),
      new Map(reports.flatMap(({ asset, look }) => (look === undefined ? [] : [[asset, look]]))),
    )
    await takeBack(following)
    await afterWindow(following)
    if (waiting.size === 0) return
    // Stored only after the ends are recorded. After a crash the next process must ask for them again.
    const said = new Map(reports.map(({ asset, lookAgainAt }) => [asset, lookAgainAt]))
    const running = [...waiting].map((asset) => said.get(asset))
    await lookAt(following, lookAfter(following, running))
    await untilNextLook(following)
  }
}

/**
 * The reports that count. `null`: the system of a start that was told ahead cannot be asked. Then the thread is told, and
 * this waits until the next attempt. When the time for reports is over, its assets end as silent.
 */
async function pollOrWait(following: Following): Promise<readonly DeploymentReport[] | null> {
  const { work, engine, told, waiting } = following
  try {
    return await poll(following)
  } catch (error) {
    work.signal.throwIfAborted()
    if (told === null || !(error instanceof Unanswered)) throw error
    const now = work.deploying.parts.clock().toISOString()
    const problem = error.message
    if (work.waitingEnded() || !isBefore(now, told.silentAt)) await endSilent(following, problem)
    if (waiting.size === 0) return null
    await tell(work, `${engine.name} could not be asked how far it is: ${sentence(problem)} It is asked again.`)
    await lookAt(following, earlier(plusSeconds(now, limits.unansweredSeconds), momentOf(following)))
    await untilNextLook(following)
    return null
  }
}

/** The reports that count, and what others changed in the system. */
async function poll({
  work,
  engine,
  handle,
  told,
  heard,
  rebooting,
  stoppedAt,
}: Following): Promise<readonly DeploymentReport[]> {
  const { deploying, signal } = work
  await work.quiet()
  const moment = told === null ? null : lastMoment(told, deploying.parts.clock().toISOString())
  const reports = await deploying.readReports(engine, handle, latest(stoppedAt, moment), signal)
  for (const report of reports) {
    const saidAt = saidBy(report)
    if (saidAt != null) heard.set(report.asset, saidAt)
  }
  await tellReboots(work, reports, rebooting)
  const differences = await answered(async () => engine.compare?.(handle, signal))
  for (const difference of differences ?? []) await tell(work, difference)
  await recordCalls(work, engine)
  return told === null ? reports : reports.map((report) => counted(report, told))
}

/** Our own reboots are announced, so that nobody looks for another cause when a server is away. */
async function tellReboots(work: Work, reports: readonly DeploymentReport[], told: Set<string>): Promise<void> {
  const fresh = reports.filter(({ asset, rebootingSince }) => rebootingSince !== undefined && !told.has(asset))
  const [first] = fresh
  if (first?.rebootingSince === undefined) return
  for (const { asset } of fresh) told.add(asset)
  const names = firstNames(fresh.map(({ asset }) => assetName(work.state, asset)))
  const it = fresh.length === 1 ? 'it' : 'them'
  await tell(
    work,
    `${names}: Patchwarden told ${it} to reboot at ${minuteOf(first.rebootingSince)} UTC, because what was installed asks for that.`,
  )
}

/** Records ends. The assets are not followed any more. */
async function end(
  following: Following,
  ended: readonly RecordedOutcome[],
  looks?: ReadonlyMap<string, Observation>,
): Promise<void> {
  const { work, waiting } = following
  for (const { asset } of ended) waiting.delete(asset)
  if (waiting.size === 0) await lookAt(following, null)
  await work.finish(ended, looks)
}

/** Takes back what was told ahead and does not hold any more. */
async function takeBack(following: Following): Promise<void> {
  const { work, told, waiting } = following
  if (told === null || waiting.size === 0) return
  if (!isBefore(work.deploying.parts.clock().toISOString(), told.notBefore)) return
  const answers = await work.ask()
  for (const [problem, assets] of problemsOf(answers, [...waiting]))
    await stop(following, assets, problem, (asset) => {
      const answer = answers.get(asset)
      return answer !== undefined && 'problem' in answer ? notAllowed(answer) : notBegun(problem)
    })
}

const WINDOW_OVER = 'Its window is over'

/** After the window: takes back what has not begun, and ends what is silent. To be called after a poll. */
async function afterWindow(following: Following): Promise<void> {
  const { work, told, waiting, heard } = following
  const now = work.deploying.parts.clock().toISOString()
  if (told === null || waiting.size === 0) return
  if (work.waitingEnded()) return endSilent(following)
  if (isBefore(now, told.notAfter)) return
  if (!following.windowOver) {
    following.windowOver = true
    // An asset that was never heard since may have been off. Only its silence can end it.
    const startedAt = work.mine[0]?.startedAt ?? now
    const spoke = (asset: string) => isBefore(startedAt, heard.get(asset) ?? startedAt)
    await stop(following, [...waiting], WINDOW_OVER, (asset) => (spoke(asset) ? notBegun(TIME_OVER) : null))
    await work.deploying.book.noteWindowOver(work.key)
  }
  if (!isBefore(now, told.silentAt)) await endSilent(following)
}

async function endSilent(following: Following, unasked: string | null = null): Promise<void> {
  const { waiting, heard } = following
  await end(
    following,
    [...waiting].map((asset) => ({ asset, outcome: silentOutcome(heard.get(asset) ?? null, unasked) })),
  )
}

/** Stops assets, tells the thread what that reached, and ends those that were taken back. `outcome` `null`: not yet. */
async function stop(
  following: Following,
  assets: readonly string[],
  why: string,
  outcome: (asset: string) => DeploymentOutcome | null,
): Promise<void> {
  const { work, engine, handle } = following
  const cancel = () => engine.cancel(handle, work.signal, assets)
  const reports = (await asked(work, engine, `take back ${servers(assets.length)}`, cancel)) ?? []
  await recordCalls(work, engine)
  following.stoppedAt = work.deploying.parts.clock().toISOString()
  const goesOn = why === WINDOW_OVER
  await tellTakenBack(work, { why: why.replace(/\.$/, ''), goesOn }, reports)
  await end(
    following,
    reports.flatMap(({ asset, state }): RecordedOutcome[] => {
      const ended = state === 'stopped' ? outcome(asset) : null
      return ended === null ? [] : [{ asset, outcome: ended }]
    }),
  )
}

/** When to look again. `said`: what the engine says of each running asset. `null`: soon. */
function lookAfter(following: Following, said: readonly (string | undefined)[]): string | null {
  const { clock, pollSeconds } = following.work.deploying.parts
  if (following.told === null) return nextLook(said, clock(), pollSeconds)
  // An asset that is overdue has no time of its own any more. Nobody waits for it at every moment.
  const ahead = said.filter((at) => at !== undefined && isAhead(at, clock()))
  const look = nextLook(ahead, clock(), pollSeconds)
  const { sharedPoll } = following.engine
  const together = look === null || sharedPoll === undefined ? look : endOfSpan(look, sharedPoll.everySeconds)
  return earlier(together, momentOf(following))
}

/** When the start must be looked at, whatever its engine says; `null`: at no certain time. */
function momentOf({ work, engine, told }: Following): string | null {
  if (told === null) return null
  const now = work.deploying.parts.clock().toISOString()
  const comparison = engine.compare === undefined ? null : plusSeconds(now, limits.compareSeconds)
  return earlier(comparison, nextMoment(told, now))
}

/** The later of two instants; `null`: none, and the other counts. */
function latest(a: string | null, b: string | null): string | null {
  if (a === null || b === null) return a ?? b
  return isBefore(a, b) ? b : a
}

/** `null`: no time, and the other counts. */
function earlier(a: string | null, b: string | null): string | null {
  if (a === null || b === null) return a ?? b
  return isBefore(a, b) ? a : b
}

async function lookAt(following: Following, at: string | null): Promise<void> {
  if (at === following.next) return
  const { deploying, key } = following.work
  await deploying.book.noteNextLook(key, at)
  following.next = at
}

/** Waits until the next look. After a stop it tells the engine at once and looks soon. */
async function untilNextLook(following: Following): Promise<void> {
  const { work, engine, handle } = following
  const { deploying, stopped, signal } = work
  const { clock, pollSeconds } = deploying.parts
  for (;;) {
    if (!following.cancelled && stopped()) {
      following.cancelled = true
      await lookAt(following, null)
      await stop(following, [...following.waiting], 'Stopped', () => notBegun(STOPPED))
    } else await takeBack(following)
    // Silence is judged after one more poll.
    if (following.waiting.size === 0 || (following.told !== null && work.waitingEnded())) return
    const over = following.next === null || !isAhead(following.next, clock())
    work.rests(over || !work.idle() ? null : following.next)
    if (following.next === null) return nextEnd(engine, handle, pollSeconds, signal)
    if (over) return
    await sleep(pollSeconds * 1_000, undefined, { signal })
  }
}

/**
 * Improves the reason why nothing was begun. If we would still allow it, the asset's clock is ahead of ours. It would
 * refuse again at once, so it may only be tried after its time limit.
 */
function explained(outcome: DeploymentOutcome, answer: HandOver | undefined, cancelled: boolean): DeploymentOutcome {
  if (outcome.state !== 'not begun' || answer === undefined) return outcome
  if ('problem' in answer) return answer.over ? outcome : { ...outcome, ...notAllowed(answer), log: outcome.log }
  return cancelled || answer.notAfter === null ? outcome : { ...outcome, notBefore: answer.notAfter }
}

/** Waits until an asset of the start has ended, if the engine can tell; otherwise for this many seconds. */
async function nextEnd(
  engine: DeployEngine,
  handle: DeploymentHandle,
  seconds: number,
  signal: AbortSignal,
): Promise<void> {
  if (engine.wait) await engine.wait(handle, seconds, signal)
  else await sleep(seconds * 1_000, undefined, { signal })
}
