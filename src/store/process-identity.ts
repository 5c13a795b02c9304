import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync, statSync } from 'node:fs'

/**
 * Identifies a running process, for a file: its pid, and when it started. A pid alone is reused, and in a container it
 * is nearly always the same number. `null`: no such process runs.
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

/**
 * Whether a process is alive. A zombie counts as dead, although `kill(pid, 0)` says otherwise: the first process of a
 * container often does not reap.
 */
export function isAlive(pid: number): boolean {
  if (!Number.isInteger(pid) || pid < 1) return false
  let foreign = false
  try {
    process.kill(pid, 0)
  } catch (error) {
    foreign = hasCode(error, 'EPERM')
    if (!foreign) return false
  }
  if (process.platform !== 'linux') return true
  const state = procStat(pid)?.[0]
  // A machine may hide processes of other users.
  if (state === undefined) return foreign
  return state !== 'Z' && state !== 'X'
}

/**
 * Whether a process is a PostgreSQL that works in a folder. If this is not known, the answer is yes: waiting is better
 * than a second server.
 */
export function worksIn(pid: number, folder: string): boolean {
  if (process.platform !== 'linux') {
    try {
      return execFileSync('ps', ['-p', String(pid), '-o', 'command='], { encoding: 'utf8' }).includes('postgres')
    } catch {
      return true
    }
  }
  try {
    if (!readFileSync(`/proc/${pid}/comm`, 'utf8').startsWith('postgres')) return false
    // PostgreSQL works in its data folder. Several paths may lead there, so inodes are compared.
    const [at, wanted] = [statSync(`/proc/${pid}/cwd`), statSync(folder)]
    return at.dev === wanted.dev && at.ino === wanted.ino
  } catch (error) {
    return !hasCode(error, 'ENOENT')
  }
}

/**
 * Ends the children of a killed PostgreSQL that still compute. They hold its memory, and no other server can start
 * before they are gone. Does nothing if a server may be alive.
 */
export function endLeftBehind(folder: string): void {
  if (process.platform !== 'linux') return
  const found = readdirSync('/proc').flatMap((name) => {
    const pid = Number(name)
    return isAlive(pid) && worksIn(pid, folder) ? [{ pid, title: titleOf(pid) }] : []
  })
  // Children call themselves "postgres: ...", a server has its command line.
  if (!found.every(({ title }) => title.startsWith('postgres: '))) return
  for (const { pid } of found) {
    try {
      process.kill(pid, 'SIGKILL')
    } catch {}
  }
}

function titleOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8')
  } catch {
    return 'postgres: gone'
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
