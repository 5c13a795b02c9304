import { linkSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { hasCode, identify, stillRuns } from './process-identity.ts'

const retryMs = 50
const patienceMs = 60_000
/** To remove a stale lock takes microseconds. If the second lock is this old, its holder was killed in the middle. */
const breakerAgeMs = 10_000

let attempts = 0

/**
 * Runs `work` while holding a lock file, one process at a time. The file names its holder, so a lock left by a killed
 * process is taken over at once. Waits up to a minute for a living holder, then throws a sentence.
 */
export async function withPidLock<T>(file: string, work: () => Promise<T>): Promise<T> {
  const deadline = Date.now() + patienceMs
  while (!take(file)) {
    if (!breakIfStale(file)) await sleep(retryMs)
    if (Date.now() > deadline) {
      throw new Error(
        `Another process (pid ${Number.parseInt(read(file), 10)}) has held ${file} for a minute. Stop that process, or delete the file if it is gone.`,
      )
    }
  }
  try {
    return await work()
  } finally {
    rmSync(file, { force: true })
  }
}

/** The lock appears with its content or not at all: a link is atomic, a write is not. */
function take(file: string): boolean {
  const own = `${file}.${process.pid}.${attempts++}`
  try {
    writeFileSync(own, identify(process.pid) ?? '')
    linkSync(own, file)
    return true
  } catch (error) {
    if (hasCode(error, 'EEXIST')) return false
    throw error
  } finally {
    rmSync(own, { force: true })
  }
}

/**
 * Removes the lock if its holder does not run any more. Checks again while it holds a second lock: otherwise two
 * waiters could both delete, and the later one would delete a fresh lock.
 */
function breakIfStale(file: string): boolean {
  if (stillRuns(read(file))) return false
  const breaker = `${file}.break`
  if (!take(breaker)) {
    if (ageMs(breaker) > breakerAgeMs) rmSync(breaker, { force: true, recursive: true })
    return false
  }
  try {
    if (stillRuns(read(file))) return false
    rmSync(file, { force: true, recursive: true })
    return true
  } finally {
    rmSync(breaker, { force: true })
  }
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return ''
  }
}

function ageMs(file: string): number {
  try {
    return Math.abs(Date.now() - statSync(file).mtimeMs)
  } catch {
    return 0
  }
}
