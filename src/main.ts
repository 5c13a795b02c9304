/** The composition root: reads nothing, decides nothing, connects everything. */

import { setTimeout as sleep } from 'node:timers/promises'
import pino from 'pino'
import {
  buildChannels,
  buildConnections,
  buildEngines,
  buildFeeds,
  buildFreezeCalendars,
  buildGroupReaders,
  buildGroups,
  buildHealth,
  buildLoads,
  buildMetrics,
  buildPeople,
  buildSilences,
  buildSources,
  buildTeams,
} from './build.ts'
import type { ChatConnection, ChatPlatform } from './chat/platform.ts'
import { priorityRule } from './config/decision-tables.ts'
import { exampleFleet, shippedFleet } from './config/default-config.ts'
import type { Environment } from './config/environment.ts'
import { measureRules } from './config/resolve.ts'
import type { Config } from './config/schema.ts'
import { errorText } from './core/error-text.ts'
import type { LoadSource } from './core/ports.ts'
import { createHookRunner } from './integrations/hooks/index.ts'
import { prepareExample } from './integrations/simulated/index.ts'
import { type Database, openDatabase } from './store/database.ts'
import { writeCheckpoint } from './store/events.ts'
import { purgeSoftware } from './store/inventory.ts'
import { addConsoleMessage, purgeDelivered } from './store/outbox.ts'
import { createPosts } from './store/posts.ts'
import { openQueue, type Queue } from './store/queue.ts'
import { renewProjections } from './store/renew.ts'
import { type ConsoleParts, createBackend } from './web/backend.ts'
import type { ConsolePort } from './web/console-port.ts'
import { createAccounts, createLinking } from './workflow/accounts.ts'
import { createDirectory, type Directory } from './workflow/directory.ts'
import { createFreezeCalendars, type FreezeCalendars } from './workflow/freeze-calendars.ts'
import { createMeasuredWindows, type MeasuredWindows } from './workflow/measured-windows.ts'
import type { WorkflowLog, WorkflowParts } from './workflow/ports.ts'
import { createWorkflow, type Workflow } from './workflow/workflow.ts'

export interface Service {
  readonly config: Config
  readonly database: Database
  readonly queue: Queue
  readonly parts: WorkflowParts
  readonly workflow: Workflow
  readonly port: ConsolePort
  /** Chat platforms, not yet connected. */
  readonly connections: readonly ChatConnection[]
  readonly directory: Directory
  readonly measured: MeasuredWindows
  readonly loads: ReadonlyMap<string, LoadSource>
  readonly freezeCalendars: FreezeCalendars
  readonly log: WorkflowLog
  readonly close: () => Promise<void>
}

const SWEEP_MS = 5_000
const DAY_MS = 86_400_000

/** Opens the database and builds every part. Nothing runs by itself yet: a command line call needs no more than this. */
export async function openService(config: Config, environment: Environment): Promise<Service> {
  const logger = pino({ level: environment.logLevel, base: null }, pino.destination({ dest: 2, sync: true }))
  const log: WorkflowLog = { info: (message) => logger.info(message), warn: (message) => logger.warn(message) }
  if (config.example) await prepareExample({ from: shippedFleet, to: exampleFleet(config.dataDir) })
  const database = await openDatabase({
    url: environment.databaseUrl ?? undefined,
    dataDir: `${config.dataDir}/postgres`,
    durable: true,
    log: log.info,
    warn: log.warn,
  })
  const renewed = await renewProjections(database.db)
  if (renewed > 0) log.info(`${renewed} proposals of an earlier version were read anew from their events.`)
  const queue = await openQueue({
    url: database.url,
    name: `patchwarden-${process.pid}`,
    onError: (error) => log.warn(error.message),
  })
  const clock = () => new Date()
  const { db } = database
  const accounts = createAccounts(db, buildPeople(config), config.identity.email)
  const directory = createDirectory({ db, clock, log, ...buildGroups(config) })
  await directory.load()
  const loads = buildLoads(config, environment, clock)
  const measured = createMeasuredWindows({ db, clock, log, rules: measureRules(config), loads })
  await measured.load()
  const freezeCalendars = createFreezeCalendars({ db, clock, log, calendars: buildFreezeCalendars(config) })
  await freezeCalendars.load()
  const teams = buildTeams(config, directory.inGroup)
  const platforms: ChatPlatform[] = [consolePlatform(database)]
  const parts: WorkflowParts = {
    db,
    clock,
    teams: {
      ...teams,
      get freezes() {
        return [...teams.freezes, ...freezeCalendars.freezes()]
      },
    },
    sources: buildSources(config, clock),
    feeds: buildFeeds(config, clock),
    engines: buildEngines(config, environment, clock),
    health: buildHealth(config),
    hooks: createHookRunner(),
    metrics: buildMetrics(config, environment),
    measured,
    silences: buildSilences(config, environment),
    platforms,
    linking: createLinking(db, clock, log),
    log,
    wake: (tx, proposal, at) => queue.enqueue(tx, 'wake', { proposal }, at),
    judgement: {
      exposure: config.priority.defaultExposure,
      criticality: config.priority.defaultCriticality,
      dueDays: config.priority.dueDays,
      rule: priorityRule(config),
      types: config.proposals.types,
      minPriority: config.proposals.minPriority,
      grouping: config.proposals.groupBy,
    },
    pollSeconds: config.example ? 0.5 : 1,
  }
  const workflow = createWorkflow(parts, database.alone)
  const connections = buildConnections(config, environment, {
    db,
    desk: workflow.desk,
    posts: createPosts(db),
    accounts,
    clock,
    log,
  })
  directory.use(buildGroupReaders(config, environment, { connections, accounts, clock }))
  for (const { platform } of connections) platforms.push(platform)
  const changes = createChanges(database)
  const sources: ConsoleParts['sources'] = [
    ...parts.sources.map(({ name, describe }) => ({ name, kind: 'inventory' as const, describe })),
    ...parts.feeds.map(({ name, describe }) => ({ name, kind: 'catalog' as const, describe })),
    ...[...parts.engines.values()].map(({ name, describe }) => ({ name, kind: 'engine' as const, describe })),
  ]
  const port = createBackend({
    db,
    parts,
    workflow,
    people: {
      all: Object.entries(config.people).map(([id, person]) => ({
        id,
        name: person.name,
        timeZone: person.timeZone ?? null,
      })),
      timeZone: config.timeZone,
      operatorRole: 'operator',
      operator: operatorOf(config),
      example: config.example,
    },
    channels: buildChannels(config),
    sources,
    subscribe: changes.subscribe,
  })
  return {
    config,
    database,
    queue,
    parts,
    workflow,
    port,
    connections,
    directory,
    measured,
    loads,
    freezeCalendars,
    log,
    close: async () => {
      await queue.close()
      await changes.close()
      await database.close()
    },
  }
}

/** The console keeps thread entries in the database, and tells open pages that something changed. */
function consolePlatform({ db, sql }: Database): ChatPlatform {
  return {
    name: 'console',
    async deliver({ id, channel, proposal, at, entry }) {
      if (entry !== null && proposal !== null) await addConsoleMessage(db, { id, channel, proposal, at, entry })
      await sql.notify('patchwarden_changes', JSON.stringify({ channel, proposal }))
      return null
    },
  }
}

/** Who the start-up link signs in: the first person with the role operator, else the first person there is. */
export function operatorOf(config: Config): string {
  return config.roles.operator?.[0] ?? Object.keys(config.people)[0] ?? ''
}

/** Starts all that happens by itself: timers, syncs, rollouts, checkpoints. Returns the function that stops it. */
export async function runService(service: Service): Promise<() => Promise<void>> {
  const { queue, workflow, config, log, database, directory, measured, freezeCalendars } = service
  const stopping = new AbortController()
  const { signal } = stopping
  const jittered = (seconds: number) =>
    `${Math.max(60, Math.round(seconds * (1 + ((Math.random() * 2 - 1) * config.schedule.jitter) / 100)))} seconds`

  queue.define(
    'wake',
    async (data, context) => {
      const proposal = typeof data === 'object' && data !== null && 'proposal' in data ? String(data.proposal) : ''
      await workflow.advance(proposal, AbortSignal.any([signal, context.signal]))
    },
    { concurrency: 20 },
  )
  queue.define(
    'sync-feeds',
    async (_data, context) => {
      report(log, await workflow.syncFeeds(AbortSignal.any([signal, context.signal])))
    },
    { concurrency: 1 },
  )
  queue.define(
    'sync-inventory',
    async (_data, context) => {
      const both = AbortSignal.any([signal, context.signal])
      report(log, await workflow.syncInventory(both))
      await workflow.tellDrift()
      await measured.refresh(both)
      await workflow.propose(both)
      await writeCheckpoint(database.db, new Date().toISOString())
    },
    { concurrency: 1 },
  )
  queue.define('read-groups', async (_data, context) => {
    await directory.refresh(AbortSignal.any([signal, context.signal]))
  })
  queue.define('read-calendars', async (_data, context) => {
    await freezeCalendars.refresh(AbortSignal.any([signal, context.signal]))
  })
  queue.define('purge', async () => {
    await queue.purgeFinished(new Date(Date.now() - DAY_MS).toISOString())
    await purgeDelivered(database.db, new Date(Date.now() - 30 * DAY_MS).toISOString())
    await purgeSoftware(database.db)
  })
  await queue.start()
  await queue.every('sync-feeds', jittered(config.schedule.feeds), { skipImmediate: true })
  await queue.every('sync-inventory', jittered(config.schedule.inventory), { skipImmediate: true })
  await queue.every('read-groups', '5 minutes', { skipImmediate: true })
  await queue.every('read-calendars', '1 hour', { skipImmediate: true })
  await queue.every('purge', '1 hour', { skipImmediate: true })

  // What is there is shown at once; the first look at everything follows in the background.
  const first = firstLook(service, signal).catch((error: unknown) => {
    if (!signal.aborted)
      log.warn(`The first look at sources and feeds failed: ${errorText(error)}. It is tried again on schedule.`)
  })
  const connecting = connect(service, signal)
  let sweeping: Promise<void> = Promise.resolve()
  const timer = setInterval(() => {
    sweeping = Promise.all([
      workflow.sweep(signal),
      workflow.deliver(),
      workflow.postDigests(),
      directory.load(),
      measured.load(),
      freezeCalendars.load(),
    ])
      .then(() => undefined)
      .catch((error: unknown) => {
        if (!signal.aborted) log.warn(`A sweep failed: ${errorText(error)}. The next one follows.`)
      })
  }, SWEEP_MS)
  return async () => {
    stopping.abort(new Error('Patchwarden is stopping.'))
    clearInterval(timer)
    await Promise.allSettled([first, sweeping, connecting])
    await Promise.allSettled(service.connections.map((connection) => connection.stop()))
  }
}

const RECONNECT_MS = 30_000

/** A platform that cannot be reached keeps nothing else from working: it is tried until it can. */
async function connect({ connections, log, database }: Service, signal: AbortSignal): Promise<void> {
  await Promise.all(
    connections.map(async (connection) => {
      const { name } = connection.platform
      while (!signal.aborted) {
        // Of several replicas one listens to a platform; when it ends, another takes over.
        await database
          .alone(`listen to ${name}`, () => listen(connection, log, signal))
          .catch((error: unknown) => {
            log.warn(`${name}: ${errorText(error)} It is tried again in ${RECONNECT_MS / 1_000} s.`)
          })
        await sleep(RECONNECT_MS, undefined, { signal }).catch(() => undefined)
      }
    }),
  )
}

/** Holds a connection until the service stops. Throws a sentence where it cannot be had. */
async function listen(connection: ChatConnection, log: WorkflowLog, signal: AbortSignal): Promise<void> {
  try {
    await connection.start()
  } catch (error) {
    await connection.stop()
    throw error
  }
  if (signal.aborted) return
  await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }))
  log.info(`${connection.platform.name}: disconnecting.`)
}

async function firstLook(service: Service, signal: AbortSignal): Promise<void> {
  const { workflow, log, database, directory, measured, freezeCalendars } = service
  await Promise.all([directory.refresh(signal), freezeCalendars.refresh(signal)])
  await workflow.sweep(signal)
  report(log, await workflow.syncFeeds(signal))
  report(log, await workflow.syncInventory(signal))
  await measured.refresh(signal)
  const { opened, revised } = await workflow.propose(signal)
  if (opened.length + revised.length > 0)
    log.info(`Opened ${opened.join(', ') || 'nothing'}; revised ${revised.join(', ') || 'nothing'}.`)
  await writeCheckpoint(database.db, new Date().toISOString())
}

function report(
  log: WorkflowLog,
  reports: readonly { readonly name: string; readonly ok: boolean; readonly what: string }[],
): void {
  for (const item of reports) {
    if (item.ok) log.info(`${item.name}: ${item.what}`)
    else log.warn(`${item.name}: ${item.what}`)
  }
}

function createChanges(database: Database) {
  type Listener = Parameters<ConsolePort['subscribe']>[0]
  const listeners = new Set<Listener>()
  let listening: Promise<{ unlisten: () => Promise<void> }> | null = null
  return {
    subscribe: (listener: Listener) => {
      listeners.add(listener)
      listening ??= database.sql.listen('patchwarden_changes', (payload) => {
        const { channel, proposal } = JSON.parse(payload)
        for (const each of listeners)
          each({ channel: String(channel), proposal: proposal === null ? null : String(proposal) })
      })
      listening.catch(() => {
        listening = null
      })
      return () => {
        listeners.delete(listener)
      }
    },
    close: async () => {
      const open = await listening?.catch(() => null)
      await open?.unlisten().catch(() => undefined)
    },
  }
}
