import { existsSync } from 'node:fs'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { lastRunOn, pgdataOf, removeUnfinishedCopies } from './cluster-copy.ts'
import { withPidLock } from './pid-lock.ts'
import { findPostgresBinaries } from './postgres-binaries.ts'
import { openCluster, passwordSentence, readPassword, renewPassword } from './postgres-cluster.ts'
import { fileProblem } from './postgres-failure.ts'
import { hasUsers, joinUsers, startGuard } from './postgres-guard.ts'
import { keepServer } from './postgres-keeper.ts'
import { type Placement, placePostgres } from './postgres-placement.ts'
import { type Safeguard, safeguarded } from './postgres-safeguard.ts'
import {
  findServer,
  type Launch,
  noteServer,
  removeStalePid,
  type Server,
  startServer,
  stopServer,
} from './postgres-server.ts'

/** The PostgreSQL that runs when no DATABASE_URL is given: for a first look, tests and single hosts. */
export interface EmbeddedPostgres {
  /** Stays the same when the server ends and is started again. */
  readonly url: string
  /** The process id of the server that runs now. */
  readonly pid: number
  readonly port: number
  /** The server was already running. */
  readonly adopted: boolean
  /** The folder of the data. It is not the requested one if root had to place it elsewhere. */
  readonly dataDir: string
  /** Whether no other process uses the server. */
  readonly isAlone: () => boolean
  /**
   * Leaves the server; the last process that leaves stops it. This call is not needed for safety: a process that ends
   * in any way has left.
   */
  readonly stop: () => Promise<void>
}

export interface EmbeddedOptions {
  readonly dataDir: string
  /** `false` leaves out fsync, for tests: a power failure may then lose the data. */
  readonly durable: boolean
  readonly log: (message: string) => void
  /** Called when the server has ended, and when it is back. Default: `log`. */
  readonly warn?: (message: string) => void
  /** How long a start is tried again. Default: a minute. */
  readonly patienceMs?: number
  /** Left out: no copy is made, because there is a way back from every change to the database. */
  readonly safeguard?: Safeguard
}

/** Within this time, a service that uses the folder has restored a lost password. */
const passwordMs = 5000

/**
 * Starts the embedded server on a folder, or joins the one that runs there. Starts it again whenever it ends. Many
 * processes may call this at once. Throws a sentence that says what to do, most often to set DATABASE_URL.
 */
export async function startEmbedded(options: EmbeddedOptions): Promise<EmbeddedPostgres> {
  const placement = placePostgres(options.dataDir, options.log)
  try {
    return await withPidLock(lockOf(placement), () => startPlaced(placement, options))
  } catch (error) {
    const sentence = fileProblem(error, placement.directory)
    throw sentence === null ? error : new Error(sentence, { cause: error })
  }
}

/** Whether there is a cluster already. */
export function hasCluster(dataDir: string): boolean {
  return existsSync(path.join(pgdataOf(placePostgres(dataDir, () => {})), 'PG_VERSION'))
}

async function startPlaced(placement: Placement, options: EmbeddedOptions): Promise<EmbeddedPostgres> {
  const { durable, log, warn = log, patienceMs, safeguard } = options
  const binaries = await findPostgresBinaries(placement, log)
  const cluster = await openCluster(placement, binaries, durable)
  removeUnfinishedCopies(placement)
  // We join before we look for the server: from then on nobody stops it.
  const joined = await joinUsers(placement)
  const base = { placement, binaries, cluster, durable, log, samePort: joined !== null }
  const launch: Launch = patienceMs === undefined ? base : { ...base, patienceMs }
  await havePassword(launch)
  const runBefore = lastRunOn(cluster.pgdata)
  const found = await findOrStart(launch)
  noteServer(launch, found)
  const server = safeguard ? await safeguarded({ launch, server: found, runBefore, joined, safeguard, warn }) : found
  const membership = joined ?? (await startGuard(placement, binaries, cluster))
  const keeper = keepServer({
    launch: { ...launch, samePort: true },
    server,
    membership,
    warn,
    locked: (work) => withPidLock(lockOf(placement), work),
  })
  return {
    url: cluster.url(server.port),
    get pid() {
      return keeper.pid()
    },
    port: server.port,
    adopted: server.adopted,
    dataDir: placement.directory,
    isAlone: membership.isAlone,
    stop: async () => {
      await keeper.stop()
      await membership.release()
    },
  }
}

async function findOrStart(launch: Launch): Promise<Server> {
  const server = (await findServer(launch.cluster)) ?? (await startServer(launch))
  if (server !== 'password refused') return server
  // The server refuses the password in the file.
  if (!isUsed(launch)) {
    await giveNewPassword(launch)
    const renewed = await startServer(launch)
    if (renewed !== 'password refused') return renewed
  }
  throw new Error(passwordSentence(launch.cluster))
}

/**
 * Waits until the password can be read. A process that uses the server restores a lost one. If no process does, this
 * one sets a new password, as the owner of the folder may. Throws a sentence after `passwordMs`.
 */
async function havePassword(launch: Launch): Promise<void> {
  const { cluster } = launch
  const deadline = Date.now() + passwordMs
  while (readPassword(cluster.passwordFile) === null) {
    if (!isUsed(launch)) return giveNewPassword(launch)
    if (Date.now() > deadline) throw new Error(passwordSentence(cluster))
    await sleep(100)
  }
}

async function giveNewPassword(launch: Launch): Promise<void> {
  removeStalePid(launch.cluster, launch.log)
  await stopServer(launch)
  await renewPassword(launch)
}

function isUsed({ samePort, placement }: Launch): boolean {
  return samePort || hasUsers(placement.directory)
}

function lockOf({ directory }: Placement): string {
  return path.join(directory, 'lock')
}
