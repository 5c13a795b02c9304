import type { ChatConnection, ChatPlatform } from '../chat/platform.ts'
import { createTroubles, type Troubles } from '../chat/troubles.ts'
import type { Environment } from '../config/environment.ts'
import type { Config } from '../config/schema.ts'
import { chatPlatformNames } from '../core/chat-platforms.ts'
import type { TroubleKind } from '../core/chat-troubles.ts'
import { errorText } from '../core/error-text.ts'
import type { LoadSource } from '../core/ports.ts'
import type { Database } from '../store/database.ts'
import { createKeeping } from '../store/keeping.ts'
import { createPosts } from '../store/posts.ts'
import { openQueue, type Queue } from '../store/queue.ts'
import { keepTrouble } from '../store/troubles.ts'
import { createWriteTest, type Writing } from '../store/write-test.ts'
import { createBackend } from '../web/backend.ts'
import { createChanges } from '../web/changes.ts'
import type { ConsolePort } from '../web/console-port.ts'
import { type AbsenceBook, createAbsences } from '../workflow/absences.ts'
import { createAccounts, createLinking } from '../workflow/accounts.ts'
import type { WorkflowLog } from '../workflow/log.ts'
import type { WorkflowParts } from '../workflow/ports.ts'
import { type WatchedConnection, watchConnection } from '../workflow/watched-connection.ts'
import { createWorkflow, type Workflow } from '../workflow/workflow.ts'
import { buildGroupReaders, buildOnCall } from './build.ts'
import { buildConnections, consolePlatform } from './chat.ts'
import { consoleOf } from './console.ts'
import { openConfigured } from './database.ts'
import { type GroupCheck, groupChecks } from './group-checks.ts'
import { type LastKnown, loadLastKnown } from './last-known.ts'
import { createLog } from './log.ts'
import { buildOutside } from './outside.ts'
import { buildAbsences, buildPeople } from './people.ts'
import { buildWorkflowParts } from './workflow-parts.ts'

export interface Service extends LastKnown {
  readonly config: Config
  readonly database: Database
  readonly queue: Queue
  readonly parts: WorkflowParts
  readonly workflow: Workflow
  readonly port: ConsolePort
  /** Chat platforms, not yet connected. */
  readonly connections: readonly ChatConnection[]
  /** The state of each connection, in the same order. */
  readonly watched: readonly WatchedConnection[]
  readonly writing: () => Promise<Writing>
  readonly absences: AbsenceBook
  readonly loads: ReadonlyMap<string, LoadSource>
  readonly groupChecks: readonly GroupCheck[]
  readonly log: WorkflowLog
  readonly close: () => Promise<void>
}

/**
 * Opens the database and builds every part. No job starts and no chat platform is connected yet: a command needs no
 * more.
 */
export async function openService(config: Config, environment: Environment): Promise<Service> {
  const log = createLog(environment.logLevel)
  const clock = () => new Date()
  const watch = (name: string) => watchConnection(name, { clock, log })
  const database = await openConfigured(config, environment, log)
  const { db } = database
  const keeping = createKeeping(db, database.alone)
  const outside = await buildOutside(config, environment, clock, keeping).catch(async (error: unknown) => {
    await database.close()
    throw error
  })
  const jobNews = watch('news of jobs')
  const queue = await openQueue({
    url: database.url,
    name: `patchwarden-${process.pid}`,
    onError: (error) => log.warn(errorText(error)),
    onConnection: jobNews,
  })
  const lastKnown = await loadLastKnown(config, outside, { db, clock, log })
  const people = buildPeople(config)
  const accounts = createAccounts(db, people, config.identity.email)
  const platforms: ChatPlatform[] = [consolePlatform(database)]
  const absences = createAbsences({ db, clock, platforms, ...buildAbsences(config) })
  await absences.load()
  const parts = buildWorkflowParts(config, outside, lastKnown, {
    db,
    clock,
    log,
    platforms,
    linking: createLinking({ db, clock, people, platforms, log }),
    absences,
    wake: (tx, proposal, at) => queue.enqueue(tx, 'wake', { proposal }, at),
  })
  const workflow = createWorkflow(parts, database.alone)
  const { desk } = workflow
  const posts = createPosts(db)
  const troubles = new Map(
    chatPlatformNames.map((name) => {
      const keep = (kind: TroubleKind, what: string | null) =>
        keepTrouble(keeping, name, { kind, what, at: clock().toISOString() })
      return [name as string, createTroubles({ name, log, keep })]
    }),
  )
  const troublesOf = (name: string) => troubles.get(name) ?? createTroubles({ name, log })
  const given = { db, desk, posts, accounts, clock, log, troublesOf }
  const connections = await buildConnections(config, environment.values, given)
  const readers = buildGroupReaders(config, environment.values, { connections, accounts, clock })
  lastKnown.directory.use(readers)
  for (const { platform } of connections) platforms.push(platform)
  const watched = connections.map(({ platform: { name } }) => notingTrouble(watch(name), troublesOf(name)))
  const liveUpdates = watch('live updates of the console')
  const changes = createChanges(database, liveUpdates)
  return {
    config,
    groupChecks: groupChecks(config, buildOnCall(config, environment.values, clock), readers),
    database,
    queue,
    parts,
    workflow,
    port: createBackend({
      ...consoleOf(config, outside, lastKnown.directory),
      db,
      parts,
      workflow,
      connections: [...watched, jobNews, liveUpdates],
      subscribe: changes.subscribe,
    }),
    connections,
    watched,
    writing: createWriteTest(database.url),
    ...lastKnown,
    absences,
    loads: outside.loads,
    log,
    close: async () => {
      await queue.close()
      await changes.close()
      await database.close()
    },
  }
}

/** Other processes, such as `check`, see that the connection is down, and why. */
function notingTrouble(watched: WatchedConnection, troubles: Troubles): WatchedConnection {
  return {
    ...watched,
    up() {
      watched.up()
      troubles.end('connection')
    },
    down(why) {
      watched.down(why)
      troubles.begin('connection', `Not connected: ${why}`)
    },
  }
}
