/** A lock between processes of one machine. If its holder was killed, the next process takes the lock over. */

import { randomUUID } from 'node:crypto'
import { link, readFile, rm, writeFile } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { errorCode, temporaryBeside } from '../bounded-file.ts'

const TRY_AGAIN_MS = 5
const GIVE_UP_MS = 30_000

/** The locks that this process holds. The process id alone does not tell: a restarted container has the same one. */
const held = new Set<string>()

/** Runs `work` while no other process or task holds the lock `path`. Throws a sentence after half a minute of waiting. */
export async function withFileLock<T>(path: string, work: () => Promise<T>): Promise<T> {
  const token = `${process.pid} ${randomUUID()}`
  held.add(token)
  try {
    await acquire(path, token)
    try {
      return await work()
    } finally {
      await rm(path, { force: true })
    }
  } finally {
    held.delete(token)
  }
}

async function acquire(path: string, token: string): Promise<void> {
  const giveUp = Date.now() + GIVE_UP_MS
  while (!(await place(path, token))) {
    const holder = await holderOf(path)
    if (holder !== null && !isAlive(holder)) {
      // It may have ended properly since the lock was read. Then the lock is free by now, or somebody else's.
      if ((await holderOf(path)) === holder) await clear(path, holder)
    } else if (Date.now() > giveUp)
      throw new Error(`${path} is held by another process: delete it if none runs any more`)
    else await sleep(TRY_AGAIN_MS)
  }
}

/** Writes the lock with its content in one step, so nobody ever reads a half-written one. False: it is taken. */
async function place(path: string, token: string): Promise<boolean> {
  const temporary = temporaryBeside(path)
  await writeFile(temporary, token)
  try {
    await link(temporary, path)
    return true
  } catch (error) {
    if (errorCode(error) === 'EEXIST') return false
    throw error
  } finally {
    await rm(temporary, { force: true })
  }
}

/**
 * Removes the lock of a holder that is dead. Two processes may find it at once, and the slower one must not remove the
 * lock that the faster one has taken since. So there is a lock for removing the lock of this one holder.
 */
async function clear(path: string, holder: string): Promise<void> {
  await withFileLock(`${path}.${holder.slice(holder.indexOf(' ') + 1)}`, async () => {
    if ((await holderOf(path)) === holder) await rm(path, { force: true })
  })
}

async function holderOf(path: string): Promise<string | null> {
  return readFile(path, 'utf8').catch((error: unknown) => {
    if (errorCode(error) === 'ENOENT') return null
    throw error
  })
}

function isAlive(token: string): boolean {
  const pid = Number.parseInt(token, 10)
  if (pid === process.pid) return held.has(token)
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return errorCode(error) === 'EPERM'
  }
}
