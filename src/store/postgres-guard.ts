import { spawn } from 'node:child_process'
import { readFileSync, renameSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { PostgresBinaries } from './postgres-binaries.ts'
import type { Cluster } from './postgres-cluster.ts'
import type { Placement } from './postgres-placement.ts'
import { identify, stillRuns } from './process-identity.ts'

/**
 * The guard is a shell whose input is a pipe from its owner. However the owner ends, kill -9 included, the pipe
 * closes and the guard stops the server cleanly. It has its own session, so Ctrl-C never reaches the server first.
 */
export interface Guard {
  readonly pid: number
  /** Lets the guard stop the server; settles when it has. */
  readonly release: () => Promise<void>
}

/** `living`: a process owns the server. `leaving`: its owner is gone and the guard is stopping it. `none`: an orphan. */
export type Guarded = 'living' | 'leaving' | 'none'

const patienceMs = 60_000

export function guardState(directory: string): Guarded {
  const [guard = '', owner = ''] = readGuardFile(directory)
  if (!stillRuns(guard)) return 'none'
  return stillRuns(owner) ? 'living' : 'leaving'
}

/** Waits until a server that is being stopped is gone. */
export async function guardGone(directory: string): Promise<void> {
  const deadline = Date.now() + patienceMs
  while (guardState(directory) === 'leaving' && Date.now() < deadline) await sleep(25)
}

export function startGuard(placement: Placement, binaries: PostgresBinaries, cluster: Cluster): Guard {
  const script = 'trap "" INT TERM HUP; cat >/dev/null; exec "$0" -D "$1" -m fast -w -t 60 stop'
  const guard = spawn('sh', ['-c', script, binaries.program('pg_ctl'), cluster.pgdata], {
    ...placement.spawnOptions,
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  })
  const ended = new Promise<void>((resolve) => {
    guard.once('exit', () => resolve())
    guard.once('error', () => resolve())
  })
  const { pid } = guard
  if (pid === undefined) throw new Error('Cannot start a shell (sh) to watch over the embedded database.')
  // Neither the guard nor the pipe to it may keep a finished program from ending.
  guard.unref()
  if ('unref' in guard.stdin && typeof guard.stdin.unref === 'function') guard.stdin.unref()
  guard.stdin.on('error', () => {})
  writeGuardFile(placement.directory, pid, process.pid)
  return {
    pid,
    release: async () => {
      // From here on a starting process waits for the end instead of becoming a guest of a server that is leaving.
      const [current = ''] = readGuardFile(placement.directory)
      if (Number.parseInt(current, 10) === pid) writeGuardFile(placement.directory, pid, null)
      guard.ref()
      guard.stdin.end()
      await ended
    },
  }
}

function guardFile(directory: string): string {
  return path.join(directory, 'guard')
}

function readGuardFile(directory: string): readonly string[] {
  try {
    return readFileSync(guardFile(directory), 'utf8').split('\n')
  } catch {
    return []
  }
}

function writeGuardFile(directory: string, guard: number, owner: number | null): void {
  const whole = `${identify(guard) ?? ''}\n${owner === null ? '' : (identify(owner) ?? '')}\n`
  const unfinished = `${guardFile(directory)}.${process.pid}`
  writeFileSync(unfinished, whole)
  renameSync(unfinished, guardFile(directory))
}
