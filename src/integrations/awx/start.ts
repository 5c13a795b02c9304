import { errorText } from '../../core/error-text.ts'
import { heldBack } from '../../core/held-back.ts'
import { isOver, notBegun, TIME_OVER } from '../../core/not-begun.ts'
import type { PackageRequest } from '../package-engine.ts'
import { AwxProblem } from './client.ts'
import type { JobHost, StartedJobs } from './handle.ts'
import { findPlace, jobsOfRun, launchJob, type Place, portions, strangersAmong, WrongJob } from './jobs.ts'
import type { HostRequest } from './playbook.ts'
import { type Run, requestFor } from './run.ts'

type Settled = StartedJobs['settled'][number]
type StartedJob = StartedJobs['jobs'][number]

interface AskedHost {
  readonly asset: string
  readonly request: HostRequest
}

/** The start of one batch. */
interface Start extends Run {
  /** The hosts to start, by name. */
  readonly hosts: Map<string, AskedHost>
  /** The results so far. */
  readonly settled: Settled[]
  readonly jobs: StartedJob[]
}

/** Launches jobs for hosts without an earlier job under this key. */
export async function start(run: Run, deployments: readonly PackageRequest[]): Promise<StartedJobs> {
  const assets = deployments.map(({ asset }) => asset.id)
  const starting: Start = { ...run, hosts: new Map(), settled: [], jobs: [] }
  const { settled, jobs } = starting
  if (deployments.length === 0) return { jobs, settled, assets }
  const place = await placeOrRefusal(run)
  if (typeof place === 'string') {
    for (const asset of assets) settle(starting, asset, heldBack(place))
    return { jobs, settled, assets }
  }
  await takeHosts(starting, place, deployments)
  const left = new Set(starting.hosts.keys())
  await takeJobsThatRun(starting, place, left)
  for (const host of left) {
    const { asset, request } = hostOf(starting, host)
    if (!isOver(request.notAfter, run.engine.clock())) continue
    settle(starting, asset, notBegun(TIME_OVER))
    left.delete(host)
  }
  await Promise.all(portions([...left]).map((names) => launchFor(starting, place, names)))
  return { jobs, settled, assets }
}

function settle({ settled }: Start, asset: string, outcome: Settled['outcome']): void {
  settled.push({ asset, outcome })
}

/** Returns the place, or a sentence when no job can be launched until somebody repairs something. */
async function placeOrRefusal({ engine, signal }: Run): Promise<Place | string> {
  try {
    return await findPlace(engine.jobs, signal)
  } catch (error) {
    if (error instanceof AwxProblem && !error.sent) return error.message
    throw error
  }
}

/** Keeps the hosts for which a job may be launched, and settles the others. */
async function takeHosts(start: Start, place: Place, deployments: readonly PackageRequest[]): Promise<void> {
  const { engine, signal, hosts } = start
  const names = deployments.map(({ asset }) => asset.name)
  const strangers = await strangersAmong(engine.jobs, place, [...new Set(names)], signal)
  for (const deployment of deployments) {
    const { id, name } = deployment.asset
    const stranger = strangers.get(name)
    if (stranger !== undefined) settle(start, id, heldBack(`${stranger}.`))
    else if (hosts.has(name)) {
      settle(start, id, heldBack(`${name} is the same machine as another server of this batch: list it once.`))
    } else {
      try {
        hosts.set(name, { asset: id, request: requestFor(engine, deployment) })
      } catch (error) {
        settle(start, id, heldBack(errorText(error)))
      }
    }
  }
}

/** Takes over jobs that were launched under this key before, and removes their hosts from `left`. */
async function takeJobsThatRun(start: Start, place: Place, left: Set<string>): Promise<void> {
  const { engine, key, signal, jobs } = start
  for (const job of await jobsOfRun(engine.jobs, place, { mode: 'apply', key }, signal)) {
    const own = job.limit.split(',').filter((host) => left.has(host))
    if (own.length > 0) jobs.push(startedJob(start, job.id, own))
    for (const host of own) left.delete(host)
  }
}

async function launchFor(start: Start, place: Place, names: readonly string[]): Promise<void> {
  const { engine, key, signal, jobs } = start
  const hosts = new Map(names.map((name) => [name, hostOf(start, name).request]))
  try {
    const job = await launchJob(engine.jobs, place, { mode: 'apply', key, hosts }, signal)
    jobs.push(startedJob(start, job, names))
  } catch (error) {
    const assets = names.map((name) => hostOf(start, name).asset)
    if (error instanceof WrongJob) {
      for (const asset of assets) settle(start, asset, { state: 'failed', reason: error.message, log: '' })
    } else if (error instanceof AwxProblem) {
      // When the answer was lost, the job may exist. `follow` looks for it later.
      if (error.sent) jobs.push(startedJob(start, null, names))
      else for (const asset of assets) settle(start, asset, heldBack(error.message))
    } else throw error
  }
}

function startedJob(start: Start, job: number | null, names: readonly string[]): StartedJob {
  const hosts: JobHost[] = names.map((name) => ({ name, asset: hostOf(start, name).asset }))
  return { job, hosts, notAfter: lastOf(names.map((name) => hostOf(start, name).request.notAfter)) }
}

function hostOf({ hosts }: Start, name: string): AskedHost {
  const host = hosts.get(name)
  if (host === undefined) throw new Error(`The host ${name} is not part of this batch.`)
  return host
}

/** Returns the latest of the times; `null`: one of them has no end. */
function lastOf(times: readonly (string | null)[]): string | null {
  if (times.includes(null)) return null
  return times.reduce((last, at) => (Date.parse(at ?? '') > Date.parse(last ?? '') ? at : last), times[0] ?? null)
}
