import { setTimeout as sleep } from 'node:timers/promises'
import { DAY_MS } from '../../core/time/instant.ts'
import {
  type Awx,
  AwxProblem,
  cancelJob,
  eventsOf,
  groupsNamed,
  hostsNamed,
  inventoryNamed,
  jobWithId,
  type LaunchBody,
  launchInfoOf,
  launchTemplate,
  recentJobs,
  summariesOf,
  templateNamed,
} from './client.ts'
import { extraVars, type HostRequest, type Mode, runOfJob } from './playbook.ts'
import type { Job, JobEvent, LaunchInfo, Summary } from './schema.ts'

/** The jobs of one template. A job is launched only when AWX will keep to the named hosts. */
export interface Jobs {
  readonly awx: Awx
  /** Name of the job template. */
  readonly template: string
  /** Name of an inventory; `null`: the inventory of the template. */
  readonly inventory: string | null
  readonly clock: () => Date
}

/** Names that Ansible takes as one host, unless a group has the same name. */
const HOST = /^[A-Za-z0-9_][A-Za-z0-9._-]*$/
const PATTERNS = new Set(['all', 'ungrouped', 'localhost'])
/** The most hosts in one limit, and the most characters: older versions store 1,024. */
export const HOSTS_PER_JOB = 100
const LIMIT_CHARACTERS = 1_000
/** Older jobs are not searched. The journal on the host still prevents a second run of the key. */
const RECENT_MS = 3 * DAY_MS

export interface Place {
  readonly template: number
  readonly inventory: number
  /** The inventory to name at each launch; `null`: the template's own is used. */
  readonly other: number | null
}

/** The results of a job that has ended. */
export interface Ended {
  readonly job: Job
  readonly summaries: readonly Summary[]
  readonly events: readonly JobEvent[]
  /** Hosts that the job touched but that were not asked for. */
  readonly outsiders: readonly string[]
}

/** AWX launched a job that differs from the request; the job was cancelled. */
export class WrongJob extends Error {}

/** Finds the template and its inventory. Throws an AwxProblem when they cannot be used. */
export async function findPlace(jobs: Jobs, signal: AbortSignal): Promise<Place> {
  const { awx, template: templateName, inventory: inventoryName } = jobs
  const template = await templateNamed(awx, templateName, signal)
  if (template === null)
    throw new AwxProblem(
      `AWX shows the owner of AWX_TOKEN no single job template named "${templateName}": check the name and grant the role Execute.`,
      200,
      false,
    )
  const info = await launchInfoOf(awx, template.id, signal)
  const chosen = inventoryName === null ? null : await inventoryNamed(awx, inventoryName, signal)
  if (inventoryName !== null && chosen === null)
    throw new AwxProblem(`AWX shows no single inventory named "${inventoryName}".`, 200, false)
  const inventory = chosen?.id ?? template.inventory
  if (inventory === null)
    throw new AwxProblem(`The job template "${templateName}" has no inventory: give it one.`, 200, false)
  const other = inventory === template.inventory ? null : inventory
  const problem = templateProblem(templateName, info, other !== null)
  if (problem !== null) throw new AwxProblem(problem, 200, false)
  return { template: template.id, inventory, other }
}

/** Says for each name why AWX would not run on exactly this host. Names without a problem are left out. */
export async function strangersAmong(
  { awx }: Jobs,
  { inventory }: Place,
  names: readonly string[],
  signal: AbortSignal,
): Promise<ReadonlyMap<string, string>> {
  const problems = new Map<string, string>()
  const plain = names.filter((name) => {
    if (HOST.test(name) && !PATTERNS.has(name)) return true
    problems.set(name, `${JSON.stringify(name.slice(0, 80))} is not a name that Ansible takes for one host`)
    return false
  })
  for (const some of portions(plain)) {
    const hosts = await hostsNamed(awx, inventory, some, signal)
    const groups = new Set((await groupsNamed(awx, inventory, some, signal)).map((group) => group.name))
    const enabled = new Map(hosts.map((host) => [host.name, host.enabled]))
    for (const name of some) {
      if (groups.has(name)) problems.set(name, `A group of the inventory has the name ${name}, too`)
      else if (!enabled.has(name)) problems.set(name, `The inventory in AWX has no host ${name}`)
      else if (enabled.get(name) === false) problems.set(name, `The host ${name} is disabled in AWX`)
    }
  }
  return problems
}

/** The content of a job. */
export interface JobOrder {
  readonly mode: Mode
  /** The key of the batch. */
  readonly key: string
  /** The requests, by name of the host. */
  readonly hosts: ReadonlyMap<string, HostRequest>
}

/** Launches a job and returns its id. Throws AwxProblem, or WrongJob when AWX changed or ignored a field. */
export async function launchJob(
  { awx, clock }: Jobs,
  place: Place,
  { mode, key, hosts }: JobOrder,
  signal: AbortSignal,
): Promise<number> {
  const limit = limitOf([...hosts.keys()])
  const job_type = mode === 'preview' ? 'check' : 'run'
  const body = { limit, job_type, extra_vars: extraVars(mode, key, hosts, clock()) } as const
  const wanted = place.other === null ? body : { ...body, inventory: place.other }
  const { id, ignored_fields } = await launchTemplate(awx, place.template, wanted, signal)
  // The job exists now. Even when `signal` aborts, the job is compared first.
  const late = AbortSignal.timeout(60_000)
  const wrong = otherwise(wanted, Object.keys(ignored_fields), await jobWithId(awx, id, late))
  if (wrong === null) return id
  await cancelJob(awx, id, late)
  throw new WrongJob(`AWX launched job ${id} otherwise than asked (${wrong}); it was cancelled. Look at what it did.`)
}

/** Says how the job differs from the request; `null`: it does not. */
function otherwise(
  { limit, job_type }: Pick<LaunchBody, 'limit' | 'job_type'>,
  ignored: readonly string[],
  job: Job,
): string | null {
  if (ignored.length > 0) return `it ignored ${ignored.join(', ')}`
  if (job.limit !== limit) return `its limit is "${job.limit.slice(0, 80)}" and not the hosts that were asked for`
  return job.job_type === job_type ? null : `it is of type ${job.job_type} and not ${job_type}`
}

/** Returns the jobs of a run, the oldest first. */
export async function jobsOfRun(
  { awx, clock }: Jobs,
  { template }: Place,
  { mode, key }: Pick<JobOrder, 'mode' | 'key'>,
  signal: AbortSignal,
): Promise<readonly Job[]> {
  const since = new Date(clock().getTime() - RECENT_MS)
  const found: Job[] = []
  for (const listed of await recentJobs(awx, template, since, signal)) {
    const job = listed.extra_vars == null ? await jobWithId(awx, listed.id, signal) : listed
    const run = runOfJob(job.extra_vars ?? '')
    if (run?.key === key && run.mode === mode) found.push(job)
  }
  return found.reverse()
}

/** Returns the results of a job that has ended. */
export async function readJob({ awx }: Jobs, job: Job, signal: AbortSignal): Promise<Ended> {
  const [summaries, events] = await Promise.all([summariesOf(awx, job.id, signal), eventsOf(awx, job.id, signal)])
  const asked = new Set(job.limit.split(','))
  const outsiders = summaries.map((one) => one.host_name).filter((name) => !asked.has(name))
  return { job, summaries, events, outsiders }
}

/** Waits until a job has ended and AWX has written down all its events. Throws when this takes too long. */
export async function waitForJob(
  { awx }: Jobs,
  id: number,
  { lookSeconds, withinSeconds }: { readonly lookSeconds: number; readonly withinSeconds: number },
  signal: AbortSignal,
): Promise<Job> {
  const rounds = Math.ceil(withinSeconds / lookSeconds)
  for (let round = 0; round < rounds; round++) {
    const job = await jobWithId(awx, id, signal)
    if (!isActive(job) && job.event_processing_finished) return job
    await sleep(lookSeconds * 1_000, undefined, { signal })
  }
  await cancelJob(awx, id, signal)
  throw new AwxProblem(`Job ${id} of AWX came to no end within ${withinSeconds} s and was cancelled.`, 200, true)
}

export function isActive({ status }: Pick<Job, 'status'>): boolean {
  return ['new', 'pending', 'waiting', 'running'].includes(status)
}

/** True while the job waits in the queue, so no host has been touched. */
export function isQueued({ status }: Pick<Job, 'status'>): boolean {
  return isActive({ status }) && status !== 'running'
}

/**
 * Returns the limit for the hosts. Throws without hosts, because a job without a limit runs on every host of the
 * inventory.
 */
export function limitOf(names: readonly string[]): string {
  const limit = names.join(',')
  if (names.length === 0 || names.some((name) => !HOST.test(name) || PATTERNS.has(name)))
    throw new Error(`A job is not launched for ${names.length === 0 ? 'no hosts' : limit.slice(0, 80)}.`)
  return limit
}

/** Splits names into lists, each short enough for one limit. */
export function portions(names: readonly string[]): readonly (readonly string[])[] {
  const parts: string[][] = []
  let characters = 0
  for (const name of names) {
    const last = parts.at(-1)
    if (last === undefined || last.length >= HOSTS_PER_JOB || characters + name.length + 1 > LIMIT_CHARACTERS) {
      parts.push([name])
      characters = name.length
    } else {
      last.push(name)
      characters += name.length + 1
    }
  }
  return parts
}

/** AWX ignores a field whose prompt is off, without an error. When it ignores the limit, the job runs on every host. */
function templateProblem(name: string, info: LaunchInfo, inventory: boolean): string | null {
  const needed: readonly (readonly [boolean, string])[] = [
    [info.ask_limit_on_launch, 'Limit'],
    [info.ask_variables_on_launch, 'Variables'],
    [info.ask_job_type_on_launch, 'Job type'],
    [info.ask_inventory_on_launch || !inventory, 'Inventory'],
  ]
  const missing = needed.filter(([on]) => !on).map(([, prompt]) => prompt)
  if (missing.length > 0)
    return `The job template "${name}" would ignore what it is told, and run on every host: switch on "Prompt on launch" for ${missing.join(', ')}.`
  const asked = [...info.passwords_needed_to_start, ...info.variables_needed_to_start]
  if (asked.length > 0) return `The job template "${name}" asks for ${asked.join(', ')} at each launch: give it those.`
  return null
}
