import { rmSync, statSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import type { Cluster } from './cluster.ts'
import { hasCode } from './process-identity.ts'

/** Why an embedded server does not start. `busy` passes by itself. `unusable`: it starts, but lets nobody in. */
export type FailureKind = 'busy' | 'disk' | 'memory' | 'owner' | 'port' | 'settings' | 'unusable' | 'other'

const signs: readonly (readonly [FailureKind, RegExp])[] = [
  // When shared memory is full, the message is "No space left on device", too.
  [
    'memory',
    /could not (create|map|resize|attach to) (anonymous )?shared memory|could not create semaphores|out of memory/,
  ],
  ['disk', /No space left on device|Disk quota exceeded|File too large/],
  ['settings', /(syntax error in|configuration) file "[^"]*postgresql\.auto\.conf"( line| contains errors)/],
  ['port', /could not bind|Address already in use|could not create any TCP\/IP sockets/],
  ['busy', /pre-existing shared memory block|lock file "postmaster\.pid" (already exists|is empty)/],
  ['memory', /Cannot allocate memory/],
  ['owner', /wrong ownership|invalid permissions|Permission denied/],
]

/** The kind of failure, by the lines that a start left in the log. */
export function kindOfFailure(said: string): FailureKind {
  return signs.find(([, sign]) => sign.test(said))?.[0] ?? 'other'
}

/** Whether a running server has failed, and not only said that it is not ready yet. */
export function failsAgain(said: string): boolean {
  return /\b(FATAL|PANIC):\s+(?!\s|the database system is|lock file "postmaster\.pid")/.test(said)
}

/** A sentence for the operator. `port`: `null` if another program has the port that is needed. */
export function whyNotStarted(cluster: Cluster, kind: FailureKind, said: string, port: number | null): string {
  // If the disk is full, the reason may also be missing in the log.
  const full = kind === 'disk' || isFull(path.dirname(cluster.pgdata))
  return `The embedded database did not start: ${full ? diskFull(cluster.pgdata) : reasonFor(cluster, kind, said, port)}`
}

/** The same for `initdb`. `said`: what it printed. */
export function whyNotCreated(folder: string, said: string): string {
  const kind = kindOfFailure(said)
  const why =
    isFull(folder) || kind === 'disk' ? diskFull(folder) : `${lastLine(said)} Set DATABASE_URL to use another.`
  return `The embedded database cannot be created in ${folder}: ${why}`
}

/** What to do if a folder has no room for what the server must write; `null`: there is room. */
export function roomProblem(folder: string): string | null {
  return isFull(folder) ? diskFull(folder) : null
}

function diskFull(folder: string): string {
  return `the disk that holds ${folder} is full (or its quota or file size limit is reached). Make room there, or set PATCHWARDEN_DATA to a folder with more.`
}

/** A sentence that says why a file of the folder could not be used; `null`: the error is not of the file system. */
export function fileProblem(error: unknown, folder: string): string | null {
  if (['ENOSPC', 'EDQUOT', 'EFBIG'].some((code) => hasCode(error, code)))
    return `The embedded database cannot be used: ${diskFull(folder)}`
  if (hasCode(error, 'EROFS'))
    return `The embedded database cannot be used: ${folder} is on a file system that is read-only. Mount it for writing, or set PATCHWARDEN_DATA to another folder.`
  if (hasCode(error, 'EACCES') || hasCode(error, 'EPERM'))
    return `The embedded database cannot be used: a file in ${folder} is closed to you${ownerOf(error)}. Start as the owner of the folder, or give it to you with chown -R.`
  if (hasCode(error, 'EIO'))
    return `The embedded database cannot be used: the disk that holds ${folder} cannot be read (EIO). Look at the log of the machine.`
  return null
}

function ownerOf(error: unknown): string {
  if (!(error instanceof Error && 'path' in error && typeof error.path === 'string')) return ''
  try {
    return ` (${error.path}, of user id ${statSync(error.path).uid})`
  } catch {
    return ` (${error.path})`
  }
}

function reasonFor({ pgdata, logFile }: Cluster, kind: FailureKind, said: string, port: number | null): string {
  switch (kind) {
    case 'port':
      return port === null
        ? 'another program has taken its port, which others still use. End that program.'
        : `another program has taken port ${port} of 127.0.0.1. Try again.`
    case 'memory':
      return `the machine has too little memory, shared memory or semaphores for it (${lastLine(said)}). It needs about 100 MB; free some, or raise the limit of the container or kernel.`
    case 'owner':
      return `${lastLine(said)} The folder ${pgdata} must belong to the account that starts it and be closed to others (chown -R, chmod 700).`
    case 'settings':
      return `${lastLine(said)} Correct the file, or move it away.`
    case 'unusable':
      return `it runs and lets nobody in (${lastLine(said)}). Its files may be damaged: restore ${pgdata} from a backup, or set DATABASE_URL to use another PostgreSQL. Its log is ${logFile}.`
    case 'busy':
      return `an earlier server still holds ${pgdata} (${lastLine(said)}). End that process, then start again.`
    default:
      return `${lastLine(said)} Its log is ${logFile}. Set DATABASE_URL to use another PostgreSQL.`
  }
}

/** The last line in which the server complains. */
function lastLine(said: string): string {
  const lines = said.split('\n').filter((line) => line.trim() !== '')
  const complaints = lines.filter((line) => /\b(FATAL|PANIC|error):/.test(line))
  const complaint = complaints.findLast(failsAgain) ?? complaints.at(-1) ?? lines.at(-1)
  if (complaint === undefined) return 'it wrote nothing into its log.'
  const text = complaint.replace(/^.*\b(FATAL|PANIC|error):\s*/, '').trim()
  return /[.!?]$/.test(text) ? text : `${text}.`
}

/** The room that the server needs for one segment of its log. */
const segmentBytes = 16 * 1024 * 1024

function isFull(folder: string): boolean {
  const probe = path.join(folder, `room.${process.pid}`)
  try {
    writeFileSync(probe, Buffer.alloc(segmentBytes))
    return false
  } catch (error) {
    return ['ENOSPC', 'EDQUOT', 'EFBIG'].some((code) => hasCode(error, code))
  } finally {
    rmSync(probe, { force: true })
  }
}
