import { heldBack } from '../../core/held-back.ts'
import { isOver, notBegun } from '../../core/not-begun.ts'
import type { DeploymentOutcome, DeploymentReport } from '../../core/ports.ts'
import { cancelJob, jobWithId } from './client.ts'
import type { JobHost, StartedJobs } from './handle.ts'
import { type Ended, findPlace, isActive, isQueued, jobsOfRun, launchJob, limitOf, readJob } from './jobs.ts'
import { answersOf, readOutcome, troublesOf } from './playbook.ts'
import { type AwxEngine, lostJob, type Run } from './run.ts'
import type { Job } from './schema.ts'

type StartedJob = StartedJobs['jobs'][number]

/** What a later job found out about an earlier one, or the status of the later job while it runs. */
type Inquiry = Ended | { readonly status: string }

/** Returns what is known now about each host of a job. */
export async function follow(run: Run, { job: id, hosts, notAfter }: StartedJob): Promise<readonly DeploymentReport[]> {
  const { engine, signal } = run
  const { awx } = engine.jobs
  const job = id === null ? await lostJob(run, hosts) : await jobWithId(awx, id, signal)
  // A job still in the queue after its time is cancelled. In a running job, the playbook checks the time.
  if (job !== null && isQueued(job) && isOver(notAfter, engine.clock())) await cancelJob(awx, job.id, signal)
  if (job !== null && isWaitedFor(engine, job)) return hosts.map((host) => going(host, progressOf(job)))
  const ended = job === null ? null : await readJob(engine.jobs, job, signal)
  if (ended !== null && ended.outsiders.length > 0) {
    const reason = `Job ${ended.job.id} of AWX also ran on ${ended.outsiders.slice(0, 5).join(', ')}, which nobody asked for: look at it.`
    return hosts.map((host) => done(host, { state: 'failed', reason, log: '' }))
  }
  return reportsAtEnd(run, hosts, ended)
}

/** Reports on the hosts of a job that has ended; `ended` is `null` when there is no job. */
async function reportsAtEnd(
  run: Run,
  hosts: readonly JobHost[],
  ended: Ended | null,
): Promise<readonly DeploymentReport[]> {
  const answers = answersOf(ended?.events ?? [])
  const troubles = troublesOf(ended?.events ?? [])
  const limit = limitOf(hosts.map((host) => host.name))
  const open = hosts.filter(({ name }) => !answers.has(name) && troubles.get(name)?.beforeAll !== true)
  const inquiry = open.length === 0 ? null : await inquire(run, limit, open)
  const late = inquiry === null || 'status' in inquiry ? null : answersOf(inquiry.events)
  return hosts.map((host) => {
    const { name } = host
    const trouble = troubles.get(name)
    if (answers.has(name)) return done(host, readOutcome(answers.get(name), name))
    if (trouble?.beforeAll) {
      const reason = `${name}: ${trouble.reason}.`
      return done(host, { state: 'unreachable', reason, touched: false, log: trouble.log })
    }
    if (inquiry !== null && 'status' in inquiry) return going(host, `asking what became of it: ${inquiry.status}`)
    if (late?.has(name)) return done(host, readOutcome(late.get(name), name))
    return done(host, withoutAnswer(name, ended, inquiry))
  })
}

/** True while the job runs, or while AWX still writes down its events. */
function isWaitedFor({ silence, silenceSeconds }: AwxEngine, job: Job): boolean {
  const run = `job ${job.id}`
  if (isActive(job)) {
    silence.heard(run)
    return true
  }
  if (job.event_processing_finished) {
    silence.forget(run)
    return false
  }
  return silence.silent(run) <= silenceSeconds
}

/**
 * Asks the hosts when a job does not say what it did. After that, an upgrade that has not begun on these hosts never
 * begins. `limit`: the limit of the job.
 */
async function inquire({ engine, key, signal }: Run, limit: string, hosts: readonly JobHost[]): Promise<Inquiry> {
  const { jobs, inquiries, lockSeconds } = engine
  const place = await findPlace(jobs, signal)
  const run = `${key} ${limit}`
  let id = inquiries.get(run)
  if (id === undefined) {
    const names = hosts.map((host) => host.name)
    const earlier = await jobsOfRun(jobs, place, { mode: 'outcome', key }, signal)
    id = earlier.find((job) => names.every((one) => job.limit.split(',').includes(one)))?.id
    const nothing = { changes: [], transaction: [], reboot: false, lockSeconds, notAfter: null }
    const order = { mode: 'outcome' as const, key, hosts: new Map(names.map((one) => [one, nothing])) }
    id ??= await launchJob(jobs, place, order, signal)
    inquiries.set(run, id)
  }
  const job = await jobWithId(jobs.awx, id, signal)
  return isWaitedFor(engine, job) ? { status: progressOf(job) } : readJob(jobs, job, signal)
}

/** Cancels the job. Upgrades run detached from the job, so an upgrade that has begun goes on. */
export async function cancel(run: Run, { job: id, hosts }: StartedJob): Promise<void> {
  const { awx } = run.engine.jobs
  const job = id === null ? await lostJob(run, hosts) : await jobWithId(awx, id, run.signal)
  if (job !== null && isActive(job)) await cancelJob(awx, job.id, run.signal)
}

function going({ asset }: JobHost, progress: string): DeploymentReport {
  return { asset, outcome: null, progress }
}

function done({ asset }: JobHost, outcome: DeploymentOutcome): DeploymentReport {
  return { asset, outcome, progress: null }
}

function progressOf(job: Job): string {
  return isActive(job)
    ? `job ${job.id} of AWX: ${job.status}`
    : `job ${job.id} of AWX: its events are being written down`
}

/** The outcome of a host when neither its job nor the later inquiry tells it. */
function withoutAnswer(name: string, ended: Ended | null, inquiry: Inquiry | null): DeploymentOutcome {
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
