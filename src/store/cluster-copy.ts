import { constants, existsSync, readdirSync, readFileSync, renameSync, rmSync, statfsSync, statSync } from 'node:fs'
import { chmod, chown, copyFile, mkdir, open, readdir, stat, utimes } from 'node:fs/promises'
import path from 'node:path'
import pLimit from 'p-limit'
import { z } from 'zod'
import { type Placement, writeOwned } from './postgres-placement.ts'
import { hasCode } from './process-identity.ts'

/** Where a copy of the cluster would be, and whether there is room for it. */
export interface CopyPlan {
  readonly pgdata: string
  /** The folder of the copy. */
  readonly copy: string
  /** Size of the cluster. */
  readonly bytes: number
  /** Bytes that are needed for the copy. They include a reserve, because the server writes, too. */
  readonly needed: number
  readonly free: number
}

export type FreeBytes = (folder: string) => number

/** A copy has this ending until it is complete. */
const UNFINISHED = '.unfinished'
const NOTE = 'patchwarden-copy.json'
const SPARE = 1.1
const BLOCK = 4096
/** Files that are copied at the same time. Most are small, and each waits until the disk has it. */
const AT_ONCE = 8

/**
 * The note in a copy: the server's last run before the copy was made, and the last run up to which the copy has all
 * data. The copy lacks everything that later runs wrote.
 */
const noteShape = z.object({ madeAfter: z.number(), lastRun: z.number() })
type Note = z.infer<typeof noteShape>

export function pgdataOf({ directory }: Pick<Placement, 'directory'>): string {
  return path.join(directory, 'pgdata')
}

/**
 * The last run of the server on a cluster: the time (ms since 1970) of a file that PostgreSQL writes at every start. 0:
 * it never ran.
 */
export function lastRunOn(pgdata: string): number {
  return Math.round(statSync(path.join(pgdata, 'postmaster.opts'), { throwIfNoEntry: false })?.mtimeMs ?? 0)
}

/**
 * Removes copies that are not complete. The caller holds the folder's lock, so they are left over from a start that was
 * cut off.
 */
export function removeUnfinishedCopies({ directory }: Pick<Placement, 'directory'>): void {
  for (const name of readdirSync(directory)) {
    if (name.startsWith('before-') && name.endsWith(UNFINISHED))
      rmSync(path.join(directory, name), { recursive: true, force: true })
  }
}

/** The complete copy, made before a migration, that has all data up to a run of the server; `null`: there is none. */
export function copyUpTo({ directory }: Pick<Placement, 'directory'>, migration: string, run: number): string | null {
  for (const name of readdirSync(directory)) {
    const prefix = `before-${migration}-`
    if (!name.startsWith(prefix) || !/^\d{4}-\d\d-\d\d(-\d+)?$/.test(name.slice(prefix.length))) continue
    const copy = path.join(directory, name)
    const note = readNote(copy)
    if (note !== null && (note.madeAfter === run || note.lastRun === run)) return copy
  }
  return null
}

/**
 * Notes that a copy has all data up to this run, because only the upgrade itself ran on the cluster since it was made.
 */
export function noteRun(placement: Placement, copy: string, lastRun: number): void {
  const note = readNote(copy)
  if (note === null || note.lastRun === lastRun) return
  writeOwned(placement, path.join(copy, NOTE), JSON.stringify({ ...note, lastRun }))
}

function readNote(copy: string): Note | null {
  try {
    return noteShape.parse(JSON.parse(readFileSync(path.join(copy, NOTE), 'utf8')))
  } catch {
    return null
  }
}

/** Plans a copy and changes nothing. The server may run. */
export function planCopy(
  placement: Pick<Placement, 'directory'>,
  migration: string,
  freeBytes: FreeBytes = freeOn,
): CopyPlan {
  const pgdata = pgdataOf(placement)
  const name = `before-${migration}-${new Date().toISOString().slice(0, 10)}`
  let copy = path.join(placement.directory, name)
  // An existing copy is never replaced: some of its content may be nowhere else.
  for (let number = 2; existsSync(copy); number++) copy = path.join(placement.directory, `${name}-${number}`)
  const bytes = sizeOf(pgdata)
  return { pgdata, copy, bytes, needed: Math.ceil(bytes * SPARE), free: freeBytes(placement.directory) }
}

function freeOn(folder: string): number {
  const { bavail, bsize } = statfsSync(folder)
  return bavail * bsize
}

function sizeOf(file: string): number {
  const found = statSync(file, { throwIfNoEntry: false })
  if (found === undefined) return 0
  const own = Math.max(BLOCK, Math.ceil(found.size / BLOCK) * BLOCK)
  if (!found.isDirectory()) return own
  return readdirSync(file).reduce((sum, name) => sum + sizeOf(path.join(file, name)), own)
}

/**
 * Copies the cluster completely or not at all. Its server must not run. The targets of links (a log or a tablespace on
 * another disk) are copied, too. Owners and modes stay.
 */
export async function copyCluster(placement: Placement, { pgdata, copy }: CopyPlan, durable: boolean): Promise<void> {
  const unfinished = `${copy}${UNFINISHED}`
  const run = lastRunOn(pgdata)
  try {
    await copyFolder(pgdata, unfinished, durable)
    rmSync(path.join(unfinished, 'postmaster.pid'), { force: true })
    writeOwned(placement, path.join(unfinished, NOTE), JSON.stringify({ madeAfter: run, lastRun: run }))
    if (durable) for (const file of [path.join(unfinished, NOTE), unfinished]) await toDisk(file)
    renameSync(unfinished, copy)
    if (durable) await toDisk(placement.directory)
  } catch (error) {
    rmSync(unfinished, { recursive: true, force: true })
    throw error
  }
}

async function copyFolder(from: string, to: string, durable: boolean): Promise<void> {
  const slots = pLimit(AT_ONCE)
  await mkdir(to, { mode: 0o700 })
  const folders: string[] = []
  const copyOne = async (name: string) => {
    const [source, target] = [path.join(from, name), path.join(to, name)]
    if ((await stat(source)).isDirectory()) return void folders.push(name)
    // As a reference to the same data, if the file system can do that. This takes no time and no room.
    await copyFile(source, target, constants.COPYFILE_FICLONE)
    await finish(source, target, durable)
  }
  await Promise.all((await readdir(from)).map((name) => slots(copyOne, name)))
  for (const name of folders) await copyFolder(path.join(from, name), path.join(to, name), durable)
  await finish(from, to, durable)
}

async function finish(source: string, target: string, durable: boolean): Promise<void> {
  const { uid, gid, mode, atimeMs, mtimeMs } = await stat(source)
  if (process.getuid?.() === 0) await chown(target, uid, gid)
  await chmod(target, mode & 0o7777)
  await utimes(target, new Date(Math.round(atimeMs)), new Date(Math.round(mtimeMs)))
  if (durable) await toDisk(target)
}

async function toDisk(file: string): Promise<void> {
  const handle = await open(file, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

export function isNoRoom(error: unknown): boolean {
  return ['ENOSPC', 'EDQUOT', 'EFBIG'].some((code) => hasCode(error, code))
}
