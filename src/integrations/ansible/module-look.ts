import type { Asset } from '../../core/asset.ts'
import type { PackageChange } from '../../core/change.ts'
import { errorText } from '../../core/error-text.ts'
import type { PreflightResult, TransactionStep } from '../../core/ports.ts'
import type { PackageRequest } from '../package-engine.ts'
import { apt } from '../upgrade-journal/apt.ts'
import { planDifference, planLines } from '../upgrade-journal/plan.ts'
import { hostProblem, plannedSteps } from './host-outcome.ts'
import {
  type AnsibleModuleEngineOptions,
  type Look,
  type ModuleEngine,
  type Question,
  type Refusal,
  type Run,
  recordOf,
  stepsOf,
} from './module-run.ts'
import { assetVariables } from './play-variables.ts'
import { hostNameProblem, type PlaybookEnd, runPlaybook } from './playbook.ts'
import { hasRecord } from './run-record.ts'

/** Time for a run with `--check`. */
const LOOK_SECONDS = 600

/** Returns the steps that the changes would cause. Throws a sentence when the host cannot tell. */
export async function preview(
  { look }: ModuleEngine,
  asset: Asset,
  changes: readonly PackageChange[],
  signal: AbortSignal,
): Promise<readonly TransactionStep[]> {
  const problem = hostNameProblem(asset.name)
  if (problem !== null) throw new Error(problem)
  const request: PackageRequest = { asset, changes, transaction: [], reboot: 'never', notAfter: null }
  assetVariables(request)
  const seen = await look({ key: 'preview', mode: 'preview', request, signal })
  if (!seen.ready) throw new Error(seen.outcome.reason)
  return seen.steps ?? stepsOf(changes)
}

/** Checks for each host whether it would do now what was approved. */
export async function preflight(run: Run, deployments: readonly PackageRequest[]): Promise<readonly PreflightResult[]> {
  const begun = await hasRecord(recordOf(run))
  return Promise.all(
    deployments.map(async (request): Promise<PreflightResult> => {
      const asset = request.asset.id
      const seen = await fitness(run, request)
      if (begun && (seen.ready || seen.outcome.state !== 'unreachable')) {
        return { asset, ready: true, notes: ['it was begun before; it is followed, not repeated'] }
      }
      return seen.ready ? { asset, ready: true, notes: [] } : { asset, ...seen }
    }),
  )
}

/** Checks whether the asset would do now what was approved. */
export async function fitness({ engine, key, signal }: Run, request: PackageRequest): Promise<Look> {
  const { asset, changes, transaction } = request
  try {
    assetVariables(request)
  } catch (error) {
    return refuse('held back', errorText(error))
  }
  const problem = hostNameProblem(asset.name)
  if (problem !== null) return refuse('held back', problem)
  const seen = await engine.look({ key, mode: 'preflight', request, signal })
  if (!seen.ready || (changes.length === 0 && transaction.length === 0)) return seen
  const now = seen.steps ?? stepsOf(changes)
  const difference = planDifference(planLines(apt, transaction), planLines(apt, now))
  return difference === null ? seen : refuse('held back', difference)
}

/**
 * Asks several hosts in one run of the playbook that changes nothing. All questions have the same key, mode and signal.
 */
export async function lookTogether(
  options: AnsibleModuleEngineOptions,
  questions: readonly Question[],
): Promise<readonly Look[]> {
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
  const asked = new Set(Object.keys(assets))
  return questions.map(({ request }) => judge(options.playbook, ended, request.asset, asked))
}

function judge(playbook: string, ended: PlaybookEnd, { name }: Asset, asked: ReadonlySet<string>): Look {
  if (ended.kind === 'failed') return refuse('held back', ended.reason)
  const stranger = [...ended.report.keys()].find((host) => !asked.has(host) && host !== 'localhost')
  if (stranger !== undefined) {
    return refuse(
      'held back',
      `The playbook would also work on ${stranger}: is a server named as a group of the inventory?`,
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

function refuse(state: 'held back' | 'unreachable', reason: string, log = ''): Refusal {
  if (state === 'held back') return { ready: false, outcome: { state, reason, log } }
  return { ready: false, outcome: { state, reason, touched: false, log } }
}
