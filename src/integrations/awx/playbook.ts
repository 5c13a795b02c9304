/** The contract with the playbook of the job template. docs/integrations/awx.md explains it to operators. */

import { z } from 'zod'
import type { PackageChange } from '../../core/change.ts'
import type { DeploymentOutcome, TransactionStep } from '../../core/ports.ts'
import { shortened } from '../apt/failure.ts'
import { schemaProblem } from '../feeds/schema-problem.ts'
import type { JobEvent } from './schema.ts'

/**
 * `preview`: reports the transaction and changes nothing. `apply`: does exactly the approved transaction, once for its
 * key, or nothing. `outcome`: reports the result of `apply`. An `apply` that has not begun before then never begins.
 */
export type Mode = 'preview' | 'apply' | 'outcome'

export interface HostRequest {
  readonly changes: readonly PackageChange[]
  readonly transaction: readonly TransactionStep[]
  readonly reboot: boolean
  readonly lockSeconds: number
  /** The end of the time in which the work may begin, ISO 8601; `null`: no end. */
  readonly notAfter: string | null
}

/**
 * The extra vars of a job. A job may wait in the queue, so each host gets the end of its time as an instant. In case
 * the clock of the host is slow, the host also gets the seconds that are left now.
 */
export function extraVars(mode: Mode, key: string, hosts: ReadonlyMap<string, HostRequest>, now: Date) {
  const seconds = (milliseconds: number) => Math.floor(milliseconds / 1_000)
  const entries = [...hosts].map(([name, { changes, transaction, reboot, lockSeconds, notAfter }]) => {
    const end = notAfter === null ? null : Date.parse(notAfter)
    const time = {
      not_after: end === null ? null : seconds(end),
      seconds_left: end === null ? null : seconds(end - now.getTime()),
    }
    return [name, { changes, transaction, reboot, lock_seconds: lockSeconds, ...time }]
  })
  return { patchwarden_mode: mode, patchwarden_key: key, patchwarden_changes: Object.fromEntries(entries) }
}

const run = z.object({ patchwarden_mode: z.string(), patchwarden_key: z.string() })

/** Returns the run of a job; `null`: the job is not ours. */
export function runOfJob(variables: string): { readonly mode: string; readonly key: string } | null {
  try {
    const read = run.safeParse(JSON.parse(variables))
    return read.success ? { mode: read.data.patchwarden_mode, key: read.data.patchwarden_key } : null
  } catch {
    return null // YAML, of a job that somebody else launched
  }
}

const version = z.string().min(1).max(200)
const change = z.object({ name: version, architecture: version, from: version.nullable(), to: version })
const step = z.object({
  action: z.enum(['install', 'upgrade', 'remove', 'downgrade']),
  name: version,
  architecture: version,
  from: version.nullable(),
  to: version.nullable(),
})
const log = z.string().default('')

const previewed = z.union([
  z.object({
    steps: z.array(step).max(20_000),
    /** True: an upgrade with this key was begun on this host before. */
    begun: z.boolean().default(false),
    notes: z.array(z.string().max(500)).max(20).default([]),
  }),
  z.object({ problem: z.string().min(1).max(1_000), log }),
])

const ended = z.discriminatedUnion('state', [
  z.object({ state: z.literal('succeeded'), changed: z.array(change), rebooted: z.boolean(), log }),
  z.object({ state: z.literal('failed'), reason: z.string().min(1).max(1_000), log }),
  z.object({ state: z.literal('held back'), reason: z.string().min(1).max(1_000), log }),
  z.object({ state: z.literal('not begun'), reason: z.string().min(1).max(1_000), log }),
])

export type Previewed = z.infer<typeof previewed>

/** The task whose result is the answer. The playbook may have other tasks. */
const ANSWER_TASK = 'patchwarden'
/** The first task, which only connects. */
const REACH_TASK = 'patchwarden reach'

const stats = z.object({ ansible_stats: z.object({ data: z.object({ patchwarden: z.unknown() }) }) })

/** Returns the data that the playbook gave to set_stats, by host. The data is not checked yet. */
export function answersOf(events: readonly JobEvent[]): ReadonlyMap<string, unknown> {
  const answers = new Map<string, unknown>()
  for (const { event, task, host_name, event_data } of events) {
    if (event !== 'runner_on_ok' || task !== ANSWER_TASK) continue
    const read = stats.safeParse(event_data?.res)
    if (read.success) answers.set(host_name, read.data.ansible_stats.data.patchwarden)
  }
  return answers
}

/** Checks the answer to a preview. Throws a sentence when it is invalid. */
export function readPreview(answer: unknown, name: string): Previewed {
  const read = previewed.safeParse(answer)
  if (read.success) return read.data
  throw new Error(`The playbook gave back no transaction for ${name}: ${schemaProblem(read.error)}`)
}

export function readOutcome(answer: unknown, name: string): DeploymentOutcome {
  const read = ended.safeParse(answer)
  if (read.success) return { ...read.data, log: shortened(read.data.log.split('\n')) }
  const reason = `The playbook did not say what became of ${name}: ${schemaProblem(read.error)}.`
  return { state: 'failed', reason, log: '' }
}

export interface Trouble {
  readonly reason: string
  readonly log: string
  /** True: not even the first task could connect. */
  readonly beforeAll: boolean
  readonly unreachable: boolean
}

/** Returns for each host the task that failed or lost the connection. */
export function troublesOf(events: readonly JobEvent[]): ReadonlyMap<string, Trouble> {
  const troubles = new Map<string, Trouble>()
  for (const { event, task, host_name, event_data } of events) {
    if (event !== 'runner_on_failed' && event !== 'runner_on_unreachable') continue
    const { msg, stderr, stdout } = event_data?.res ?? {}
    const texts = [msg, stderr, stdout].filter((text) => typeof text === 'string' && text !== '')
    const log = shortened(texts.join('\n').split('\n'))
    const unreachable = event === 'runner_on_unreachable'
    const first = log.split('\n')[0]?.replace(/\.$/, '') ?? ''
    const reason = unreachable ? `AWX cannot reach it: ${first}` : `The task "${task.slice(0, 80)}" failed: ${first}`
    troubles.set(host_name, { reason, log, unreachable, beforeAll: unreachable && task === REACH_TASK })
  }
  return troubles
}
