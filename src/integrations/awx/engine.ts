import { errorText } from '../../core/error-text.ts'
import { isOver, notBegun, TIME_OVER } from '../../core/not-begun.ts'
import type {
  DeployEngine,
  DeploymentOutcome,
  DeploymentReport,
  DeploymentRequest,
  PreflightResult,
} from '../../core/ports.ts'
import { apt } from '../upgrade-journal/apt.ts'
import { planDifference, planLines } from '../upgrade-journal/plan.ts'
import { checkKey } from '../upgrade-journal/script.ts'
import { createSilence } from '../upgrade-journal/silence.ts'
import { type AwxOptions, AwxProblem, createAwx } from './client.ts'
import { type JobHost, makeHandle, readHandle, type StartedJobs } from './handle.ts'
import {
  createJobs,
  type Ended,
  HOSTS_PER_JOB,
  isActive,
  isQueued,
  limitOf,
  type Place,
  portions,
  WrongJob,
} from './jobs.ts'
import { answersOf, type HostRequest, readOutcome, readPreview, troublesOf } from './playbook.ts'
import { createPreviews } from './preview.ts'
import type { Job } from './schema.ts'

export interface AwxEngineOptions extends AwxOptions {
  readonly name: string
  /** Name of the job template. */
  readonly template: string
  /** Name of the inventory. Default: the template's own. */
  readonly inventory?: string
  /** Seconds that the playbook waits while another program holds the lock of dpkg. Default 300. */
  readonly lockWaitSeconds?: number
  /** Seconds that a preview may take, in the queue of AWX too. Default 600. */
  readonly previewSeconds?: number
  /** Seconds after which AWX is not waited for any longer to write down the events of a job. Default 900. */
  readonly silenceSeconds?: number
  /** Seconds between two looks at a job that is waited for. Default 2. */
  readonly lookSeconds?: number
  readonly clock: () => Date
}

/** Upgrades hosts by launching a job template of AWX, one job for many hosts. The playbook keeps the contract of playbook.ts. */
export function createAwxEngine(options: AwxEngineOptions): DeployEngine {
  const { name, template, clock } = options
  const lockSeconds = options.lockWaitSeconds ?? 300
  const silenceSeconds = options.silenceSeconds ?? 900
  const jobs = createJobs({ awx: createAwx(options), template, inventory: options.inventory ?? null, clock })
  const ask = createPreviews({
    jobs,
    lookSeconds: options.lookSeconds ?? 2,
    withinSeconds: options.previewSeconds ?? 600,
  })
  const silence = createSilence(clock)
  /** The job that was sent after a run to ask what became of it, by key and limit. A restarted process finds it. */
  const inquiries = new Map<string, number>()

  function requestOf({ changes, transaction, reboot, notAfter }: DeploymentRequest): HostRequest {
    for (const { name, architecture, to } of changes) apt.checkPackage(name, architecture, to)
    planLines(apt, transaction) // refuses what no package manager would print
    return { changes, transaction, reboot: reboot === 'if required', lockSeconds, notAfter }
  }

  async function look(key: string, request: DeploymentRequest, signal: AbortSignal): Promise<PreflightResult> {
    const { asset, transaction } = request
    function refused(outcome: DeploymentOutcome): PreflightResult {
      return { asset: asset.id, ready: false, outcome }
    }
    try {
      const looked = await ask(key, asset.name, requestOf(request), signal)
      if (looked.kind === 'refused') return refused(heldBack(`${looked.reason}.`))
      if (looked.kind === 'trouble') {
        const { reason, log, unreachable } = looked.trouble
        if (!unreachable) return refused({ state: 'held back', reason: `${asset.name}: ${reason}.`, log })
        return refused({ state: 'unreachable', reason: `${asset.name}: ${reason}.`, touched: false, log })
      }
      const seen = readPreview(looked.answer, asset.name)
      if ('problem' in seen) return refused({ state: 'held back', reason: seen.problem, log: seen.log })
      if (seen.begun) {
        const notes = ['it was begun before; its upgrade is followed, not repeated']
        return { asset: asset.id, ready: true, notes }
      }
      const difference = planDifference(planLines(apt, transaction), planLines(apt, seen.steps))
      if (difference !== null) return refused(heldBack(difference))
      const nothing = seen.steps.length === 0 ? ['nothing to do: the approved versions are installed already'] : []
      return { asset: asset.id, ready: true, notes: [...seen.notes, ...nothing] }
    } catch (error) {
      signal.throwIfAborted()
      if (error instanceof AwxProblem && error.sent) throw error
      return refused(heldBack(errorText(error)))
    }
  }

  /** The sentence that says why nothing can be launched until somebody mends it. */
  async function preparedOrRefused(signal: AbortSignal): Promise<Place | string> {
    try {
      return await jobs.prepare(signal)
    } catch (error) {
      if (error instanceof AwxProblem && !error.sent) return error.message
      throw error
    }
  }

  async function launchAll(
    key: string,
    deployments: readonly DeploymentRequest[],
    signal: AbortSignal,
  ): Promise<StartedJobs> {
    const assets = deployments.map(({ asset }) => asset.id)
    const settled: StartedJobs['settled'][number][] = []
    const started: StartedJobs['jobs'][number][] = []
    function settle(asset: string, outcome: StartedJobs['settled'][number]['outcome']): void {
      settled.push({ asset, outcome })
    }
    if (deployments.length === 0) return { jobs: [], settled, assets }
    const place = await preparedOrRefused(signal)
    if (typeof place === 'string') {
      for (const asset of assets) settle(asset, heldBack(place))
      return { jobs: [], settled, assets }
    }
    const names = deployments.map(({ asset }) => asset.name)
    const strangers = await jobs.strangers(place, [...new Set(names)], signal)
    const hosts = new Map<string, { readonly asset: string; readonly request: HostRequest }>()
    for (const deployment of deployments) {
      const { asset } = deployment
      const stranger = strangers.get(asset.name)
      if (stranger !== undefined) settle(asset.id, heldBack(`${stranger}.`))
      else if (hosts.has(asset.name))
        settle(asset.id, heldBack(`${asset.name} is the same machine as another asset of this batch: list it once.`))
      else {
        try {
          hosts.set(asset.name, { asset: asset.id, request: requestOf(deployment) })
        } catch (error) {
          settle(asset.id, heldBack(errorText(error)))
        }
      }
    }
    const left = new Map(hosts)
    for (const job of await jobs.ofRun(place, 'apply', key, signal)) {
      const own = job.limit.split(',').filter((host) => left.has(host))
      if (own.length > 0)
        started.push({ job: job.id, hosts: own.map((host) => hostOf(host, hosts)), notAfter: lastOf(own, hosts) })
      for (const host of own) left.delete(host)
    }
    for (const [host, { asset, request }] of left) {
      if (!isOver(request.notAfter, clock())) continue
      settle(asset, notBegun(TIME_OVER))
      left.delete(host)
    }
    await Promise.all(
      portions([...left.keys()]).map(async (some) => {
        const own = some.map((host) => hostOf(host, hosts))
        try {
          const requests = new Map(
            [...left].flatMap(([host, { request }]) => (some.includes(host) ? [[host, request]] : [])),
          )
          const job = await jobs.launch(place, 'apply', key, requests, signal)
          started.push({ job, hosts: own, notAfter: lastOf(some, hosts) })
        } catch (error) {
          if (error instanceof WrongJob) {
            for (const { asset } of own) settle(asset, { state: 'failed', reason: error.message, log: '' })
          } else if (error instanceof AwxProblem) {
            // Where the answer was lost, the job may be there: it is looked for when somebody asks.
            if (error.sent) started.push({ job: null, hosts: own, notAfter: lastOf(some, hosts) })
            else for (const { asset } of own) settle(asset, heldBack(error.message))
          } else throw error
        }
      }),
    )
    return { jobs: started, settled, assets }
  }

  async function follow(
    key: string,
    { job: id, hosts, notAfter }: StartedJobs['jobs'][number],
    signal: AbortSignal,
  ): Promise<readonly DeploymentReport[]> {
    const limit = limitOf(hosts.map((host) => host.name))
    const job = id === null ? await lostJob(key, hosts, signal) : await jobs.job(id, signal)
    // What waits in the queue when its time is over is taken out of it; where it runs, the playbook looks at its clock.
    if (job !== null && isQueued(job) && isOver(notAfter, clock())) await jobs.cancel(job.id, signal)
    if (job !== null && waitedFor(job)) return hosts.map((host) => going(host, progressOf(job)))
    const ended = job === null ? null : await jobs.read(job, signal)
    if (ended !== null && ended.outsiders.length > 0) {
      const reason = `Job ${ended.job.id} of AWX also ran on ${ended.outsiders.slice(0, 5).join(', ')}, which nobody asked for: look at it.`
      return hosts.map((host) => done(host, { state: 'failed', reason, log: '' }))
    }
    const answers = answersOf(ended?.events ?? [])
    const troubles = troublesOf(ended?.events ?? [])
    const open = hosts.filter(({ name }) => !answers.has(name) && troubles.get(name)?.beforeAll !== true)
    const inquiry = open.length === 0 ? null : await inquire(key, limit, open, signal)
    const late = inquiry === null || 'status' in inquiry ? null : answersOf(inquiry.events)
    return hosts.map((host) => {
      const { name } = host
      const trouble = troubles.get(name)
      if (answers.has(name)) return done(host, readOutcome(answers.get(name), name))
      if (trouble?.beforeAll)
        return done(host, {
          state: 'unreachable',
          reason: `${name}: ${trouble.reason}.`,
          touched: false,
          log: trouble.log,
        })
      if (inquiry !== null && 'status' in inquiry) return going(host, `asking what became of it: ${inquiry.status}`)
      if (late?.has(name)) return done(host, readOutcome(late.get(name), name))
      return done(host, withoutAnswer(name, ended, inquiry))
    })
  }

  /** True while the job runs, or AWX still writes down what it did. */
  function waitedFor(job: Job): boolean {
    const run = `job ${job.id}`
    if (isActive(job)) {
      silence.heard(run)
      return true
    }
    if (job.event_processing_finished) {
      silence.forget(run)
      return false
    }
    return silence.silent(run).seconds <= silenceSeconds
  }

  /** The job whose launch was never answered; `null`: there is none. */
  async function lostJob(key: string, hosts: readonly JobHost[], signal: AbortSignal): Promise<Job | null> {
    const limit = limitOf(hosts.map((host) => host.name))
    const place = await jobs.prepare(signal)
    const found = await jobs.ofRun(place, 'apply', key, signal)
    return found.find((job) => job.limit === limit) ?? null
  }

  /** Asks the hosts themselves what became of a job that does not say; there, what has not begun never does. */
  async function inquire(
    key: string,
    limit: string,
    hosts: readonly JobHost[],
    signal: AbortSignal,
  ): Promise<Ended | { readonly status: string }> {
    const place = await jobs.prepare(signal)
    const run = `${key} ${limit}`
    let id = inquiries.get(run)
    if (id === undefined) {
      const names = hosts.map((host) => host.name)
      const earlier = await jobs.ofRun(place, 'outcome', key, signal)
      id = earlier.find((job) => names.every((one) => job.limit.split(',').includes(one)))?.id
      const nothing = { changes: [], transaction: [], reboot: false, lockSeconds, notAfter: null }
      id ??= await jobs.launch(place, 'outcome', key, new Map(names.map((one) => [one, nothing])), signal)
      inquiries.set(run, id)
    }
    const job = await jobs.job(id, signal)
    if (waitedFor(job)) return { status: progressOf(job) }
    return jobs.read(job, signal)
  }

  return {
    name,
    describe: `Upgrades hosts with the job template ${template} of AWX`,
    simulated: false,
    previewsAtOnce: HOSTS_PER_JOB,

    async preview(asset, changes, signal) {
      signal.throwIfAborted()
      const request = requestOf({ asset, changes, transaction: [], reboot: 'never', notAfter: null })
      const looked = await ask('preview', asset.name, request, signal)
      if (looked.kind === 'refused') throw new Error(`${looked.reason}.`)
      if (looked.kind === 'trouble') throw new Error(`${asset.name}: ${looked.trouble.reason}.`)
      const seen = readPreview(looked.answer, asset.name)
      if ('problem' in seen) throw new Error(seen.problem)
      planLines(apt, seen.steps)
      return seen.steps
    },

    async preflight(batch, signal) {
      signal.throwIfAborted()
      checkKey(batch.key)
      return Promise.all(batch.deployments.map((request) => look(batch.key, request, signal)))
    },

    async start(batch, signal) {
      signal.throwIfAborted()
      checkKey(batch.key)
      return makeHandle(batch.key, await launchAll(batch.key, batch.deployments, signal))
    },

    async poll(handle, signal) {
      signal.throwIfAborted()
      const started = readHandle(handle)
      const reports = new Map<string, DeploymentReport>()
      for (const { asset, outcome } of started.settled) reports.set(asset, { asset, outcome, progress: null })
      for (const job of started.jobs) {
        for (const report of await follow(handle.key, job, signal)) reports.set(report.asset, report)
      }
      return started.assets.flatMap((asset) => reports.get(asset) ?? [])
    },

    async cancel(handle, signal) {
      signal.throwIfAborted()
      for (const { job: id, hosts } of readHandle(handle).jobs) {
        const job = id === null ? await lostJob(handle.key, hosts, signal) : await jobs.job(id, signal)
        // Upgrades run detached from the job, so that this ends none that has begun.
        if (job !== null && isActive(job)) await jobs.cancel(job.id, signal)
      }
    },
  }
}

function hostOf(name: string, hosts: ReadonlyMap<string, { readonly asset: string }>): JobHost {
  return { name, asset: hosts.get(name)?.asset ?? '' }
}

/** When the time of all these hosts is over; `null`: that of one of them never is. */
function lastOf(
  names: readonly string[],
  hosts: ReadonlyMap<string, { readonly request: HostRequest }>,
): string | null {
  const times = names.map((name) => hosts.get(name)?.request.notAfter ?? null)
  if (times.includes(null)) return null
  return times.reduce((last, at) => (Date.parse(at ?? '') > Date.parse(last ?? '') ? at : last), times[0] ?? null)
}

function going({ asset }: JobHost, progress: string): DeploymentReport {
  return { asset, outcome: null, progress }
}

function done({ asset }: JobHost, outcome: DeploymentOutcome): DeploymentReport {
  return { asset, outcome, progress: null }
}

function heldBack(reason: string): Extract<DeploymentOutcome, { state: 'held back' }> {
  return { state: 'held back', reason, log: '' }
}

function progressOf(job: Job): string {
  return isActive(job)
    ? `job ${job.id} of AWX: ${job.status}`
    : `job ${job.id} of AWX: its events are being written down`
}

/** Neither the job nor the one that asked afterwards says what became of the host. */
function withoutAnswer(
  name: string,
  ended: Ended | null,
  inquiry: Ended | { readonly status: string } | null,
): DeploymentOutcome {
  const trouble = troublesOf(ended?.events ?? []).get(name)
  if (trouble?.unreachable)
    return { state: 'unreachable', reason: `${name}: ${trouble.reason}.`, touched: true, log: trouble.log }
  if (trouble !== undefined) return { state: 'failed', reason: `${name}: ${trouble.reason}.`, log: trouble.log }
  const seen = ended?.events.some((event) => event.host_name === name) ?? false
  const what = ended === null ? 'There is no job in AWX' : `Job ${ended.job.id} of AWX ended as ${ended.job.status}`
  const why = ended?.job.job_explanation ? ` (${ended.job.job_explanation.slice(0, 300)})` : ''
  if (ended?.job.status === 'canceled' && !seen) return notBegun(`${what}${why} before it came to ${name}.`)
  if (ended !== null && !seen) return heldBack(`${what}${why} before it came to ${name}.`)
  const asked = inquiry !== null && !('status' in inquiry) ? `, and job ${inquiry.job.id} could not ask it` : ''
  const reason = `${what}${why} and does not say what became of ${name}${asked}: look at it.`
  return { state: 'unreachable', reason, touched: true, log: '' }
}
