import { linkSync, mkdirSync, readFileSync, renameSync, rmdirSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Refusal } from './refusal.mjs'

const patienceMs = 15 * 60_000

/**
 * One process installs or builds in a checkout at a time; a lock whose holders are dead counts for nothing. `work` gets
 * a function that makes a child a holder too: npm goes on when we are killed.
 */
export async function withLock(root, work) {
  const folder = path.join(root, '.patchwarden')
  const file = path.join(folder, 'setup.lock')
  const deadline = Date.now() + patienceMs
  let told = false
  mkdirSync(folder, { recursive: true })
  while (!take(file)) {
    const holder = holdersOf(file).find(isAlive)
    if (holder === undefined) {
      clearAway(file)
      continue
    }
    if (!told) console.error(`Waiting for another start (process ${holder}) to finish installing or building ...`)
    told = true
    if (Date.now() > deadline)
      throw new Refusal(`Process ${holder} has held ${file} too long. Stop it, then start again.`)
    await sleep(100)
  }
  try {
    return await work((child) => {
      writeFileSync(`${file}.${process.pid}`, `${process.pid} ${child}`)
      renameSync(`${file}.${process.pid}`, file)
    })
  } finally {
    rmSync(file, { force: true })
    // Left to the program, or one user's empty folder would keep another's data out.
    try {
      rmdirSync(folder)
    } catch {}
  }
}

/** A link is there with its content or not at all. */
function take(file) {
  const own = `${file}.${process.pid}`
  try {
    mkdirSync(path.dirname(file), { recursive: true })
    writeFileSync(own, String(process.pid))
    linkSync(own, file)
    return true
  } catch (error) {
    if (error.code === 'EEXIST' || error.code === 'ENOENT') return false
    throw error
  } finally {
    rmSync(own, { force: true })
  }
}

/** Looks once more at what it takes away: another waiter may have made a fresh lock in its place. */
function clearAway(file) {
  const aside = `${file}.${process.pid}`
  try {
    renameSync(file, aside)
    if (holdersOf(aside).some(isAlive)) linkSync(aside, file)
  } catch (error) {
    if (error.code !== 'ENOENT' && error.code !== 'EEXIST') throw error
  } finally {
    rmSync(aside, { force: true })
  }
}

function holdersOf(file) {
  try {
    return readFileSync(file, 'utf8').split(' ').map(Number)
  } catch {
    return []
  }
}

function isAlive(pid) {
  // Our own number in a file that we did not write: a container's earlier life.
  if (pid === process.pid) return false
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return error.code === 'EPERM'
  }
}
