import { spawn } from 'node:child_process'
import { existsSync, readFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import postgres from 'postgres'
import { withPidLock } from './pid-lock.ts'
import { findPostgresBinaries, type PostgresBinaries } from './postgres-binaries.ts'
import { type Cluster, openCluster, readPostmasterPid } from './postgres-cluster.ts'
import { joinUsers, startGuard } from './postgres-guard.ts'
import { type Placement, placePostgres } from './postgres-placement.ts'
import { isAlive, isPostgres } from './process-identity.ts'

/** The PostgreSQL that runs when no DATABASE_URL is given: for a first look, tests and single hosts. */
export interface EmbeddedPostgres {
  readonly url: string
  readonly pid: number
  readonly port: number
  /** The server was already running. */
  readonly adopted: boolean
  /** Where the data is; not the folder asked for when root had to place it elsewhere. */
  readonly dataDir: string
  /** Leaves the server; the last process that does stops it. Not needed for safety: however we end, that is leaving. */
  readonly stop: () => Promise<void>
}

export interface EmbeddedOptions {
  readonly dataDir: string
  /** `false` leaves out fsync, for tests: a power failure may then lose the data. */
  readonly durable: boolean
  readonly log: (message: string) => void
}

interface Server {
  readonly pid: number
  readonly port: number
  readonly adopted: boolean
}

const startAttempts = 20
/** A killed server's children let go of the directory within seconds; a last checkpoint may take longer. */
const patienceMs = 60_000

/**
 * Starts the embedded server on a folder, or joins the one that runs there. Safe to call from many processes at once.
 * Throws a sentence that says what to do, most often to set DATABASE_URL.
 */
export async function startEmbedded(options: EmbeddedOptions): Promise<EmbeddedPostgres> {
  const placement = placePostgres(options.dataDir, options.log)
  return withPidLock(path.join(placement.directory, 'lock'), () => startPlaced(placement, options))
}

async function startPlaced(placement: Placement, options: EmbeddedOptions): Promise<EmbeddedPostgres> {
  const binaries = await findPostgresBinaries(placement, options.log)
  const cluster = await openCluster(placement, binaries, options.durable)
  // Joined before looking for the server: from then on nobody stops it.
  const joined = await joinUsers(placement.directory)
  const server = (await running(cluster, options.log)) ?? (await start(placement, binaries, cluster, options))
  const membership = joined ?? (await startGuard(placement, binaries, cluster))
  return { ...server, url: cluster.url(server.port), dataDir: placement.directory, stop: membership.release }
}

/** The server that already runs on this cluster: it takes our password and names our directory. */
async function running(cluster: Cluster, log: (message: string) => void): Promise<Server | null> {
  const found = readPostmasterPid(cluster)
  if (found === null || !isAlive(found.pid)) return null
  if (await answers(cluster, found.port)) return { ...found, adopted: true }
  if (!isPostgres(found.pid)) {
    log(`Removed a stale postmaster.pid: process ${found.pid} is another program.`)
    rmSync(path.join(cluster.pgdata, 'postmaster.pid'), { force: true })
  }
  return null
}

async function start(
  placement: Placement,
  binaries: PostgresBinaries,
  cluster: Cluster,
  options: EmbeddedOptions,
): Promise<Server> {
  const deadline = Date.now() + patienceMs
  for (let attempt = 1; ; attempt++) {
    const code = await launch(placement, binaries, cluster, options.durable)
    const found = readPostmasterPid(cluster)
    if (found !== null && isAlive(found.pid) && (await answers(cluster, found.port)))
      return { ...found, adopted: code !== 0 }
    const another = found !== null && isAlive(found.pid)
    if (another ? Date.now() > deadline : attempt >= startAttempts) throw new Error(notStarted(cluster))
    await sleep(250)
  }
}

function launch(
  placement: Placement,
  binaries: PostgresBinaries,
  cluster: Cluster,
  durable: boolean,
): Promise<number | null> {
  return freePort().then(
    (port) =>
      new Promise((resolve, reject) => {
        const settings = serverSettings(durable).map((setting) => `-c ${setting}`)
        const args = [
          '-D',
          cluster.pgdata,
          '-w',
          '-t',
          '60',
          '-l',
          cluster.logFile,
          '-o',
          `-p ${port} ${settings.join(' ')}`,
          'start',
        ]
        // Not a pipe: the server inherits it, and its end would never come.
        const child = spawn(binaries.program('pg_ctl'), args, {
          ...placement.spawnOptions,
          stdio: 'ignore',
          detached: true,
        })
        child.once('error', reject)
        child.once('exit', resolve)
      }),
  )
}

function serverSettings(durable: boolean): readonly string[] {
  return [
    'listen_addresses=127.0.0.1',
    // A socket's path has at most 107 bytes; a checkout's may have more.
    'unix_socket_directories=',
    'max_connections=100',
    'shared_buffers=64MB',
    'max_wal_size=256MB',
    // A container's /dev/shm is small.
    'dynamic_shared_memory_type=mmap',
    ...(durable ? [] : ['fsync=off', 'synchronous_commit=off', 'full_page_writes=off']),
  ]
}

async function answers(cluster: Cluster, port: number): Promise<boolean> {
  const sql = postgres(cluster.url(port), { max: 1, connect_timeout: 2, fetch_types: false, onnotice: () => {} })
  try {
    const [row] = await sql<{ directory: string }[]>`select current_setting('data_directory') as directory`
    return row?.directory === cluster.pgdata
  } catch {
    return false
  } finally {
    await sql.end({ timeout: 1 }).catch(() => {})
  }
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() => {
        if (address !== null && typeof address === 'object') resolve(address.port)
        else reject(new Error('No free port on 127.0.0.1 for the embedded database.'))
      })
    })
  })
}

function notStarted(cluster: Cluster): string {
  const tail = existsSync(cluster.logFile) ? readFileSync(cluster.logFile, 'utf8').slice(-800).trim() : '(no log)'
  return `The embedded database did not start. Its log ${cluster.logFile} ends with:\n${tail}\nSet DATABASE_URL to use another PostgreSQL.`
}
