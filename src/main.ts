/** The composition root: reads nothing, decides nothing, connects everything. */

import { setTimeout as sleep } from 'node:timers/promises'
import { z } from 'zod'
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
import type { ChatConnection, ChatPlatform, ConnectionEvents } from './chat/platform.ts'
import { sentence } from './chat/rich-text.ts'
import { priorityRule } from './config/decision-tables.ts'
import { exampleDatabase, exampleFleet, shippedFleet } from './config/default-config.ts'
import type { Environment } from './config/environment.ts'
import { recordedConfiguration } from './config/recorded.ts'
import { measureRules, operators } from './config/resolve.ts'
import type { Config } from './config/schema.ts'
import { backoffMs } from './core/backoff.ts'
import { errorText } from './core/error-text.ts'
import type { LoadSource } from './core/ports.ts'
import { createHookRunner } from './integrations/hooks/index.ts'
import { prepareExample } from './integrations/simulated/index.ts'
import { createLog } from './log.ts'
import { type CarriedOver, carryOver } from './store/carry-over.ts'
import { changesChannel, tellChange } from './store/changes.ts'
import { purgeContents } from './store/content.ts'
import { type Database, type DatabaseOptions, lookAhead, openDatabase } from './store/database.ts'
import { writeCheckpoint } from './store/events.ts'
import { purgeSoftware } from './store/forget-assets.ts'
import { claimDatabase } from './store/installation.ts'
import type { JobRun } from './store/job-run.ts'
import { type Listening, listenTo } from './store/listening.ts'
import { addConsoleMessage, purgeDelivered } from './store/outbox.ts'
import { noteConfigured } from './store/people.ts'
import { createPosts } from './store/posts.ts'
import { purgePreviews } from './store/previews.ts'
import { openQueue, type Queue } from './store/queue.ts'
import { oncePerMinute } from './store/repeated-error.ts'
import { purgeFeedChanges } from './store/save-feed.ts'
import { purgeSessions } from './store/sessions.ts'
import { purgeStartAssets } from './store/starts.ts'
import { createWriteTest, type Writing } from './store/write-test.ts'
import { type ConsoleParts, createBackend } from './web/backend.ts'
import type { ConsolePort } from './web/console-port.ts'
import { configuredAccountsOf, createAccounts, createLinking } from './workflow/accounts.ts'
import { createDirectory, type Directory } from './workflow/directory.ts'
import { calendarChecks, createFreezeCalendars, type FreezeCalendars } from './workflow/freeze-calendars.ts'
import type { WorkflowLog } from './workflow/log.ts'
import { createMeasuredWindows, type MeasuredWindows } from './workflow/measured-windows.ts'
import type { WorkflowParts } from './workflow/ports.ts'
import type { ProposeReport } from './workflow/proposing/proposing.ts'
import { noteRights } from './workflow/rights.ts'
import { type WatchedConnection, watchConnection } from './workflow/watched-connection.ts'
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
  /** How the connections to these platforms stand, in the same order. */
  readonly watched: readonly WatchedConnection[]
  readonly writing: () => Promise<Writing>
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
  const log = createLog(environment.logLevel)
  if (config.example) await prepareExample({ from: shippedFleet, to: exampleFleet(config.dataDir) })
  const database = await openDatabase(databaseOf(config, environment, log))
  await claimDatabase(database.db, config.example).catch(async (error: unknown) => {
    await database.close()
    throw error
  })
  const clock = () => new Date()
  tellCarried(await carryOver(database.db, 'live', clock().toISOString()), log)
  const jobNews = watchConnection('news of jobs', { clock, log })
  const queue = await openQueue({
    url: database.url,
    name: `patchwarden-${process.pid}`,
    onError: (error) => log.warn(errorText(error)),
    onConnection: jobNews,
  })
  const { db } = database
  const people = buildPeople(config)
  const accounts = createAccounts(db, people, config.identity.email)
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
    linking: createLinking({ db, clock, people, platforms, log }),
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
  const watched = connections.map(({ platform }) => watchConnection(platform.name, { clock, log }))
  const liveUpdates = watchConnection('live updates of the console', { clock, log })
  const changes = createChanges(database, liveUpdates)
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
      operators: () => operators(config, directory.inGroup),
      example: config.example,
    },
    channels: buildChannels(config),
    sources,
    connections: [...watched, jobNews, liveUpdates],
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
    watched,
    writing: createWriteTest(database.url),
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

function databaseOf(config: Config, environment: Environment, log: WorkflowLog): DatabaseOptions {
  return {
    url: environment.databaseUrl ?? undefined,
    dataDir: config.example ? exampleDatabase(config.dataDir) : `${config.dataDir}/postgres`,
    durable: true,
    log: log.info,
    warn: log.warn,
    withoutCopy: environment.upgradeWithoutCopy,
  }
}

/** Looks at what the next start does to the database. */
export function lookAtDatabase(config: Config, environment: Environment) {
  return lookAhead(databaseOf(config, environment, createLog(environment.logLevel)))
}

/** What can be asked while the database must stay as it is: everything but the chat platforms. */
export async function buildOutside(config: Config, environment: Environment) {
  if (config.example) await prepareExample({ from: shippedFleet, to: exampleFleet(config.dataDir) })
  const clock = () => new Date()
  return {
    sources: buildSources(config, clock),
    feeds: buildFeeds(config, clock),
    engines: buildEngines(config, environment, clock),
    metrics: buildMetrics(config, environment),
    loads: buildLoads(config, environment, clock),
    calendars: calendarChecks({ calendars: buildFreezeCalendars(config), clock }),
    connections: [],
  }
}

/** The console keeps thread entries in the database, and tells open pages that something changed. */
function consolePlatform({ db }: Database): ChatPlatform {
  return {
    name: 'console',
    async deliver({ id, channel, proposal, at, entry }) {
      if (entry !== null && proposal !== null) await addConsoleMessage(db, { id, channel, proposal, at, entry })
      await tellChange(db, { channel, proposal })
      return null
    },
  }
}

/** Of a service. */
interface Configured {
  readonly config: Config
  readonly database: Pick<Database, 'db'>
  readonly parts: Pick<WorkflowParts, 'platforms'>
}

/**
 * Records who is in the configuration, whose accounts it names, and what it gives rights by, where that is another way than
 * at the last start. For the service alone: a command may be given another file. `user`: of the operating system.
 */
export async function noteConfiguration(
  { config, database, parts }: Configured,
  { user, host }: { readonly user: string; readonly host: string },
): Promise<void> {
  const now = new Date().toISOString()
  const people = buildPeople(config)
  await noteRights(database.db, {
    people,
    configuration: (pseudonymOf) => recordedConfiguration(config, pseudonymOf),
    beside: {
      user,
      host,
      file: config.file,
      freezes: config.freezes.flatMap((one) => ('name' in one ? one.name : [])),
    },
    platforms: parts.platforms,
    now,
  })
  await noteConfigured(database.db, configuredAccountsOf(people), now)
}

/** Starts all that happens by itself: timers, syncs, rollouts, checkpoints. Returns the function that stops it. */
export async function runService(service: Service): Promise<() => Promise<void>> {
  const { queue, workflow, parts, config, log, database, directory, measured, freezeCalendars } = service
  const stopping = new AbortController()
  const { signal } = stopping
  const jittered = (seconds: number) =>
    `${Math.max(60, Math.round(seconds * (1 + ((Math.random() * 2 - 1) * config.schedule.jitter) / 100)))} seconds`

  const both = (context: JobRun) => AbortSignal.any([signal, context.signal])

  queue.define(
    'wake',
    async (data, context) => {
      const proposal = typeof data === 'object' && data !== null && 'proposal' in data ? String(data.proposal) : ''
      await workflow.advance(proposal, both(context))
    },
    { concurrency: 20 },
  )
  for (const { name } of parts.feeds)
    queue.define(
      feedJob(name),
      async (_data, context) => {
        const done = await workflow.syncFeed(name, both(context))
        report(log, [done])
        if (done.news) await queue.enqueueOnce('propose')
      },
      { concurrency: 1 },
    )
  for (const { name } of parts.sources)
    queue.define(
      sourceJob(name),
      async (_data, context) => {
        report(log, [await workflow.syncSource(name, both(context))])
        await workflow.tellDrift()
        // Also where nothing was seen: time alone changes what is proposed.
        await queue.enqueueOnce('propose')
      },
      { concurrency: 1 },
    )
  // What was decided keeps patches from being proposed: it is known before anything is.
  const carrying = carryOver(database.db, 'over', new Date().toISOString(), signal).then(
    (done) => tellCarried(done, log),
    (error: unknown) =>
      log.warn(`Closed proposals of an earlier version could not be carried over: ${sentence(errorText(error))}`),
  )
  const proposeAgain = () => queue.enqueueOnce('propose')
  queue.define(
    'propose',
    async (_data, context) => {
      await carrying
      const done = await workflow.proposeBeside(both(context), signal, proposeAgain)
      tellProposed(log, done)
      if (done.teams > 0) await queue.enqueueOnce('record-findings')
    },
    { concurrency: 1 },
  )
  queue.define('record-findings', async (_data, context) => workflow.recordFindings(both(context)), { concurrency: 1 })
  queue.define('measure-windows', async (_data, context) => {
    await measured.refresh(both(context))
  })
  queue.define('checkpoint', async () => {
    await writeCheckpoint(database.db, new Date().toISOString())
  })
  queue.define('read-groups', async (_data, context) => {
    await directory.refresh(both(context))
  })
  queue.define('read-calendars', async (_data, context) => {
    await freezeCalendars.refresh(both(context))
  })
  queue.define('purge', async () => {
    await queue.purgeFinished(new Date(Date.now() - DAY_MS).toISOString())
    await purgeDelivered(database.db, new Date(Date.now() - 30 * DAY_MS).toISOString())
    await purgeSessions(database.db, new Date().toISOString())
    await purgeSoftware(database.db)
    await purgeContents(database.db, new Date().toISOString())
    await purgeStartAssets(database.db, new Date(Date.now() - 30 * DAY_MS).toISOString())
    await purgeFeedChanges(database.db, new Date(Date.now() - 7 * DAY_MS).toISOString())
    await purgePreviews(database.db, new Date(Date.now() - 30 * DAY_MS).toISOString())
  })
  await queue.start()
  const repeated: readonly (readonly [name: string, interval: string])[] = [
    ...parts.feeds.map(({ name }) => [feedJob(name), jittered(config.schedule.feeds)] as const),
    ...parts.sources.map(({ name }) => [sourceJob(name), jittered(config.schedule.inventory)] as const),
    // Where nothing has changed and no time has come, it reads a few rows.
    ['propose', '1 minute'],
    // Looks that are too old are told, too.
    ['record-findings', '1 hour'],
    ['read-groups', '5 minutes'],
    ['read-calendars', '1 hour'],
    ['measure-windows', '1 hour'],
    ['checkpoint', '1 hour'],
    ['purge', '1 hour'],
  ]
  await queue.repeatOnly(repeated.map(([name]) => name))
  for (const [name, interval] of repeated) await queue.every(name, interval, { skipImmediate: true })

  // What is there is shown at once; the first look at everything follows in the background.
  const first = firstLook(service, signal).catch((error: unknown) => {
    if (!signal.aborted)
      log.warn(
        `The first look at sources and feeds failed: ${sentence(errorText(error))} It is tried again on schedule.`,
      )
  })
  const connecting = keepConnected(service, signal)
  const endSweeps = keepSweeping(service, signal)
  return async () => {
    stopping.abort(new Error('Patchwarden is stopping.'))
    await Promise.allSettled([first, carrying, connecting, endSweeps()])
    await workflow.answersKept()
  }
}

/** The job that reads a feed, or looks at what a source watches: each for itself, so that a slow one holds up no other. */
function feedJob(name: string): string {
  return `sync feed ${name}`
}

function sourceJob(name: string): string {
  return `sync source ${name}`
}

function tellProposed(log: WorkflowLog, { opened, revised }: ProposeReport): void {
  if (opened.length + revised.length > 0)
    log.info(`Opened ${opened.join(', ') || 'nothing'}; revised ${revised.join(', ') || 'nothing'}.`)
}

function tellCarried({ carried, problems }: CarriedOver, log: ReturnType<typeof createLog>): void {
  if (carried > 0) log.info(`${carried} proposals of an earlier version were carried over.`)
  for (const problem of problems) log.warn(problem)
}

/** Does again and again what does not wait for a job. Returns the function that ends it, and waits for what it began. */
function keepSweeping(service: Service, signal: AbortSignal): () => Promise<void> {
  const { workflow, directory, measured, freezeCalendars, log } = service
  const report = oncePerMinute((error) => log.warn(`A sweep failed: ${error.message} It is tried again.`))
  const going = new Set<Promise<void>>()
  const busy = new Set<() => Promise<void>>()

  function begin(work: () => Promise<void>): void {
    const run = work()
      .catch((error: unknown) => {
        if (!signal.aborted) report(new Error(sentence(errorText(error)), { cause: error }))
      })
      .finally(() => going.delete(run))
    going.add(run)
  }

  const short = [workflow.deliver, workflow.postDigests, directory.load, measured.load, freezeCalendars.load]
  const timer = setInterval(() => {
    // Goes on for as long as the rollouts that it drives.
    begin(() => workflow.sweep(signal))
    for (const work of short) {
      if (busy.has(work)) continue // a database that hangs is not asked again and again
      busy.add(work)
      begin(() => work().finally(() => busy.delete(work)))
    }
  }, SWEEP_MS)
  return async () => {
    clearInterval(timer)
    await Promise.all(going)
  }
}

/** How soon another process is asked again whether it still listens to a platform. */
const ELSEWHERE_MS = 15_000

/** How soon it is asked again where a lease was lost. */
const AGAIN_MS = 1_000

type Connecting = Pick<Service, 'connections' | 'watched' | 'log'> & { readonly database: Pick<Database, 'alone'> }

/** A platform that cannot be reached keeps nothing else from working: it is tried until it can. */
export async function keepConnected(
  { connections, watched, log, database }: Connecting,
  signal: AbortSignal,
): Promise<void> {
  await Promise.all(
    connections.map(async (connection, index) => {
      const watch = watched[index]
      if (watch === undefined) return
      let failures = 0
      const had = () => {
        failures = 0
        watch.up()
      }
      while (!signal.aborted) {
        let pause = AGAIN_MS
        try {
          // Of several replicas one listens to a platform; when it ends, another takes over.
          const alone = await database.alone(`listen to ${watch.name}`, (lease) =>
            listen(connection, { up: had, down: watch.down }, log, AbortSignal.any([signal, lease.signal])),
          )
          if (signal.aborted) return
          failures = 0
          if (alone) watch.down('Another process may have taken it over.')
          else {
            watch.elsewhere()
            pause = ELSEWHERE_MS
          }
        } catch (error) {
          if (signal.aborted) return
          failures += 1
          watch.down(errorText(error))
          pause = backoffMs(failures)
        }
        await sleep(pause, undefined, { signal }).catch(() => undefined)
      }
    }),
  )
}

/** Holds a connection until `signal`: the service stops, or another process listens now. Throws a sentence where it is lost. */
async function listen(
  connection: ChatConnection,
  events: Pick<ConnectionEvents, 'up' | 'down'>,
  log: WorkflowLog,
  signal: AbortSignal,
): Promise<void> {
  const lost = new AbortController()
  try {
    await connection.start({ ...events, lost: (why) => lost.abort(new Error(why)) })
    events.up()
    const ended = AbortSignal.any([signal, lost.signal])
    if (!ended.aborted) {
      await new Promise<void>((resolve) => ended.addEventListener('abort', () => resolve(), { once: true }))
    }
    lost.signal.throwIfAborted()
    log.info(`${connection.platform.name}: disconnecting.`)
  } finally {
    await connection.stop().catch(() => undefined)
  }
}

async function firstLook(service: Service, signal: AbortSignal): Promise<void> {
  const { workflow, directory, freezeCalendars } = service
  await Promise.all([directory.refresh(signal), freezeCalendars.refresh(signal)])
  // A rollout that goes on may take all night: nothing else waits for it.
  await Promise.all([workflow.sweep(signal), lookAtAll(service, signal)])
}

async function lookAtAll({ workflow, log, database, measured, queue }: Service, signal: AbortSignal): Promise<void> {
  report(log, await workflow.syncFeeds(signal))
  report(log, await workflow.syncInventory(signal))
  await measured.refresh(signal)
  await queue.enqueueOnce('propose')
  await queue.enqueueOnce('record-findings')
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

/** What was told to open pages; anything else on the channel is none of ours. */
const told = z.object({ channel: z.string(), proposal: z.string().nullable() })

/** Tells open pages what changed. Listens from the first page on. */
function createChanges(database: Database, watch: WatchedConnection) {
  type Listener = Parameters<ConsolePort['subscribe']>[0]
  const listeners = new Set<Listener>()
  let listening: Listening | null = null

  function tell(change: Parameters<Listener>[0]): void {
    for (const each of listeners) each(change)
  }

  function listen(): Listening {
    return listenTo({
      url: database.url,
      channel: changesChannel,
      name: 'patchwarden live updates',
      onMessage: (payload) => {
        const change = told.safeParse(parsed(payload))
        if (change.success) tell(change.data)
      },
      onUp: () => {
        watch.up()
        // Whatever changed while nobody listened.
        tell({ channel: '', proposal: null })
      },
      onDown: watch.down,
    })
  }

  return {
    subscribe: (listener: Listener) => {
      listeners.add(listener)
      listening ??= listen()
      return () => {
        listeners.delete(listener)
      }
    },
    close: async () => {
      await listening?.stop()
    },
  }
}

function parsed(payload: string): unknown {
  try {
    return JSON.parse(payload)
  } catch {
    return null
  }
}
