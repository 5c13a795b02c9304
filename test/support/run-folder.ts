/**
 * The folder under which all that the tests of one run write for a while lies: TMPDIR, for them and for every process that
 * they start. It goes with the run, and a run whose tests left something in it fails.
 */

import {
  chmodSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'

const PREFIX = 'pw-run-'
const OWNER = 'owner'
const DAY_MS = 86_400_000

/** What may stay in it: caches, and the sockets of a service that a test killed. */
const mayStay = [
  /^owner$/,
  /^node-compile-cache$/,
  /^tsx-\d+$/,
  /^pw-[A-Za-z0-9]{6}$/,
  /^\.?(org\.chromium|com\.google)\./,
]

/** Runs once, however many projects of the run ask for it. */
export function setup(): (() => void) | undefined {
  const system = tmpdir()
  if (path.basename(system).startsWith(PREFIX)) return undefined
  const before = process.env.TMPDIR
  const folder = makeRunFolder(system)
  process.env.TMPDIR = folder
  return () => {
    const left = leftIn(folder)
    rmSync(folder, { recursive: true, force: true })
    if (before === undefined) delete process.env.TMPDIR
    else process.env.TMPDIR = before
    if (left.length === 0) return
    // Vitest prints what is thrown here, and would end well all the same.
    process.exitCode = 1
    throw new Error(
      `Tests left under the temporary folder: ${left.join(', ')}. Make folders with temporaryFolder of test/support/temporary-folder.ts, which removes them.`,
    )
  }
}

/** The machine's own folder for what is temporary, during a run too. */
export function systemFolder(): string {
  const folder = tmpdir()
  return path.basename(folder).startsWith(PREFIX) ? path.dirname(folder) : folder
}

/** A folder for this process, when those of runs that were killed are gone. `prefix` is its alone. */
export function makeRunFolder(base: string, prefix = PREFIX): string {
  for (const name of readdirSync(base)) {
    const folder = path.join(base, name)
    if (name.startsWith(prefix) && isAbandoned(folder)) rmSync(folder, { recursive: true, force: true })
  }
  const folder = mkdtempSync(path.join(base, prefix))
  // As /tmp: other accounts run servers of ours in there.
  chmodSync(folder, 0o1777)
  writeFileSync(path.join(folder, OWNER), `${process.pid} ${processSpace()}`)
  return folder
}

export function leftIn(folder: string): readonly string[] {
  return readdirSync(folder).filter((name) => !mayStay.some((known) => known.test(name)))
}

/** Its process is gone. Of a process in another container nothing is known: such a folder goes after a day. */
function isAbandoned(folder: string): boolean {
  try {
    const [pid = '', space] = readFileSync(path.join(folder, OWNER), 'utf8').split(' ')
    if (space === processSpace()) return !isAlive(Number(pid))
  } catch {
    // It is just being made, or its maker was killed before it had written this.
  }
  try {
    return Date.now() - statSync(folder).mtimeMs > DAY_MS
  } catch {
    return false
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM'
  }
}

/** Numbers of processes mean the same within it. */
function processSpace(): string {
  try {
    return readlinkSync('/proc/self/ns/pid')
  } catch {
    return 'the machine'
  }
}
