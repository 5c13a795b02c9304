import { spawn } from 'node:child_process'
import { closeSync, openSync, readFileSync } from 'node:fs'
import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { DAY_MS } from '../../core/time/instant.ts'
import { inputLimits } from '../input-limits.ts'

/** Records are kept for half a year; older runs are not asked for. */
const KEPT_MS = 180 * DAY_MS

const processSchema = z.object({ pid: z.number().int(), started: z.string().nullable() })

export interface RunCommand {
  readonly command: string
  readonly args: readonly string[]
  readonly environment: Readonly<Record<string, string>>
}

/**
 * The record of a run on this machine. Its folder is made once for each key, so a key runs only once. The process is
 * detached and writes into the folder. So it lives on after this process, and its result can still be found.
 */
export interface RunRecord {
  /** The folder of all records. */
  readonly folder: string
  readonly key: string
}

export type RunFile = 'request' | 'outcomes' | 'variables.json' | 'report' | 'errors' | 'process'

export function recordPath({ folder, key }: RunRecord, file: RunFile): string {
  return join(folder, key, file)
}

/** Returns `null` when the file does not exist or is too large. */
export async function readRecord(record: RunRecord, file: RunFile): Promise<string | null> {
  try {
    const path = recordPath(record, file)
    if ((await stat(path)).size > inputLimits.playbookOutputBytes) return null
    return await readFile(path, 'utf8')
  } catch {
    return null
  }
}

export async function writeRecord(record: RunRecord, file: RunFile, content: string): Promise<void> {
  const path = recordPath(record, file)
  const made = `${path}.${process.pid}.new`
  await writeFile(made, content, { mode: 0o600 })
  await rename(made, path)
}

export async function hasRecord({ folder, key }: RunRecord): Promise<boolean> {
  return (await stat(join(folder, key)).catch(() => null)) !== null
}

/** Returns false when the key was begun before. Throws when the folder cannot be written. */
export async function beginRecord({ folder, key }: RunRecord): Promise<boolean> {
  await mkdir(folder, { recursive: true, mode: 0o700 })
  await forgetOld(folder).catch(() => undefined)
  try {
    await mkdir(join(folder, key), { mode: 0o700 })
    return true
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false
    throw error
  }
}

async function forgetOld(folder: string): Promise<void> {
  const before = Date.now() - KEPT_MS
  for (const name of await readdir(folder)) {
    const path = join(folder, name)
    if ((await stat(path)).mtimeMs < before) await rm(path, { recursive: true, force: true })
  }
}

/** Starts the process of the run. It lives on when this process ends. */
export async function launchRun(record: RunRecord, { command, args, environment }: RunCommand): Promise<void> {
  const out = openSync(recordPath(record, 'report'), 'a', 0o600)
  const errors = openSync(recordPath(record, 'errors'), 'a', 0o600)
  try {
    const child = spawn(command, args, { detached: true, stdio: ['ignore', out, errors], env: { ...environment } })
    const begun = await new Promise<boolean>((resolve) => {
      child.once('error', () => resolve(false))
      child.once('spawn', () => resolve(true))
    })
    child.unref()
    const pid = begun ? (child.pid ?? 0) : 0
    await writeRecord(record, 'process', JSON.stringify({ pid, started: startedAt(pid) }))
  } finally {
    closeSync(out)
    closeSync(errors)
  }
}

/** `never`: no process was started, at least not yet. */
export async function processState(record: RunRecord): Promise<'never' | 'alive' | 'ended'> {
  const kept = await readRecord(record, 'process')
  if (kept === null) return 'never'
  const { pid, started } = processSchema.parse(JSON.parse(kept))
  if (pid === 0) return 'ended'
  try {
    process.kill(pid, 0)
  } catch {
    return 'ended'
  }
  return started === null || startedAt(pid) === started ? 'alive' : 'ended'
}

/** Seconds since the key was begun. */
export async function recordAgeSeconds(record: RunRecord): Promise<number> {
  const written = await stat(recordPath(record, 'request')).catch(() => stat(join(record.folder, record.key)))
  return (Date.now() - written.mtimeMs) / 1_000
}

/**
 * Start time of a living process. It distinguishes the process from a later one with the same number. `null` when it is
 * not known.
 */
function startedAt(pid: number): string | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    const [state, ...fields] = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return state === 'Z' ? 'ended' : (fields[18] ?? null)
  } catch {
    return null
  }
}
