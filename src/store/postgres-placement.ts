import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  accessSync,
  chmodSync,
  chownSync,
  constants,
  existsSync,
  lstatSync,
  mkdirSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { hasCode } from './process-identity.ts'

interface Account {
  readonly uid: number
  readonly gid: number
}

/** An account that owns nothing. Everybody can open what it can open. */
const nobody: Account = { uid: -1, gid: -1 }

/** Where the embedded server keeps its data and which account runs it. PostgreSQL refuses to run as root. */
export interface Placement {
  /** The folder that holds the cluster, its password and its log. */
  readonly directory: string
  /** The unprivileged account that runs the server when we are root; `null` when it runs as ourselves. */
  readonly account: Account | null
  readonly spawnOptions: {
    readonly uid?: number
    readonly gid?: number
    readonly env: NodeJS.ProcessEnv
    readonly cwd: string
  }
  readonly canReach: (file: string) => boolean
  /** A folder that every account can enter, for files that a private home would hide. Only root may call this. */
  readonly sharedHome: () => string
}

/**
 * Decides the placement and creates the folder. For root, the data is in `dataDir` if the service account can reach
 * that. Otherwise it is in a folder of the shared home, which is named after `dataDir`. Data that exists stays where it
 * is.
 */
export function placePostgres(dataDir: string, log: (message: string) => void): Placement {
  const wanted = resolveLinks(dataDir)
  if (process.getuid?.() !== 0) {
    createFolder(wanted)
    return placement(wanted, null)
  }
  const aside = path.join(sharedHome(), `data-${createHash('sha256').update(wanted).digest('hex').slice(0, 12)}`)
  const existing = [aside, wanted].find((folder) => existsSync(path.join(folder, 'pgdata')))
  const account = accountOf(existing) ?? serviceAccount()
  const reachable = opensTo(account, path.dirname(wanted))
  const directory = existing ?? (reachable ? wanted : aside)
  if (directory === wanted && !reachable) {
    throw new Error(
      `The embedded database in ${wanted} can no longer be reached by the account that runs it: a folder above it is closed. Open it with chmod o+x.`,
    )
  }
  if (directory === aside) createOpenFolder(sharedHome())
  createFolder(directory)
  if (existing === undefined) chownSync(directory, account.uid, account.gid)
  if (directory === aside) log(`The embedded database is in ${aside}, because ${wanted} is closed to other accounts.`)
  return placement(directory, account)
}

function placement(directory: string, account: Account | null): Placement {
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^PG[A-Z]/.test(name)))
  return {
    directory,
    account,
    spawnOptions: { ...(account ?? {}), env: { ...env, LC_ALL: 'C', LANG: 'C' }, cwd: directory },
    canReach: (file) => account === null || opensTo(account, file),
    sharedHome,
  }
}

/**
 * The account that owns existing data; `null`: there is none, or root owns it. Data of an ordinary user stays that
 * user's if root starts the service once.
 */
function accountOf(directory: string | undefined): Account | null {
  if (directory === undefined) return null
  const { uid, gid } = statSync(path.join(directory, 'pgdata'))
  return uid === 0 ? null : { uid, gid }
}

function serviceAccount(): Account {
  for (const name of ['postgres', 'nobody']) {
    try {
      return { uid: idOf('-u', name), gid: idOf('-g', name) }
    } catch {}
  }
  throw new Error(
    'PostgreSQL refuses to run as root, and this machine has neither an account "postgres" nor "nobody". Run as an ordinary user, or set DATABASE_URL.',
  )
}

function idOf(flag: '-u' | '-g', name: string): number {
  return Number(execFileSync('id', [flag, name], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }))
}

function sharedHome(): string {
  const base = ['/var/lib', '/var/tmp', os.tmpdir()].find((folder) => {
    try {
      accessSync(folder, constants.W_OK)
      return opensTo(nobody, folder)
    } catch {
      return false
    }
  })
  if (base === undefined) throw new Error('No folder in /var/lib, /var/tmp or /tmp can be written. Set DATABASE_URL.')
  return path.join(base, 'patchwarden-postgres')
}

/** Whether an account may enter a folder (or run a file) and everything above it. */
function opensTo({ uid, gid }: Account, file: string): boolean {
  for (let at = path.resolve(file); ; at = path.dirname(at)) {
    const owner = statSync(at)
    const bit = owner.uid === uid ? 0o100 : owner.gid === gid ? 0o010 : 0o001
    if ((owner.mode & bit) === 0) return false
    if (at === path.dirname(at)) return true
  }
}

/**
 * The path of the folder without links, so that it has only one: the server is recognised by the path on which it was
 * started.
 */
function resolveLinks(dataDir: string): string {
  const folder = path.resolve(dataDir)
  if (existsSync(folder)) return realpathSync(folder)
  createFolder(path.dirname(folder), 0o755)
  return path.join(realpathSync(path.dirname(folder)), path.basename(folder))
}

/** Gives a file that root has made to the account that runs the server, whose user may start the service next. */
export function giveAway({ account }: Placement, file: string): void {
  if (account !== null) chownSync(file, account.uid, account.gid)
}

/** How the name of a file ends while it is being written. */
export const UNFINISHED = '.new'

/** Writes a file of the folder, completely or not at all. Nobody else can read it. */
export function writeOwned(placement: Placement, file: string, content: string): void {
  const unfinished = `${file}.${process.pid}${UNFINISHED}`
  try {
    writeFileSync(unfinished, content, { mode: 0o600 })
    giveAway(placement, unfinished)
    // A folder at this path is not ours, and a file cannot replace it.
    if (lstatSync(file, { throwIfNoEntry: false })?.isDirectory() === true) rmSync(file, { recursive: true })
    renameSync(unfinished, file)
  } catch (error) {
    rmSync(unfinished, { force: true })
    throw error
  }
}

/** Creates a folder that is open to others, whatever the umask is. */
export function createOpenFolder(folder: string): void {
  mkdirSync(folder, { recursive: true })
  chmodSync(folder, 0o755)
}

function createFolder(folder: string, mode = 0o700): void {
  try {
    mkdirSync(folder, { recursive: true, mode })
    accessSync(folder, constants.W_OK | constants.X_OK)
  } catch (error) {
    const owner = existsSync(folder) ? ` It belongs to user id ${statSync(folder).uid}.` : ''
    throw new Error(
      `Cannot keep the embedded database in ${folder}: ${whyNot(error)}.${owner} Start as its owner, set PATCHWARDEN_DATA to another folder, or set DATABASE_URL.`,
      { cause: error },
    )
  }
}

function whyNot(error: unknown): string {
  if (hasCode(error, 'EACCES') || hasCode(error, 'EPERM')) return 'you may not write there'
  if (hasCode(error, 'ENOTDIR') || hasCode(error, 'EEXIST')) return 'a file is in the way where a folder should be'
  if (hasCode(error, 'EROFS')) return 'the file system is read-only'
  if (hasCode(error, 'ENOSPC') || hasCode(error, 'EDQUOT')) return 'the disk is full'
  if (hasCode(error, 'ELOOP')) return 'a symbolic link leads to itself'
  return error instanceof Error ? error.message : String(error)
}
