import { errorText } from '../../core/error-text.ts'
import { heldBack } from '../../core/held-back.ts'
import { DAY_MS } from '../../core/time/instant.ts'
import type { PackageRequest } from '../package-engine.ts'
import { apt } from '../upgrade-journal/apt.ts'
import { otherAsset } from '../upgrade-journal/follow.ts'
import { planLines } from '../upgrade-journal/plan.ts'
import { followScript, startScript } from '../upgrade-journal/script.ts'
import { commandText } from './answer.ts'
import { type InstanceState, instanceStates, recentCommands, type SsmProblem } from './client.ts'
import { startComment } from './comment.ts'
import { send } from './courier.ts'
import type { StartedAsset } from './handle.ts'
import { instanceOf } from './instance.ts'
import { ATTEND_SECONDS, lost, MARK, noInstance, type Run, refusable, unfitness } from './run.ts'

/** Older commands are not searched. The journal on the host still prevents a second run of the key. */
const RECENT_MS = 3 * DAY_MS

/** The start of one batch. */
interface Start extends Run {
  /** The requests to start, by instance. Each instance is started once. */
  readonly owners: Map<string, PackageRequest>
  /** The results so far, by asset. */
  readonly settled: Map<string, StartedAsset>
}

/** Starts the upgrades that have not been started under this key before. */
export async function start(run: Run, deployments: readonly PackageRequest[]): Promise<readonly StartedAsset[]> {
  const starting: Start = { ...run, owners: new Map(), settled: new Map() }
  for (const request of deployments) {
    const instance = instanceOf(request.asset)
    if (instance === null) settle(starting, '', request, heldBack(noInstance(request.asset.name)))
    else if (starting.owners.has(instance)) settle(starting, instance, request, otherAsset(request.asset.name))
    else starting.owners.set(instance, request)
  }
  const seen = await refusable(async () => ({
    known: starting.owners.size === 0 ? new Map<string, string>() : await earlier(run),
    states: await instanceStates(run.engine.ssm, [...starting.owners.keys()], run.signal),
  }))
  if (typeof seen === 'string') {
    for (const [instance, request] of starting.owners) settle(starting, instance, request, heldBack(seen))
  } else {
    const texts = textsToSend(starting, seen)
    await Promise.all([...texts].map(([text, some]) => sendStart(starting, text, some)))
  }
  return deployments.flatMap(({ asset }) => starting.settled.get(asset.id) ?? [])
}

function settle(start: Start, instance: string, { asset }: PackageRequest, outcome: StartedAsset['outcome']): void {
  start.settled.set(asset.id, { asset: asset.id, name: asset.name, instance, command: null, outcome })
}

function settleStarted(start: Start, instance: string, { asset }: PackageRequest, command: string): void {
  start.settled.set(asset.id, { asset: asset.id, name: asset.name, instance, command, outcome: null })
}

type Instances = ReadonlyMap<string, PackageRequest>

/**
 * The text for each instance that can be started and was not started before. Instances with the same text share one
 * command.
 */
function textsToSend(
  start: Start,
  {
    known,
    states,
  }: { readonly known: ReadonlyMap<string, string>; readonly states: ReadonlyMap<string, InstanceState> },
): ReadonlyMap<string, Instances> {
  const byText = new Map<string, Map<string, PackageRequest>>()
  const now = start.engine.clock()
  for (const [instance, request] of start.owners) {
    const command = known.get(instance)
    if (command !== undefined) {
      settleStarted(start, instance, request, command)
      continue
    }
    const unfit = unfitness(request.asset.name, instance, states.get(instance) ?? 'unknown')
    if (unfit !== null) {
      settle(start, instance, request, unfit)
      continue
    }
    try {
      const text = startText(start, request, now)
      byText.set(text, (byText.get(text) ?? new Map<string, PackageRequest>()).set(instance, request))
    } catch (error) {
      settle(start, instance, request, heldBack(errorText(error)))
    }
  }
  return byText
}

async function sendStart(start: Start, text: string, instances: Instances): Promise<void> {
  const { engine, key, signal } = start
  const sent = await send(engine.courier, [...instances.keys()], { text, comment: startComment(key) }, signal)
  for (const [instance, request] of instances) {
    const came = sent.get(instance)
    if (came === undefined) continue
    if ('command' in came) settleStarted(start, instance, request, came.command)
    else settle(start, instance, request, came.problem.sent ? null : notSent(request.asset.name, came.problem))
  }
}

function startText({ engine, key }: Run, request: PackageRequest, now: Date): string {
  const { changes, transaction, reboot, restartServices, notAfter } = request
  const begin = startScript({
    manager: apt,
    key,
    changes,
    transaction,
    assetMark: MARK,
    plan: planLines(apt, transaction),
    reboot: reboot === 'if required',
    restartServices: restartServices === 'if required',
    lockSeconds: engine.patience.lockSeconds,
    notAfter,
    now,
    attach: false,
    look: false,
  })
  const look = followScript({ manager: apt, key, stop: null, attach: false, look: false })
  return commandText({ begin, look, attendSeconds: ATTEND_SECONDS })
}

/** Returns the commands that were sent for the key before, by instance. */
async function earlier(run: Run): Promise<ReadonlyMap<string, string>> {
  const found = new Map<string, string>()
  for (const { id, instances } of await startsOf(run)) {
    // The list begins with the newest command. The oldest one began the run, so it is set last.
    for (const instance of instances) found.set(instance, id)
  }
  return found
}

/**
 * Returns another command that starts this upgrade; `null`: none. Processes that start at the same moment each send a
 * command, and only one of these may have worked.
 */
export async function startedElsewhere(run: Run, { instance, command }: StartedAsset): Promise<string | null> {
  const own = (await startsOf(run)).filter(({ instances }) => instances.includes(instance))
  return own.find(({ id }) => id !== command)?.id ?? null
}

/** Returns the commands that start this run, the newest first. */
async function startsOf({ engine, key, signal }: Run) {
  const since = new Date(engine.clock().getTime() - RECENT_MS)
  const commands = await recentCommands(engine.ssm, engine.document, since, signal)
  return commands.filter(({ comment }) => comment === startComment(key))
}

function notSent(name: string, problem: SsmProblem): StartedAsset['outcome'] {
  if (problem.code === 'InvalidInstanceId') return lost(name, 'Systems Manager does not know its instance')
  return heldBack(`${name} was not started: ${problem.message}`)
}
