import { spawn } from 'node:child_process'
import { randomInt } from 'node:crypto'
import {
  accessSync,
  closeSync,
  constants,
  lstatSync,
  openSync,
  readFileSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs'
import { createServer } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import postgres from 'postgres'
import { z } from 'zod'
import type { Cluster } from './cluster.ts'
import type { PostgresBinaries } from './postgres-binaries.ts'
import { readPostmasterPid, setAsideSettings } from './postgres-cluster.ts'
import { failsAgain, kindOfFailure, whyNotStarted } from './postgres-failure.ts'
import { hasUsers } from './postgres-guard.ts'
import { type Placement, writeOwned } from './postgres-placement.ts'
import { endLeftBehind, isAlive, worksIn } from './process-identity.ts'

/** A running server of one of our clusters. */
export interface Server {
  readonly pid: number
  readonly port: number
  /** The server was already running. */
  readonly adopted: boolean
}

export interface Launch {
  readonly placement: Placement
  readonly binaries: PostgresBinaries
  readonly cluster: Cluster
  readonly durable: boolean
  readonly log: (message: string) => void
  /** Others hold connections to the server's former address. It gets the same port or does not start. */
  readonly samePort: boolean
  /** How long a start is tried again. Default: a minute. */
  readonly patienceMs?: number
}

/** Recovery after a crash, or somebody else's shutdown, may take this long. */
const patienceMs = 60_000
const retryMs = 250
/**
 * After this time, the children of a killed server have released its memory, except a child in the middle of a
 * computation.
 */
const childrenMs = 2000
/** How long we wait for a port that another program has for a moment. */
const portMs = 5000

const noteShape = z.object({ pid: z.int().positive(), port: z.int().min(1).max(65_535) })
type Note = z.infer<typeof noteShape>

/**
 * Finds the server that already runs on this cluster: it accepts our password and names our folder. `null`: there is
 * none.
 */
export async function findServer(cluster: Cluster): Promise<Server | 'password refused' | null> {
  for (const found of [readPostmasterPid(cluster), readNote(cluster)]) {
    if (found === null || !isServerOf(found.pid, cluster)) continue
    const answer = await ask(cluster, found.port)
    if (answer === 'ours') return { ...found, adopted: true }
    if (answer === 'password refused') return answer
  }
  return null
}

/**
 * Writes down the server's process and port, in case its own file is lost, and for the next start, which uses the same
 * port.
 */
export function noteServer({ cluster, placement }: Pick<Launch, 'cluster' | 'placement'>, { pid, port }: Note): void {
  const noted = readNote(cluster)
  if (noted?.pid !== pid || noted.port !== port) writeOwned(placement, cluster.noteFile, JSON.stringify({ pid, port }))
}

/** Starts the server. The caller holds the folder's lock. Throws a sentence if it does not start. */
export async function startServer(launch: Launch): Promise<Server | 'password refused'> {
  const { cluster, log } = launch
  const began = Date.now()
  const patience = launch.patienceMs ?? patienceMs
  let ours: number | null = null
  let history = ''
  for (;;) {
    removeStalePid(cluster, log)
    const port = await portFor(launch)
    clearLog(launch)
    const logged = sizeOf(cluster.logFile)
    const before = readPostmasterPid(cluster)?.pid ?? null
    const code = port === null ? null : await runPgCtl(launch, port)
    const running = readPostmasterPid(cluster)?.pid ?? null
    if (running !== before) ours = running
    const server = await findServer(cluster)
    if (server === 'password refused') return server
    if (server !== null) {
      noteServer(launch, server)
      return { ...server, adopted: code !== 0 }
    }
    const said = tailFrom(cluster.logFile, logged)
    history += said
    const kind = port === null ? 'port' : kindOfFailure(said)
    if (kind === 'settings' && setAsideSettings(cluster, log)) continue
    const waited = Date.now() - began
    const another = isServerOf(readPostmasterPid(cluster)?.pid ?? 0, cluster)
    const passing = another || kind === 'busy' || (kind === 'port' && waited < portMs)
    if (waited > patience || !passing) {
      // A server that runs but fails again and again is stopped. A server that still recovers stays: the next start
      // finds it.
      const unusable = ours !== null && isServerOf(ours, cluster) && failsAgain(history)
      if (unusable) await stopServer(launch, 'immediate')
      throw new Error(whyNotStarted(cluster, unusable ? 'unusable' : kind, unusable ? history : said, port))
    }
    if (waited > childrenMs && !another) endLeftBehind(cluster.pgdata)
    await sleep(retryMs)
  }
}

/** Stops a server that nobody uses any more. Check its postmaster.pid first: the process that it names is stopped. */
export async function stopServer(
  { placement, binaries, cluster }: Launch,
  mode: 'fast' | 'immediate' = 'fast',
): Promise<void> {
  await pgCtl(placement, binaries, ['-D', cluster.pgdata, '-m', mode, '-w', '-t', '60', 'stop'])
}

/** Whether a process is a PostgreSQL that works in this cluster's folder. */
export function isServerOf(pid: number, cluster: Cluster): boolean {
  return isAlive(pid) && worksIn(pid, cluster.pgdata)
}

/**
 * Removes postmaster.pid if no server of this cluster runs. PostgreSQL refuses to start if it cannot read this file, or
 * if the file names a living process, even a zombie or another program. If a server runs all the same, it still holds
 * the folder's shared memory, so a second one refuses to start.
 */
export function removeStalePid(cluster: Cluster, log: (message: string) => void): void {
  // A link to nothing also keeps the server from starting.
  if (lstatSync(cluster.pidFile, { throwIfNoEntry: false }) === undefined) return
  const found = readPostmasterPid(cluster)
  if (found !== null && isServerOf(found.pid, cluster)) return
  const noted = readNote(cluster)
  if (noted !== null && isServerOf(noted.pid, cluster)) return
  if (found === null || isAlive(found.pid)) {
    const why = found === null ? 'it was damaged' : `process ${found.pid} is another program`
    log(`Removed a stale postmaster.pid: ${why}.`)
  }
  rmSync(cluster.pidFile, { force: true, recursive: true })
}

function readNote(cluster: Cluster): Note | null {
  try {
    return noteShape.parse(JSON.parse(readFileSync(cluster.noteFile, 'utf8')))
  } catch {
    return null
  }
}

/**
 * The server's former port if it is free, otherwise another one. `null`: another program has the former port, and
 * others need that port.
 */
async function portFor({ cluster, samePort, placement }: Launch): Promise<number | null> {
  const before = readNote(cluster)?.port ?? null
  if (before !== null && (await isFree(before))) return before
  if (before !== null && (samePort || hasUsers(placement.directory))) return null
  return freePort()
}

/**
 * A free port below those that outgoing connections use. Such a connection, even one of our own attempts to reach the
 * server, could have the port when the server starts again.
 */
async function freePort(): Promise<number> {
  for (let attempt = 0; attempt < 50; attempt++) {
    const port = randomInt(20_000, 32_000)
    if (await isFree(port)) return port
  }
  throw new Error('No free port on 127.0.0.1 for the embedded database. Set DATABASE_URL to a PostgreSQL server.')
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)))
  })
}

function runPgCtl({ placement, binaries, cluster, durable }: Launch, port: number): Promise<number | null> {
  const settings = serverSettings(durable).map((setting) => `-c ${setting}`)
  const options = ['-w', '-t', '60', '-l', cluster.logFile, '-o', `-p ${port} ${settings.join(' ')}`]
  return pgCtl(placement, binaries, ['-D', cluster.pgdata, ...options, 'start'])
}

function pgCtl(placement: Placement, binaries: PostgresBinaries, args: readonly string[]): Promise<number | null> {
  return new Promise((resolve, reject) => {
    // Not a pipe: the server would inherit it and keep it open.
    const child = spawn(binaries.program('pg_ctl'), args, {
      ...placement.spawnOptions,
      stdio: 'ignore',
      detached: true,
    })
    child.once('error', reject)
    child.once('exit', resolve)
  })
}

function serverSettings(durable: boolean): readonly string[] {
  return [
    'listen_addresses=127.0.0.1',
    // No socket: its path has at most 107 bytes, and the path of a checkout may have more.
    'unix_socket_directories=',
    'max_connections=200',
    'shared_buffers=64MB',
    'max_wal_size=256MB',
    // A container's /dev/shm is small.
    'dynamic_shared_memory_type=mmap',
    // The log must not repeat rows and values: they hold hashes of tokens, and addresses of people.
    'log_error_verbosity=terse',
    'log_parameter_max_length=0',
    'log_parameter_max_length_on_error=0',
    ...(durable ? [] : ['fsync=off', 'synchronous_commit=off', 'full_page_writes=off']),
  ]
}

/**
 * Asks the server on a port for its folder. Folders are compared by inode, because one folder may have several paths.
 */
async function ask(cluster: Cluster, port: number): Promise<'ours' | 'password refused' | 'no'> {
  const sql = postgres(cluster.url(port), { max: 1, connect_timeout: 2, fetch_types: false, onnotice: () => {} })
  try {
    const [row] = await sql<{ directory: string }[]>`select current_setting('data_directory') as directory`
    return row !== undefined && isSameFolder(row.directory, cluster.pgdata) ? 'ours' : 'no'
  } catch (error) {
    const refused = error instanceof postgres.PostgresError && error.code === '28P01'
    return refused ? 'password refused' : 'no'
  } finally {
    await sql.end({ timeout: 1 }).catch(() => {})
  }
}

function isSameFolder(one: string, other: string): boolean {
  if (one === other) return true
  try {
    const [a, b] = [statSync(one), statSync(other)]
    return a.dev === b.dev && a.ino === b.ino
  } catch {
    return false
  }
}

/** Moves away a log to which the server cannot append: without its log it does not start. */
function clearLog({ placement: { account }, cluster: { logFile }, log }: Launch): void {
  const found = lstatSync(logFile, { throwIfNoEntry: false })
  if (found === undefined) return
  if (found.isFile() && (account === null ? isWritable(logFile) : found.uid === account.uid)) return
  const aside = `${logFile}.broken`
  rmSync(aside, { recursive: true, force: true })
  renameSync(logFile, aside)
  log(`The embedded database could not write its log; what was there is ${aside} now.`)
}

function isWritable(file: string): boolean {
  try {
    accessSync(file, constants.W_OK)
    return true
  } catch {
    return false
  }
}

function sizeOf(file: string): number | null {
  try {
    return statSync(file).size
  } catch {
    return null
  }
}

const tailBytes = 8192

function tailFrom(file: string, start: number | null): string {
  const end = sizeOf(file) ?? 0
  const from = Math.max(start ?? 0, end - tailBytes)
  if (end <= from) return ''
  const descriptor = openSync(file, 'r')
  try {
    const buffer = Buffer.alloc(end - from)
    return buffer.toString('utf8', 0, readSync(descriptor, buffer, 0, buffer.length, from))
  } finally {
    closeSync(descriptor)
  }
}
