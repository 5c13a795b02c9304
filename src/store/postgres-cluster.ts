import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs'
import path from 'node:path'
import { promisify } from 'node:util'
import type { Cluster } from './cluster.ts'
import type { PostgresBinaries } from './postgres-binaries.ts'
import { whyNotCreated } from './postgres-failure.ts'
import { type Placement, writeOwned } from './postgres-placement.ts'
import { hasCode } from './process-identity.ts'

const run = promisify(execFile)

export const clusterUser = 'patchwarden'

/** What a running server writes about itself. */
export interface PostmasterPid {
  readonly pid: number
  readonly port: number
}

/**
 * Opens the cluster in the placed folder, and creates it if there is none. The caller holds the folder's lock, so
 * anything incomplete is left over from a killed start. Throws a sentence if another major version made the data.
 */
export async function openCluster(
  placement: Placement,
  binaries: PostgresBinaries,
  durable: boolean,
): Promise<Cluster> {
  const { directory } = placement
  const pgdata = path.join(directory, 'pgdata')
  const passwordFile = path.join(directory, 'password')
  for (const name of readdirSync(directory)) {
    if (/^init-\d+(\.password)?$/.test(name)) rmSync(path.join(directory, name), { recursive: true, force: true })
  }
  if (!existsSync(path.join(pgdata, 'PG_VERSION'))) {
    if (existsSync(pgdata) && readdirSync(pgdata).length > 0) {
      throw new Error(
        `The embedded database in ${pgdata} is damaged: it has no PG_VERSION. Restore the folder from a backup, or move it away to start afresh.`,
      )
    }
    await createCluster({ placement, binaries, durable, pgdata, passwordFile })
  }
  checkVersion(pgdata, binaries.major)
  return {
    pgdata,
    logFile: path.join(directory, 'server.log'),
    passwordFile,
    pidFile: path.join(pgdata, 'postmaster.pid'),
    noteFile: path.join(directory, 'server'),
    url: (port) => `postgres://${clusterUser}:${readPassword(passwordFile) ?? ''}@127.0.0.1:${port}/postgres`,
  }
}

function checkVersion(pgdata: string, bundled: number): void {
  const major = readFileSync(path.join(pgdata, 'PG_VERSION'), 'utf8').trim()
  if (!/^\d+$/.test(major)) {
    throw new Error(
      `The embedded database in ${pgdata} is damaged: its PG_VERSION does not say which PostgreSQL made it. Restore the folder from a backup, or move it away to start afresh.`,
    )
  }
  if (major === String(bundled)) return
  throw new Error(
    `The embedded database in ${pgdata} was made by PostgreSQL ${major}, the bundled server is ${bundled}. Move its content with the older release, or move the folder away to start afresh.`,
  )
}

async function createCluster(options: {
  readonly placement: Placement
  readonly binaries: PostgresBinaries
  readonly durable: boolean
  readonly pgdata: string
  readonly passwordFile: string
}): Promise<void> {
  const { placement, binaries, durable, pgdata, passwordFile } = options
  const unfinished = path.join(placement.directory, `init-${process.pid}`)
  const unfinishedPassword = `${unfinished}.password`
  try {
    writeOwned(placement, unfinishedPassword, newPassword())
    const access = ['-U', clusterUser, '-A', 'scram-sha-256', '--pwfile', unfinishedPassword]
    const content = ['-E', 'UTF8', '--locale=C', ...(durable ? [] : ['--no-sync'])]
    await run(binaries.program('initdb'), ['-D', unfinished, ...access, ...content], placement.spawnOptions).catch(
      (error: unknown) => {
        throw new Error(whyNotCreated(placement.directory, said(error)), { cause: error })
      },
    )
    // The password first: a cluster without its password would need a new one.
    renameSync(unfinishedPassword, passwordFile)
    renameSync(unfinished, pgdata)
  } finally {
    rmSync(unfinishedPassword, { force: true })
    rmSync(unfinished, { recursive: true, force: true })
  }
}

/** The password that all users of the server share; `null`: the file is lost or damaged. */
export function readPassword(file: string): string | null {
  try {
    const password = readFileSync(file, 'utf8').trim()
    return /^[\w-]{20,100}$/.test(password) ? password : null
  } catch (error) {
    if (hasCode(error, 'ENOENT') || hasCode(error, 'EISDIR')) return null
    throw error
  }
}

/** Writes the password to its file again if it is not there, for processes that come later. */
export function restorePassword(placement: Placement, { passwordFile }: Cluster, password: string): void {
  if (readPassword(passwordFile) !== password) writeOwned(placement, passwordFile, `${password}\n`)
}

/**
 * Gives a new password to a cluster whose server does not run. The owner of its files may do that. Throws a sentence.
 */
export async function renewPassword(launch: {
  readonly placement: Placement
  readonly binaries: PostgresBinaries
  readonly cluster: Cluster
  readonly log: (message: string) => void
}): Promise<void> {
  const { placement, binaries, cluster, log } = launch
  const password = newPassword()
  const server = run(
    binaries.program('postgres'),
    ['--single', '-D', cluster.pgdata, 'postgres'],
    placement.spawnOptions,
  )
  server.child.stdin?.on('error', () => {})
  server.child.stdin?.end(`alter user ${clusterUser} password '${password.trim()}'\n`)
  const { stderr } = await server.catch((error: unknown) => ({ stderr: `FATAL: ${said(error)}` }))
  const complaint = /^.*\b(FATAL|PANIC|ERROR):\s*(.*)$/m.exec(stderr)?.[2]
  if (complaint !== undefined) {
    throw new Error(
      `The password of the embedded database, in ${cluster.passwordFile}, is lost or wrong, and a new one cannot be set: ${complaint}. Restore the file from a backup.`,
    )
  }
  writeOwned(placement, cluster.passwordFile, password)
  log(`The password of the embedded database was lost or wrong; ${cluster.passwordFile} has a new one.`)
}

export function passwordSentence({ passwordFile }: Cluster): string {
  return `The password of the embedded database, in ${passwordFile}, is lost or wrong, and other processes use the server. Stop them and start again: then it gets a new one.`
}

function newPassword(): string {
  return `${randomBytes(18).toString('base64url')}\n`
}

/** Moves away the settings that a server wrote itself and cannot read any more. `false`: there were none. */
export function setAsideSettings({ pgdata }: Cluster, log: (message: string) => void): boolean {
  const file = path.join(pgdata, 'postgresql.auto.conf')
  const aside = `${file}.broken`
  if (!existsSync(file)) return false
  renameSync(file, aside)
  log(`The settings of the embedded database could not be read; they are in ${aside} now, and it starts without them.`)
  return true
}

/** What the running server says about itself; `null`: there is no file, or a crash left one that cannot be read. */
export function readPostmasterPid({ pidFile }: Cluster): PostmasterPid | null {
  const lines = pidFileLines(pidFile)
  const [pid, port] = [lines[0], lines[3]].map((line) =>
    line !== undefined && /^\d{1,9}$/.test(line) ? Number(line) : 0,
  )
  return pid ? { pid, port: port ?? 0 } : null
}

/** Whether the server takes no more connections and waits for its users to leave. */
export function isStopping({ pidFile }: Cluster): boolean {
  return pidFileLines(pidFile)[7]?.trim() === 'stopping'
}

function pidFileLines(file: string): readonly string[] {
  try {
    return readFileSync(file, 'utf8').split('\n')
  } catch {
    return []
  }
}

/** What a program printed before it failed. */
function said(error: unknown): string {
  if (error instanceof Error && 'stderr' in error && typeof error.stderr === 'string' && error.stderr.trim() !== '')
    return error.stderr.trim()
  return error instanceof Error ? error.message : String(error)
}
