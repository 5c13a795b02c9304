import { spawn } from 'node:child_process'
import { closeSync, constants, mkdirSync, openSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { PostgresBinaries } from './postgres-binaries.ts'
import type { Cluster } from './postgres-cluster.ts'
import type { Placement } from './postgres-placement.ts'
import { identify, stillRuns } from './process-identity.ts'

/**
 * The guard is a shell that reads from a named pipe, which every process that uses the server holds open. However they
 * end, kill -9 included, the kernel closes their ends; when the last is closed, the guard stops the server cleanly. It
 * has its own session, so Ctrl-C never reaches the server first.
 */
const script = `trap "" INT TERM HUP
rm -f "$2" && mkfifo -m 600 "$2" || exit 1
while read -r nothing; do :; done <"$2"
exec "$0" -D "$1" -m fast -w -t 60 stop`

export interface Membership {
  /** Leaves; settles when others still use the server, or when the guard has stopped it. */
  readonly release: () => Promise<void>
}

const patienceMs = 60_000
const guardStartMs = 10_000
/** A guard that has seen the last user leave has closed the pipe by then. */
const lastLookMs = 25

let memberships = 0

/** Joins those who use a guarded server, after the end of one that is just being stopped; `null`: nobody guards it. */
export async function joinUsers(directory: string): Promise<Membership | null> {
  const deadline = Date.now() + patienceMs
  while (stillRuns(guardOf(directory)) && Date.now() < deadline) {
    const end = openPipe(directory)
    await sleep(lastLookMs)
    if (end === null) continue
    if (stillRuns(guardOf(directory)) && isRead(directory)) return member(directory, end)
    closeSync(end)
  }
  return null
}

/** Starts a guard for a server that has none, and becomes its first user. */
export async function startGuard(
  placement: Placement,
  binaries: PostgresBinaries,
  cluster: Cluster,
): Promise<Membership> {
  const { directory } = placement
  const args = [binaries.program('pg_ctl'), cluster.pgdata, pipeOf(directory)]
  rmSync(pipeOf(directory), { force: true })
  const guard = spawn('sh', ['-c', script, ...args], { ...placement.spawnOptions, detached: true, stdio: 'ignore' })
  guard.on('error', () => {})
  guard.unref()
  const deadline = Date.now() + guardStartMs
  for (;;) {
    const end = openPipe(directory)
    if (end !== null) {
      writeFileSync(guardFile(directory), identify(guard.pid ?? 0) ?? '')
      return member(directory, end)
    }
    if (Date.now() > deadline || guard.pid === undefined) {
      throw new Error(
        `Cannot watch over the embedded database: a shell (sh) with mkfifo is needed, and ${directory} must take a named pipe.`,
      )
    }
    await sleep(5)
  }
}

function member(directory: string, end: number): Membership {
  const users = path.join(directory, 'users')
  mkdirSync(users, { recursive: true })
  const own = path.join(users, `${process.pid}.${memberships++}`)
  writeFileSync(own, identify(process.pid) ?? '')
  let left = false
  return {
    release: async () => {
      if (left) return
      left = true
      const guard = guardOf(directory)
      rmSync(own, { force: true })
      closeSync(end)
      const deadline = Date.now() + patienceMs
      while (!others(users) && stillRuns(guard) && Date.now() < deadline) await sleep(lastLookMs)
    },
  }
}

/** Whether somebody else uses the server, as far as files tell. Only how long to wait depends on it. */
function others(users: string): boolean {
  let found = false
  for (const name of readdirSync(users)) {
    const file = path.join(users, name)
    if (stillRuns(read(file))) found = true
    else rmSync(file, { force: true })
  }
  return found
}

/** Our end of the pipe; `null` where nobody reads from it. */
function openPipe(directory: string): number | null {
  try {
    return openSync(pipeOf(directory), constants.O_WRONLY | constants.O_NONBLOCK)
  } catch {
    return null
  }
}

function isRead(directory: string): boolean {
  const end = openPipe(directory)
  if (end !== null) closeSync(end)
  return end !== null
}

function pipeOf(directory: string): string {
  return path.join(directory, 'pipe')
}

function guardFile(directory: string): string {
  return path.join(directory, 'guard')
}

function guardOf(directory: string): string {
  return read(guardFile(directory))
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return ''
  }
}
