/**
 * What /metrics says. Labels name teams' work by status and priority, chat platforms, and feeds and sources by their names in the
 * configuration; never a host or a person.
 */

import { collectDefaultMetrics, Gauge, Registry } from 'prom-client'
import { errorText } from '../core/error-text.ts'
import { priorities } from '../core/priority/priority.ts'
import { finalStatuses, statuses } from '../core/proposal/proposal.ts'
import { readNumbers, type StoredNumbers } from '../store/metrics.ts'
import { oncePerMinute } from '../store/repeated-error.ts'
import type { Service } from './open.ts'

/** The text, made anew at most this often, so that asking often costs the database nothing. */
const HOLDS_MS = 5_000
/** How long the database may take to answer. */
const PATIENCE_MS = 5_000

/** Counts that prom-client names as counters although they are none; promtool refuses them. */
const notCounters = ['nodejs_active_handles_total', 'nodejs_active_requests_total', 'nodejs_active_resources_total']

export interface Metrics {
  readonly contentType: string
  /** Never rejects: where the database does not answer, its numbers are left out, and that is a number, too. */
  text(): Promise<string>
}

type MetricsParts = Pick<Service, 'database' | 'watched' | 'writing' | 'parts' | 'config' | 'log'>

export function createMetrics(service: MetricsParts, version: string): Metrics {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  for (const name of notCounters) registry.removeSingleMetric(name)
  const gauges = gaugesIn(registry)
  gauges.build.set({ version, node: process.versions.node }, 1)
  const warn = oncePerMinute((error) =>
    service.log.warn(`The numbers for /metrics could not be read: ${error.message}`),
  )
  let current: Promise<string> | null = null

  async function make(): Promise<string> {
    gauges.writable.set((await service.writing()) === 'ok' ? 1 : 0)
    gauges.chat.reset()
    for (const one of service.watched) {
      const { kind } = one.state().state
      gauges.chat.set({ platform: one.name }, kind === 'connected' || kind === 'elsewhere' ? 1 : 0)
    }
    const numbers = await inTime(numbersOf(service)).catch((error: unknown) => {
      warn(new Error(errorText(error), { cause: error }))
      return null
    })
    gauges.known.set(numbers === null ? 0 : 1)
    tell(gauges, numbers, service)
    return registry.metrics()
  }

  return {
    contentType: registry.contentType,
    text() {
      current ??= make().finally(() => {
        setTimeout(() => {
          current = null
        }, HOLDS_MS).unref()
      })
      return current
    },
  }
}

function numbersOf({ database, parts }: MetricsParts): Promise<StoredNumbers> {
  return readNumbers(database.db, { now: new Date().toISOString(), teams: parts.teams.ids })
}

function inTime<Value>(work: Promise<Value>): Promise<Value> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error('The database does not answer.')), PATIENCE_MS)
    work.then(resolve, reject).finally(() => clearTimeout(timer))
  })
}

function gaugesIn(registry: Registry) {
  const gauge = (name: string, help: string, ...labelNames: string[]) =>
    new Gauge({ name: `patchwarden_${name}`, help, labelNames, registers: [registry] })
  return {
    build: gauge('build_info', 'Always 1. Which version runs, on which Node.js.', 'version', 'node'),
    writable: gauge('database_writable', '1: something can be written to the database.'),
    known: gauge('numbers_known', '1: the numbers that stand in the database could be read for this answer.'),
    chat: gauge('chat_connected', '1: the platform is connected, by this process or another.', 'platform'),
    proposals: gauge('proposals', 'Proposals that are not over.', 'status', 'priority'),
    overdue: gauge('proposals_overdue', 'Proposals that are not over and past their due date.'),
    waiting: gauge('messages_waiting', 'Messages that should have been delivered by now.', 'platform'),
    oldest: gauge('message_oldest_seconds', 'For how long the oldest of them has waited.', 'platform'),
    lastGood: gauge(
      'source_last_success_timestamp_seconds',
      'When a feed or source last gave something good; 0: never.',
      'role',
      'name',
    ),
    failing: gauge('source_failing', '1: its last look failed.', 'role', 'name'),
    rejected: gauge(
      'source_rejected_records',
      'Records of it that could not be read and are left out.',
      'role',
      'name',
    ),
    interval: gauge('source_interval_seconds', 'How often it is asked.', 'role', 'name'),
    assets: gauge('assets', 'Servers that are known.'),
    unjudged: gauge('assets_not_judged', 'Servers that nobody can judge.'),
    late: gauge('work_late_seconds', 'For how long a proposal waits for its turn; 0: none waits.'),
    sealed: gauge('record_checkpoint_timestamp_seconds', 'When the record was last sealed; 0: never.'),
  }
}

/** `null`: not known, so nothing is said. */
function tell(gauges: ReturnType<typeof gaugesIn>, numbers: StoredNumbers | null, service: MetricsParts): void {
  const { build: _, writable: __, known: ___, chat: ____, ...stored } = gauges
  for (const gauge of Object.values(stored)) {
    gauge.reset()
    // Without labels, a reset gauge says 0, which would be a number that nobody knows.
    if (numbers === null) gauge.remove()
  }
  if (numbers === null) return
  const open = statuses.filter((status) => !(finalStatuses as readonly string[]).includes(status))
  for (const status of open) for (const priority of priorities) gauges.proposals.set({ status, priority }, 0)
  for (const { status, priority, count } of numbers.proposals) gauges.proposals.set({ status, priority }, count)
  gauges.overdue.set(numbers.overdue)
  for (const { name: platform } of service.watched) {
    const found = numbers.waiting.find((one) => one.platform === platform)
    gauges.waiting.set({ platform }, found?.count ?? 0)
    gauges.oldest.set({ platform }, found?.oldest ?? 0)
  }
  tellSources(gauges, numbers.sources, service)
  gauges.assets.set(numbers.assets)
  gauges.unjudged.set(numbers.unjudged)
  gauges.late.set(numbers.timersLate)
  gauges.sealed.set(numbers.checkpointAt)
}

/** Only those of the configuration: others are asked no more. */
function tellSources(
  gauges: ReturnType<typeof gaugesIn>,
  known: StoredNumbers['sources'],
  { parts, config: { schedule } }: MetricsParts,
): void {
  const all = [
    ...parts.feeds.map(({ name }) => ({ kind: 'catalog', role: 'feed', name, every: schedule.feeds })),
    ...parts.sources.map(({ name }) => ({ kind: 'inventory', role: 'inventory', name, every: schedule.inventory })),
  ]
  for (const { kind, role, name, every } of all) {
    const found = known.find((one) => one.kind === kind && one.name === name)
    const labels = { role, name }
    gauges.lastGood.set(labels, found?.lastGood ?? 0)
    gauges.failing.set(labels, found?.failing === true ? 1 : 0)
    gauges.rejected.set(labels, found?.rejected ?? 0)
    gauges.interval.set(labels, every)
  }
}
