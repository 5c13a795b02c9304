import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'

/**
 * Names a running process so that a file may remember it: its pid and when it started. A pid alone is reused, and in
 * a container it is nearly always the same number. `null` where no such process runs.
 */
export function identify(pid: number): string | null {
  if (!isAlive(pid)) return null
  return `${pid} ${startTime(pid)}`
}

/** Whether the process that `identify` named still runs. */
export function stillRuns(identity: string): boolean {
  const pid = Number.parseInt(identity, 10)
  return Number.isInteger(pid) && pid > 0 && identify(pid) === identity
}

/** A zombie counts as dead: the first process of a container often does not reap, and `kill(pid, 0)` calls it alive. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
  } catch (error) {
    if (!hasCode(error, 'EPERM')) return false
  }
  if (process.platform !== 'linux') return true
  const state = procStat(pid)?.[0]
  return state !== undefined && state !== 'Z' && state !== 'X'
}

/** Whether a pid is a PostgreSQL server. Unknown counts as yes: refusing to start beats deleting a live pid file. */
export function isPostgres(pid: number): boolean {
  if (process.platform === 'linux') {
    try {
      return readFileSync(`/proc/${pid}/comm`, 'utf8').startsWith('postgres')
    } catch (error) {
      return !hasCode(error, 'ENOENT')
    }
  }
  try {
    return execFileSync('ps', ['-p', String(pid), '-o', 'command='], { encoding: 'utf8' }).includes('postgres')
  } catch {
    return true
  }
}

/** Whether an unknown error is a system error of this code (`ENOENT`, `EEXIST`, ...). */
export function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code
}

function startTime(pid: number): string {
  // The fields of /proc/<pid>/stat after the name: state is the first, the start in clock ticks the twentieth.
  if (process.platform === 'linux') return `${bootId()} ${procStat(pid)?.[19] ?? ''}`
  try {
    return execFileSync('ps', ['-p', String(pid), '-o', 'lstart='], { encoding: 'utf8' }).trim()
  } catch {
    return ''
  }
}

function procStat(pid: number): readonly string[] | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  } catch {
    return null
  }
}

function bootId(): string {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
  } catch {
    return ''
  }
}
