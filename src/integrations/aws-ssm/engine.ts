import { errorText } from '../../core/error-text.ts'
import { notBegun, STOPPED } from '../../core/not-begun.ts'
import type {
  Batch,
  DeployEngine,
  DeploymentHandle,
  DeploymentOutcome,
  DeploymentReport,
  DeploymentRequest,
  PreflightResult,
} from '../../core/ports.ts'
import { DAY_MS } from '../../core/time/instant.ts'
import { apt } from '../ssh/apt.ts'
import { otherAsset, parseProgress } from '../ssh/follow.ts'
import { judge, parseLook, transactionOf } from '../ssh/look.ts'
import { createPatience, type PatienceOptions, type Standing } from '../ssh/patience.ts'
import { planLines } from '../ssh/plan.ts'
import { checkKey, followScript, lookScript, startScript } from '../ssh/script.ts'
import { commandText } from './answer.ts'
import { createSsm, INSTANCES_PER_CALL, type InstanceState, type SsmOptions, SsmProblem } from './client.ts'
import { followComment, startComment } from './comment.ts'
import { createCourier, type Heard } from './courier.ts'
import { makeHandle, readHandle, type StartedAsset } from './handle.ts'
import { instanceOf } from './instance.ts'

export interface SsmEngineOptions extends SsmOptions, PatienceOptions {
  readonly name: string
  /** Runs the parameter `commands` as root on Linux. Default `AWS-RunShellScript`. */
  readonly document?: string
  /** Seconds between two looks at a command that is waited for. Default 2. */
  readonly lookSeconds?: number
}

/** Systems Manager waits no shorter for an agent. */
const DELIVERY_SECONDS = 60
/** A command stays with an upgrade for so long, so that most need only the one. */
const ATTEND_SECONDS = 45
/** Start waits up to 30 s for the runner, look up to 90 s for slow package lists. */
const RUN_SECONDS = 180
/** A key that is older is nobody's any more, and its host's journal still keeps it from running again. */
const RECENT_MS = 3 * DAY_MS
/** The journal on the host belongs to the instance; two assets that are one instance are found out before. */
const MARK = 'aws-ssm'

/**
 * Upgrades instances with apt through Run Command of AWS Systems Manager: the same scripts and the same journal on the
 * host as over SSH, so that the approved transaction runs, exactly and once, and the agent only carries words.
 */
export function createSsmEngine(options: SsmEngineOptions): DeployEngine {
  const { name, region, clock } = options
  const document = options.document ?? 'AWS-RunShellScript'
  const patience = createPatience(options)
  const { lockSeconds } = patience
  const ssm = createSsm(options)
  const courier = createCourier({
    ssm,
    document,
    deliverySeconds: DELIVERY_SECONDS,
    runSeconds: RUN_SECONDS,
    lookSeconds: options.lookSeconds ?? 2,
  })
  /** The command that was sent last to follow an upgrade, by run and instance. A restarted process sends another. */
  const following = new Map<string, string>()

  async function look(request: DeploymentRequest, key: string, state: InstanceState, signal: AbortSignal) {
    const { asset, changes, transaction } = request
    const instance = instanceOf(asset)
    if (instance === null) return refused(asset.id, heldBack(noInstance(asset.name)))
    const unfit = unfitness(asset.name, instance, state)
    if (unfit !== null) return refused(asset.id, unfit)
    try {
      const text = commandText({
        look: lookScript({ manager: apt, key, changes, transaction }, { preflight: true }),
        attendSeconds: 0,
      })
      const heard = await courier.ask(instance, text, followComment(key), signal)
      if (heard.kind === 'nothing' && !heard.reached) return refused(asset.id, lost(asset.name, heard.reason))
      if (heard.kind !== 'answer') return refused(asset.id, heldBack(said(asset.name, heard)))
      const fitness = judge(apt, heard.text, request, lockSeconds)
      if (!fitness.fit) return refused(asset.id, fitness.outcome)
      return { asset: asset.id, ready: true as const, notes: fitness.notes }
    } catch (error) {
      signal.throwIfAborted()
      if (error instanceof SsmProblem && !error.lasting) throw error
      return refused(asset.id, heldBack(errorText(error)))
    }
  }

  /** Commands that were sent for the key before, by instance. */
  async function earlier(key: string, signal: AbortSignal): Promise<ReadonlyMap<string, string>> {
    const found = new Map<string, string>()
    const since = new Date(clock().getTime() - RECENT_MS)
    for (const { id, comment, instances } of await ssm.recent(document, since, signal)) {
      if (comment !== startComment(key)) continue
      // The newest come first, and the first command is the one that began it.
      for (const instance of instances) found.set(instance, id)
    }
    return found
  }

  /** Several processes that start at the same moment send a command each; one of them may have come through. */
  async function startedElsewhere(key: string, { instance, command }: StartedAsset, signal: AbortSignal) {
    const since = new Date(clock().getTime() - RECENT_MS)
    const commands = await ssm.recent(document, since, signal)
    const own = commands.filter((one) => one.comment === startComment(key) && one.instances.includes(instance))
    return own.find(({ id }) => id !== command)?.id ?? null
  }

  async function startAll(batch: Batch, signal: AbortSignal): Promise<readonly StartedAsset[]> {
    const { key } = batch
    const settled = new Map<string, StartedAsset>()
    function settle({ asset }: DeploymentRequest, instance: string, outcome: StartedAsset['outcome']): void {
      settled.set(asset.id, { asset: asset.id, name: asset.name, instance, command: null, outcome })
    }
    const owners = new Map<string, DeploymentRequest>()
    for (const request of batch.deployments) {
      const instance = instanceOf(request.asset)
      if (instance === null) settle(request, '', heldBack(noInstance(request.asset.name)))
      else if (owners.has(instance)) settle(request, instance, otherAsset(request.asset.name))
      else owners.set(instance, request)
    }
    const seen = await refusable(async () => ({
      known: owners.size === 0 ? new Map<string, string>() : await earlier(key, signal),
      states: await ssm.states([...owners.keys()], signal),
    }))
    if (typeof seen === 'string') {
      for (const [instance, request] of owners) settle(request, instance, heldBack(seen))
      return batch.deployments.flatMap(({ asset }) => settled.get(asset.id) ?? [])
    }
    const { known, states } = seen
    const byText = new Map<string, [string, DeploymentRequest][]>()
    const now = clock()
    for (const [instance, request] of owners) {
      const { asset } = request
      const command = known.get(instance)
      if (command !== undefined) {
        settled.set(asset.id, { asset: asset.id, name: asset.name, instance, command, outcome: null })
        continue
      }
      const unfit = unfitness(asset.name, instance, states.get(instance) ?? 'unknown')
      if (unfit !== null) {
        settle(request, instance, unfit)
        continue
      }
      try {
        const text = startText(key, request, now)
        byText.set(text, [...(byText.get(text) ?? []), [instance, request]])
      } catch (error) {
        settle(request, instance, heldBack(errorText(error)))
      }
    }
    await Promise.all(
      [...byText].map(async ([text, some]) => {
        const instances = some.map(([instance]) => instance)
        const sent = await courier.send(instances, text, startComment(key), signal)
        for (const [instance, request] of some) {
          const came = sent.get(instance)
          if (came === undefined) continue
          if ('command' in came) {
            const { asset } = request
            settled.set(asset.id, { asset: asset.id, name: asset.name, instance, command: came.command, outcome: null })
          } else settle(request, instance, came.problem.sent ? null : notSent(request.asset.name, came.problem))
        }
      }),
    )
    return batch.deployments.flatMap(({ asset }) => settled.get(asset.id) ?? [])
  }

  function startText(
    key: string,
    { changes, transaction, reboot, restartServices, notAfter }: DeploymentRequest,
    now: Date,
  ): string {
    const begin = startScript({
      manager: apt,
      key,
      changes,
      transaction,
      assetMark: MARK,
      plan: planLines(apt, transaction),
      reboot: reboot === 'if required',
      restartServices: restartServices === 'if required',
      lockSeconds,
      notAfter,
      now,
      attach: false,
      look: false,
    })
    return commandText({
      begin,
      look: followScript({ manager: apt, key, stop: null, attach: false, look: false }),
      attendSeconds: ATTEND_SECONDS,
    })
  }

  /** Sends one command that looks after the upgrades of a run, and remembers it. `stop`: and ends what has not begun. */
  async function sendFollow(
    key: string,
    assets: readonly StartedAsset[],
    stop: 'cancelled' | null,
    signal: AbortSignal,
  ): Promise<void> {
    if (assets.length === 0) return
    const attendSeconds = stop === null ? ATTEND_SECONDS : 0
    const text = commandText({
      look: followScript({ manager: apt, key, stop, attach: false, look: false }),
      attendSeconds,
    })
    const sent = await courier.send(
      assets.map((one) => one.instance),
      text,
      followComment(key),
      signal,
    )
    for (const [instance, came] of sent) {
      if ('command' in came) following.set(runOf(key, instance), came.command)
    }
  }

  async function hearAll(key: string, assets: readonly StartedAsset[], signal: AbortSignal) {
    const byCommand = new Map<string, string[]>()
    for (const { instance, command } of assets) {
      const latest = following.get(runOf(key, instance)) ?? command
      if (latest !== null) byCommand.set(latest, [...(byCommand.get(latest) ?? []), instance])
    }
    const heard = new Map<string, Heard>()
    await Promise.all(
      [...byCommand].map(async ([command, instances]) => {
        try {
          for (const [instance, word] of await courier.hear(command, instances, signal)) heard.set(instance, word)
        } catch (error) {
          if (!(error instanceof SsmProblem)) throw error
          for (const instance of instances) heard.set(instance, { kind: 'going', status: error.message })
        }
      }),
    )
    return heard
  }

  /** What one asset's last command says of it. `follow`: another is wanted. */
  function report(key: string, { asset, name, instance }: StartedAsset, heard: Heard | undefined): Told {
    const subject = { run: runOf(key, instance), name }
    function told(standing: Standing, follow: boolean): Told {
      const over = standing.outcome !== null
      if (over) following.delete(subject.run)
      return { report: { asset, ...standing }, follow: follow && !over }
    }
    const silent = (why: string) => patience.silent(subject, `${why}.`, why)
    if (heard === undefined) return told(silent('Nothing is known of the command that started it'), true)
    if (heard.kind === 'going') return told(silent(`Systems Manager: ${heard.status}`), false)
    if (heard.kind === 'nothing') {
      const first = !following.has(subject.run)
      if (!first || heard.reached) return told(silent(heard.reason), true)
      return { ...told(patience.ended(subject.run, neverBegan(name, heard)), false), neverBegan: true }
    }
    const text = heard.text.slice(Math.max(0, heard.text.lastIndexOf('@@ patchwarden-follow')))
    return told(patience.heard(subject, parseProgress(apt, text, name, MARK)), true)
  }

  return {
    name,
    describe: `Upgrades Debian and Ubuntu instances with apt through AWS Systems Manager in ${region}`,
    simulated: false,
    previewsAtOnce: INSTANCES_PER_CALL,

    async preview(asset, changes, signal) {
      signal.throwIfAborted()
      const instance = instanceOf(asset)
      if (instance === null) throw new Error(noInstance(asset.name))
      const script = lookScript({ manager: apt, key: 'preview', changes }, { preflight: false })
      const text = commandText({ look: script, attendSeconds: 0 })
      const heard = await courier.ask(instance, text, 'Patchwarden preview', signal)
      if (heard.kind !== 'answer') throw new Error(said(asset.name, heard))
      const seen = parseLook(apt, heard.text, asset.name)
      if (seen.kind === 'problem') throw new Error(seen.reason)
      return transactionOf(seen.simulation)
    },

    async preflight(batch, signal) {
      signal.throwIfAborted()
      checkKey(batch.key)
      const instances = batch.deployments.flatMap(({ asset }) => instanceOf(asset) ?? [])
      const states = await refusable(() => ssm.states([...new Set(instances)], signal))
      if (typeof states === 'string') return batch.deployments.map(({ asset }) => refused(asset.id, heldBack(states)))
      return Promise.all(
        batch.deployments.map((request) => {
          const state = states.get(instanceOf(request.asset) ?? '') ?? 'unknown'
          return look(request, batch.key, state, signal)
        }),
      )
    },

    async start(batch: Batch, signal: AbortSignal): Promise<DeploymentHandle> {
      signal.throwIfAborted()
      checkKey(batch.key)
      return makeHandle(batch.key, await startAll(batch, signal))
    },

    async poll(handle, signal) {
      signal.throwIfAborted()
      const assets = readHandle(handle)
      const heard = await hearAll(
        handle.key,
        assets.filter((one) => one.outcome === null),
        signal,
      )
      const reports: DeploymentReport[] = []
      const follow: StartedAsset[] = []
      for (const started of assets) {
        if (started.outcome !== null) {
          reports.push({ asset: started.asset, outcome: started.outcome, progress: null })
          continue
        }
        const told = report(handle.key, started, heard.get(started.instance))
        const other = told.neverBegan ? await startedElsewhere(handle.key, started, signal) : null
        if (other !== null) following.set(runOf(handle.key, started.instance), other)
        if (other !== null)
          reports.push({ asset: started.asset, outcome: null, progress: 'started by another command' })
        else reports.push(told.report)
        if (told.follow) follow.push(started)
      }
      await sendFollow(handle.key, follow, null, signal)
      return reports
    },

    async cancel(handle, signal) {
      signal.throwIfAborted()
      const open = readHandle(handle).filter((one) => one.outcome === null)
      const waiting = new Map<string, string[]>()
      const heard = await hearAll(handle.key, open, signal)
      const unfinished = open.filter((started) => {
        const word = heard.get(started.instance)
        // A command that no agent has taken yet is taken back; one that runs is left to the journal of its host.
        if (word?.kind === 'going' && started.command !== null && /^(Pending|Delayed)$/.test(word.status))
          waiting.set(started.command, [...(waiting.get(started.command) ?? []), started.instance])
        return report(handle.key, started, word).report.outcome === null
      })
      for (const [command, instances] of waiting) await ssm.cancel(command, instances, signal)
      await sendFollow(handle.key, unfinished, 'cancelled', signal)
    },
  }
}

/** What was asked for, or the sentence that says why it cannot be had until somebody mends something. */
async function refusable<T>(ask: () => Promise<T>): Promise<T | string> {
  try {
    return await ask()
  } catch (error) {
    if (error instanceof SsmProblem && error.lasting) return error.message
    throw error
  }
}

interface Told {
  readonly report: DeploymentReport
  /** Another command that looks is wanted. */
  readonly follow: boolean
  /** The command that should have started it never ran there. */
  readonly neverBegan?: boolean
}

function runOf(key: string, instance: string): string {
  return `${key} ${instance}`
}

function heldBack(reason: string): Extract<DeploymentOutcome, { state: 'held back' }> {
  return { state: 'held back', reason, log: '' }
}

function lost(name: string, reason: string): Extract<DeploymentOutcome, { state: 'unreachable' }> {
  return { state: 'unreachable', reason: `${name}: ${reason}.`, touched: false, log: '' }
}

function refused(asset: string, outcome: DeploymentOutcome): PreflightResult {
  return { asset, ready: false, outcome }
}

function noInstance(name: string): string {
  return `${name} has no instance id: write it (i-... or mi-...) as its address or as one of its tags.`
}

function unfitness(name: string, instance: string, state: InstanceState): StartedAsset['outcome'] {
  switch (state) {
    case 'online':
      return null
    case 'lost':
      return lost(name, `The agent of ${instance} does not answer Systems Manager`)
    case 'unknown':
      return lost(name, `Systems Manager does not know ${instance}: is its agent running, and does its role let it`)
    case 'not linux':
      return heldBack(`${name} (${instance}) does not run Linux, and the engine upgrades with apt.`)
  }
}

function neverBegan(name: string, { reason, details }: Extract<Heard, { kind: 'nothing' }>): DeploymentOutcome {
  if (details === 'Cancelled') return notBegun(STOPPED)
  if (details === 'InvalidPlatform' || details === 'AccessDenied') return heldBack(`${name}: ${reason}.`)
  return lost(name, reason)
}

function notSent(name: string, problem: SsmProblem): StartedAsset['outcome'] {
  if (problem.code === 'InvalidInstanceId') return lost(name, 'Systems Manager does not know its instance')
  return heldBack(`${name} was not started: ${problem.message}`)
}

function said(name: string, heard: Heard): string {
  return heard.kind === 'nothing' ? `${name}: ${heard.reason}.` : `${name} gave no answer through Systems Manager.`
}
