import { spawn } from 'node:child_process'
import {
  closeSync,
  constants,
  existsSync,
  fstatSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
} from 'node:fs'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Cluster } from './cluster.ts'
import type { PostgresBinaries } from './postgres-binaries.ts'
import { giveAway, type Placement, UNFINISHED, writeOwned } from './postgres-placement.ts'
import { identify, isAlive, stillRuns } from './process-identity.ts'

/**
 * The guard is a shell that reads from a named pipe. Every process that uses the server holds this pipe open. When a
 * process ends, even by kill -9, the kernel closes its end. When the last end is closed, the guard stops the server
 * cleanly. The guard has its own session, so that Ctrl-C never stops the server first.
 */
const script = `trap "" INT TERM HUP
rm -f "$2" && mkfifo -m 600 "$2" || exit 1
while read -r nothing; do :; done <"$2"
exec "$0" -D "$1" -m fast -w -t 60 stop`

export interface Membership {
  /** Leaves. Resolves if others still use the server, or else when the guard has stopped it. */
  readonly release: () => Promise<void>
  /** Whether the guard runs, and processes that come later can find it. */
  readonly isIntact: () => boolean
  /** Whether no other process uses the server, as far as files tell. */
  readonly isAlone: () => boolean
  /** If the membership is not intact, joins another guard or starts one. The caller holds the folder's lock. */
  readonly renew: (binaries: PostgresBinaries, cluster: Cluster) => Promise<void>
}

/** A guard and our end of its pipe. */
interface Post {
  readonly guard: string
  readonly end: number
}

const patienceMs = 60_000
const guardStartMs = 10_000
/** Within this time, a guard that has seen the last user leave has closed the pipe. */
const lastLookMs = 25
const comeOverMs = 3000

let memberships = 0

/**
 * Joins the users of a guarded server. If the guard is just stopping it, waits for the end of that. `null`: nobody
 * guards a server.
 */
export async function joinUsers(placement: Placement): Promise<Membership | null> {
  const post = await joinGuard(placement.directory)
  return post === null ? null : member(placement, post)
}

/** Starts a guard for a server that has none, and becomes its first user. */
export async function startGuard(
  placement: Placement,
  binaries: PostgresBinaries,
  cluster: Cluster,
): Promise<Membership> {
  // Processes whose guard was killed come over to this one. We do not leave before that.
  const settledAt = hasUsers(placement.directory) ? Date.now() + comeOverMs : 0
  return member(placement, await postGuard(placement, binaries, cluster), settledAt)
}

/** Whether any process uses the server, as far as files tell. */
export function hasUsers(directory: string): boolean {
  return others(usersOf(directory), null)
}

async function joinGuard(directory: string): Promise<Post | null> {
  const deadline = Date.now() + patienceMs
  while (stillRuns(guardOf(directory)) && hasPipe(directory) && Date.now() < deadline) {
    const end = openPipe(directory)
    await sleep(lastLookMs)
    if (end === null) continue
    const guard = guardOf(directory)
    if (stillRuns(guard) && isRead(directory)) return { guard, end }
    closeSync(end)
  }
  return null
}

async function postGuard(placement: Placement, binaries: PostgresBinaries, cluster: Cluster): Promise<Post> {
  const { directory } = placement
  const args = [binaries.program('pg_ctl'), cluster.pgdata, pipeOf(directory)]
  rmSync(pipeOf(directory), { force: true, recursive: true })
  const shell = spawn('sh', ['-c', script, ...args], { ...placement.spawnOptions, detached: true, stdio: 'ignore' })
  shell.on('error', () => {})
  shell.unref()
  const deadline = Date.now() + guardStartMs
  for (;;) {
    const end = openPipe(directory)
    if (end !== null) {
      const guard = identify(shell.pid ?? 0) ?? ''
      writeOwned(placement, guardFile(directory), guard)
      return { guard, end }
    }
    if (Date.now() > deadline || shell.pid === undefined) {
      throw new Error(
        `Cannot watch over the embedded database: a shell (sh) with mkfifo is needed, and ${directory} must take a named pipe. Set PATCHWARDEN_DATA to another folder.`,
      )
    }
    await sleep(5)
  }
}

function member(placement: Placement, joined: Post, settledAt = 0): Membership {
  const { directory } = placement
  const own = path.join(usersOf(directory), `${process.pid}.${memberships++}`)
  let post = joined
  let left = false

  function signIn(): void {
    const folder = lstatSync(usersOf(directory), { throwIfNoEntry: false })
    if (folder !== undefined && !folder.isDirectory()) rmSync(usersOf(directory))
    mkdirSync(usersOf(directory), { recursive: true })
    giveAway(placement, usersOf(directory))
    writeOwned(placement, own, identify(process.pid) ?? '')
  }

  signIn()
  return {
    release: async () => {
      if (left) return
      left = true
      rmSync(own, { force: true })
      if (hasUsers(directory)) await sleep(Math.max(0, settledAt - Date.now()))
      closeSync(post.end)
      const deadline = Date.now() + patienceMs
      while (!hasUsers(directory) && stillRuns(post.guard) && Date.now() < deadline) await sleep(lastLookMs)
    },
    isAlone: () => !others(usersOf(directory), own),
    isIntact: () =>
      guardOf(directory) === post.guard && stillRuns(post.guard) && isPipe(directory, post.end) && existsSync(own),
    renew: async (binaries, cluster) => {
      const old = post
      if (!existsSync(own)) signIn()
      if (stillRuns(old.guard) && isPipe(directory, old.end)) {
        writeOwned(placement, guardFile(directory), old.guard)
        return
      }
      const another = guardOf(directory) === old.guard ? null : await joinGuard(directory)
      post = another ?? (await postGuard(placement, binaries, cluster))
      // The old guard's pipe cannot be found any more, so the guard would think that we are the last to leave.
      if (old.guard !== post.guard && stillRuns(old.guard)) process.kill(Number.parseInt(old.guard, 10), 'SIGKILL')
      closeSync(old.end)
    },
  }
}

function hasPipe(directory: string): boolean {
  return statSync(pipeOf(directory), { throwIfNoEntry: false })?.isFIFO() === true
}

/** Whether our end belongs to the pipe that is in the folder now. */
function isPipe(directory: string, end: number): boolean {
  try {
    const [ours, there] = [fstatSync(end), statSync(pipeOf(directory))]
    return ours.ino === there.ino && ours.dev === there.dev
  } catch {
    return false
  }
}

function usersOf(directory: string): string {
  return path.join(directory, 'users')
}

/** Whether a process uses the server, apart from the one with the file `own`, as far as files tell. */
function others(users: string, own: string | null): boolean {
  let found = false
  const isFolder = statSync(users, { throwIfNoEntry: false })?.isDirectory() === true
  for (const name of isFolder ? readdirSync(users) : []) {
    const file = path.join(users, name)
    if (file === own) continue
    // A file that is still being written says nothing. Its name begins with the pid of its writer.
    const inUse = name.endsWith(UNFINISHED) ? isAlive(Number.parseInt(name, 10)) : stillRuns(read(file))
    if (inUse) found = true
    else rmSync(file, { force: true })
  }
  return found
}

/** Opens our end of the pipe; `null`: nobody reads from it. */
function openPipe(directory: string): number | null {
  if (!hasPipe(directory)) return null
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
