import { z } from 'zod'
import type { Asset } from '../../core/asset.ts'
import type { PackageChange } from '../../core/catalog.ts'
import { errorText } from '../../core/error-text.ts'
import { isOver, notBegun, TIME_OVER } from '../../core/not-begun.ts'
import type {
  Batch,
  DeployEngine,
  DeploymentHandle,
  DeploymentOutcome,
  DeploymentReport,
  DeploymentRequest,
  PreflightResult,
  TransactionStep,
} from '../../core/ports.ts'
import { unsuccessfulOutcome } from '../outcome-schema.ts'
import { apt } from '../upgrade-journal/apt.ts'
import { planDifference, planLines } from '../upgrade-journal/plan.ts'
import { checkKey } from '../upgrade-journal/script.ts'
import { createGathering } from './gather.ts'
import { type Asked, hostProblem, outcomeOf, plannedSteps } from './host-outcome.ts'
import { assetVariables } from './play-variables.ts'
import {
  checkPlaybook,
  hostNameProblem,
  type PlaybookEnd,
  type PlaybookSettings,
  playbookCommand,
  readEnd,
  runPlaybook,
} from './playbook.ts'
import { createRunRecords } from './run-record.ts'

export interface AnsibleModuleEngineOptions extends PlaybookSettings {
  readonly name: string
  /** Folder of this machine that remembers what was begun. */
  readonly stateFolder: string
  /** Seconds after which a playbook without an end counts as failed. It is not stopped. */
  readonly transactionSeconds: number
  readonly clock: () => Date
}

/** For a run with `--check`. */
const LOOK_SECONDS = 600
/** Between the record of a run and its process there are milliseconds, unless we were killed there. */
const STARTING_SECONDS = 60

type Look = { readonly ready: true; readonly steps: readonly TransactionStep[] | null } | Refusal
interface Refusal {
  readonly ready: false
  readonly outcome: Exclude<DeploymentOutcome, { state: 'succeeded' }>
}

interface Question {
  readonly key: string
  readonly mode: 'preview' | 'preflight'
  readonly request: DeploymentRequest
  readonly signal: AbortSignal
}

const stepSchema = z.object({
  action: z.enum(['install', 'upgrade', 'remove', 'downgrade']),
  name: z.string(),
  architecture: z.string(),
  from: z.string().nullable(),
  to: z.string().nullable(),
})
const outcomeSchema = z.union([
  z.object({
    state: z.literal('succeeded'),
    changed: z.array(
      z.object({ name: z.string(), architecture: z.string(), from: z.string().nullable(), to: z.string() }),
    ),
    rebooted: z.boolean(),
    log: z.string(),
  }),
  unsuccessfulOutcome,
])
const requestSchema = z.array(
  z.object({
    asset: z.string(),
    name: z.string(),
    approved: z.array(stepSchema),
    /** Settled before the playbook began. */
    refused: unsuccessfulOutcome.nullable(),
    /** Nothing begins from then on, ISO 8601. */
    notAfter: z.string().nullable().default(null),
  }),
)
const handleSchema = z.object({ assets: z.array(z.object({ id: z.string(), name: z.string() })) })

/**
 * Upgrades hosts with a playbook of the operator's that does the work itself, with modules of Ansible. Whether a host did
 * well is what the recap says of it. A key runs once from this machine; a playbook that is killed leaves hosts of which
 * nobody knows how far they are.
 */
export function createAnsibleModuleEngine(options: AnsibleModuleEngineOptions): DeployEngine {
  const { name, stateFolder, transactionSeconds, playbook, clock } = options
  const records = createRunRecords(stateFolder)
  const look = createGathering<Question, Look>({
    together: (a, b) =>
      a.key === b.key && a.mode === b.mode && a.signal === b.signal && a.request.asset.name !== b.request.asset.name,
    ask: lookTogether,
  })

  async function lookTogether(questions: readonly Question[]): Promise<readonly Look[]> {
    const [first] = questions
    if (first === undefined) return []
    first.signal.throwIfAborted()
    const assets: Record<string, unknown> = {}
    for (const { request } of questions) assets[request.asset.name] = assetVariables(request)
    const ended = await runPlaybook(options, {
      hosts: Object.keys(assets),
      variables: { patchwarden_mode: first.mode, patchwarden_key: first.key, patchwarden_assets: assets },
      check: true,
      timeoutSeconds: LOOK_SECONDS,
      signal: first.signal,
    })
    return questions.map(({ request }) => judge(ended, request.asset, new Set(Object.keys(assets))))
  }

  function judge(ended: PlaybookEnd, { name }: Asset, asked: ReadonlySet<string>): Look {
    if (ended.kind === 'failed') return refuse('held back', ended.reason)
    const stranger = [...ended.report.keys()].find((host) => !asked.has(host) && host !== 'localhost')
    if (stranger !== undefined) {
      return refuse(
        'held back',
        `The playbook would also work on ${stranger}: is an asset named as a group of the inventory?`,
      )
    }
    const report = ended.report.get(name)
    if (report === undefined) {
      return refuse(
        'held back',
        `The playbook ${playbook} does not work on ${name}: is it a host of the inventory, and of the play?`,
      )
    }
    const problem = hostProblem(name, report)
    if (problem === null) return { ready: true, steps: plannedSteps(report) }
    return refuse(problem.kind === 'failed' ? 'held back' : 'unreachable', problem.reason, problem.log)
  }

  /** Whether the asset would do now what was approved. */
  async function fitness(key: string, request: DeploymentRequest, signal: AbortSignal): Promise<Look> {
    const { asset, changes, transaction } = request
    try {
      assetVariables(request)
    } catch (error) {
      return refuse('held back', errorText(error))
    }
    const problem = hostNameProblem(asset.name)
    if (problem !== null) return refuse('held back', problem)
    const seen = await look({ key, mode: 'preflight', request, signal })
    if (!seen.ready || (changes.length === 0 && transaction.length === 0)) return seen
    const now = seen.steps ?? stepsOf(changes)
    const difference = planDifference(planLines(apt, transaction), planLines(apt, now))
    return difference === null ? seen : refuse('held back', difference)
  }

  async function poll({ key, data }: DeploymentHandle): Promise<readonly DeploymentReport[]> {
    const handle = handleSchema.safeParse(data)
    if (!handle.success) throw new Error(`The run ${key} is not one that this engine started.`)
    if (handle.data.assets.length === 0) return []
    if (!(await records.exists(key))) {
      throw new Error(`There is no record of the run ${key} in ${stateFolder}: it was started from another machine.`)
    }
    const kept = await records.text(key, 'outcomes')
    if (kept !== null) return reports(handle.data.assets, z.record(z.string(), outcomeSchema).parse(JSON.parse(kept)))
    const outcomes = await settle(key, handle.data.assets)
    if (typeof outcomes === 'string') {
      return handle.data.assets.map(({ id }) => ({ asset: id, outcome: null, progress: outcomes }))
    }
    await records.put(key, 'outcomes', JSON.stringify(outcomes))
    await records.put(key, 'variables.json', '')
    return reports(handle.data.assets, outcomes)
  }

  /** How the run ended on each asset, or what it is at. */
  async function settle(
    key: string,
    assets: readonly { readonly id: string; readonly name: string }[],
  ): Promise<Record<string, DeploymentOutcome> | string> {
    const state = await records.process(key)
    const kept = await records.text(key, 'request')
    const age = await records.ageSeconds(key)
    if (state === 'never' && age < STARTING_SECONDS) return 'starting'
    if (kept === null || (state === 'never' && (await records.text(key, 'report')) === null)) {
      const reason = 'Patchwarden was stopped before the playbook began; nothing was changed.'
      return Object.fromEntries(assets.map(({ id }) => [id, notBegun(reason)]))
    }
    const request = requestSchema.parse(JSON.parse(kept))
    if (state === 'alive' && age <= transactionSeconds) return 'the playbook is running'
    const ended = state === 'alive' ? null : await endOf(key)
    const outcomes: Record<string, DeploymentOutcome> = {}
    for (const { asset, name, approved, refused, notAfter } of request) {
      outcomes[asset] = refused ?? outcomeAtEnd(ended, { name, approved, over: isOver(notAfter, clock()) }, age)
    }
    return outcomes
  }

  async function endOf(key: string): Promise<PlaybookEnd> {
    const stdout = (await records.text(key, 'report')) ?? ''
    const stderr = (await records.text(key, 'errors')) ?? ''
    return readEnd({ stdout, stderr }, options)
  }

  /** `ended` `null`: the playbook runs longer than it may. */
  function outcomeAtEnd(ended: PlaybookEnd | null, asked: Asked, age: number): DeploymentOutcome {
    const { name } = asked
    if (ended === null) {
      const reason = `The playbook ${playbook} has not ended after ${Math.round(age / 60)} min; it was not stopped. Look at ${name}.`
      return { state: 'failed', reason, log: '' }
    }
    if (ended.kind === 'ran') return outcomeOf(ended.report.get(name), asked)
    const reason = `What the playbook did on ${name} is not known, as it ended without a report: ${ended.reason}`
    return { state: 'unreachable', reason, touched: true, log: '' }
  }

  async function start({ key, deployments }: Batch, signal: AbortSignal): Promise<DeploymentHandle> {
    signal.throwIfAborted()
    checkKey(key)
    const handle = { key, data: { assets: deployments.map(({ asset }) => ({ id: asset.id, name: asset.name })) } }
    if (deployments.length === 0 || (await records.exists(key))) return handle
    const looks = await Promise.all(
      deployments.map((request) => (isOver(request.notAfter, clock()) ? late() : fitness(key, request, signal))),
    )
    signal.throwIfAborted()
    if (!(await records.begin(key))) return handle
    // To look may have taken minutes.
    const request = deployments.map(({ asset, changes, notAfter }, index) => {
      const seen = isOver(notAfter, clock()) ? late() : looks[index]
      const refused = seen?.ready === false ? seen.outcome : null
      // What of the approved transaction is still to be done.
      const approved = (seen?.ready === true ? seen.steps : null) ?? stepsOf(changes)
      return { asset: asset.id, name: asset.name, approved, refused, notAfter }
    })
    await records.put(key, 'request', JSON.stringify(request))
    const going = deployments.filter((_, index) => request[index]?.refused === null)
    if (going.length === 0) {
      await records.put(
        key,
        'outcomes',
        JSON.stringify(Object.fromEntries(request.map((one) => [one.asset, one.refused]))),
      )
      return handle
    }
    const assets = Object.fromEntries(going.map((one) => [one.asset.name, assetVariables(one)]))
    const variables = { patchwarden_mode: 'apply', patchwarden_key: key, patchwarden_assets: assets }
    await records.put(key, 'variables.json', JSON.stringify(variables))
    await records.launch(key, playbookCommand(options, Object.keys(assets), records.path(key, 'variables.json')))
    return handle
  }

  return {
    name,
    describe: `Upgrades hosts with the playbook ${playbook}`,
    simulated: false,
    check: (signal) => checkPlaybook(options, signal),

    async preview(asset, changes, signal) {
      signal.throwIfAborted()
      const problem = hostNameProblem(asset.name)
      if (problem !== null) throw new Error(problem)
      const request: DeploymentRequest = { asset, changes, transaction: [], reboot: 'never', notAfter: null }
      assetVariables(request)
      const seen = await look({ key: 'preview', mode: 'preview', request, signal })
      if (!seen.ready) throw new Error(seen.outcome.reason)
      return seen.steps ?? stepsOf(changes)
    },

    async preflight({ key, deployments }, signal) {
      signal.throwIfAborted()
      checkKey(key)
      const begun = await records.exists(key)
      return Promise.all(
        deployments.map(async (request): Promise<PreflightResult> => {
          const asset = request.asset.id
          const seen = await fitness(key, request, signal)
          if (begun && (seen.ready || seen.outcome.state !== 'unreachable')) {
            return { asset, ready: true, notes: ['it was begun before; it is followed, not repeated'] }
          }
          return seen.ready ? { asset, ready: true, notes: [] } : { asset, ...seen }
        }),
      )
    },

    start,

    async poll(handle, signal) {
      signal.throwIfAborted()
      return poll(handle)
    },

    /** A playbook that runs is never interrupted. */
    async cancel(handle, signal) {
      signal.throwIfAborted()
      await poll(handle)
    },
  }
}

function late(): Refusal {
  return { ready: false, outcome: notBegun(TIME_OVER) }
}

function refuse(state: 'held back' | 'unreachable', reason: string, log = ''): Refusal {
  if (state === 'held back') return { ready: false, outcome: { state, reason, log } }
  return { ready: false, outcome: { state, reason, touched: false, log } }
}

/** A module that does not say what it pulls in does what it is told, as far as anybody knows. */
function stepsOf(changes: readonly PackageChange[]): readonly TransactionStep[] {
  return changes.map(({ name, architecture, from, to }) => ({
    action: from === null ? 'install' : 'upgrade',
    name,
    architecture,
    from,
    to,
  }))
}

function reports(
  assets: readonly { readonly id: string; readonly name: string }[],
  outcomes: Readonly<Record<string, DeploymentOutcome>>,
): readonly DeploymentReport[] {
  return assets.map(({ id, name }) => {
    const unknown: DeploymentOutcome = { state: 'held back', reason: `${name} was no part of this run.`, log: '' }
    return { asset: id, outcome: outcomes[id] ?? unknown, progress: null }
  })
}
