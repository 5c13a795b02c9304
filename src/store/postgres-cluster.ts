import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { chownSync, existsSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { promisify } from 'node:util'
import type { PostgresBinaries } from './postgres-binaries.ts'
import type { Placement } from './postgres-placement.ts'

const run = promisify(execFile)

export const clusterUser = 'patchwarden'

/** A database cluster on disk: created once, whole or not at all. */
export interface Cluster {
  readonly pgdata: string
  readonly logFile: string
  readonly url: (port: number) => string
}

/** What a running server writes about itself. */
export interface PostmasterPid {
  readonly pid: number
  readonly port: number
}

/**
 * Opens the cluster in the placed folder, creating it when there is none. The caller holds the folder's lock, so
 * anything half made is left over from a killed start. Throws a sentence when another major version made the data.
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
    await createCluster({ placement, binaries, durable, pgdata, passwordFile })
  }
  const major = readFileSync(path.join(pgdata, 'PG_VERSION'), 'utf8').trim()
  if (major !== String(binaries.major)) {
    throw new Error(
      `The embedded database in ${pgdata} was made by PostgreSQL ${major}, the bundled server is ${binaries.major}. Move its content with the older release, or move the folder away to start afresh.`,
    )
  }
  const password = readFileSync(passwordFile, 'utf8').trim()
  return {
    pgdata,
    logFile: path.join(directory, 'server.log'),
    url: (port) => `postgres://${clusterUser}:${password}@127.0.0.1:${port}/postgres`,
  }
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
  writeFileSync(unfinishedPassword, `${randomBytes(18).toString('base64url')}\n`, { mode: 0o600 })
  if (placement.account !== null) chownSync(unfinishedPassword, placement.account.uid, placement.account.gid)
  const access = ['-U', clusterUser, '-A', 'scram-sha-256', '--pwfile', unfinishedPassword]
  const content = ['-E', 'UTF8', '--locale=C', ...(durable ? [] : ['--no-sync'])]
  await run(binaries.program('initdb'), ['-D', unfinished, ...access, ...content], placement.spawnOptions)
  // The password first: a cluster without one could never be opened again.
  renameSync(unfinishedPassword, passwordFile)
  renameSync(unfinished, pgdata)
}

export function readPostmasterPid(cluster: Cluster): PostmasterPid | null {
  try {
    const lines = readFileSync(path.join(cluster.pgdata, 'postmaster.pid'), 'utf8').split('\n')
    return { pid: Number(lines[0]), port: Number(lines[3]) }
  } catch {
    return null
  }
}
