import { createHash } from 'node:crypto'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { runBounded } from '../bounded-process.ts'
import { type HostShell, openShell } from './shell.ts'
import { IDLE_SECONDS, SHELL, type SshTarget, sshArguments } from './target.ts'

/**
 * Shares one connection to each host among all sessions (ControlMaster of OpenSSH), because the login is the most
 * expensive part of a script for both sides. When a connection cannot be shared, ssh opens one for the session.
 */
export interface SshConnections {
  /** Path of the socket for the host's connection; `null` when connections cannot be shared here. */
  socket(target: SshTarget): string | null
  /** Returns a shell on the host that can take a script now; `null`: the shell is busy. Throws a sentence. */
  shell(target: SshTarget): HostShell | null
  /**
   * Makes the next session open a new connection, because the present one may be dead. The old one closes by itself.
   */
  renew(target: SshTarget): void
  /** Closes all connections. */
  close(): Promise<void>
}

/**
 * The shortest limit for socket paths on any system (macOS), minus the suffix that ssh adds while it makes the socket.
 */
const LONGEST_PATH = 103 - 17

/**
 * Each shell is a process here and one on its host. When there are more, the idle ones that were used least recently
 * are ended.
 */
const MOST_SHELLS = 100

const folders = new Set<string>()

function removeFolders(): void {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true })
}

/** The open connections and the folder of their sockets. */
interface OpenConnections {
  /** The folder of the sockets; `null`: it has not been needed yet. */
  folder: string | null
  /** For each login, how often its connection was renewed. */
  readonly renewals: Map<string, number>
  /** One shell for each login. The most recently used one is at the end. */
  readonly shells: Map<string, HostShell>
}

export function createSshConnections(): SshConnections {
  const open: OpenConnections = { folder: null, renewals: new Map(), shells: new Map() }
  return {
    socket: (target) => socketFor(open, target),
    shell: (target) => shellFor(open, target),
    renew(target) {
      const login = loginName(target)
      open.renewals.set(login, (open.renewals.get(login) ?? 0) + 1)
      open.shells.get(login)?.leave()
      open.shells.delete(login)
    },
    close: () => closeAll(open),
  }
}

/** Identifies a login. Logins with any difference do not share a connection. */
function loginName({ host, user, port, identityFile, knownHostsFile, configFile }: SshTarget): string {
  const login = JSON.stringify([host, user, port, identityFile, knownHostsFile, configFile])
  return createHash('sha256').update(login).digest('hex').slice(0, 16)
}

function folderOf(open: OpenConnections): string {
  if (open.folder !== null) return open.folder
  // The folder is only for its owner (0700), and its name cannot be guessed.
  const made = mkdtempSync(join(tmpdir(), 'pw-'))
  if (folders.size === 0) process.once('exit', removeFolders)
  folders.add(made)
  open.folder = made
  return made
}

function socketFor(open: OpenConnections, target: SshTarget): string | null {
  const login = loginName(target)
  try {
    const path = join(folderOf(open), `${login}.${open.renewals.get(login) ?? 0}`)
    return Buffer.byteLength(path) <= LONGEST_PATH ? path : null
  } catch {
    return null // no folder can be made: every session logs in by itself
  }
}

function shellFor(open: OpenConnections, target: SshTarget): HostShell | null {
  const { shells } = open
  const login = loginName(target)
  const known = shells.get(login)
  if (known !== undefined && !known.takes() && !known.over()) return null
  const shell =
    known?.takes() === true ? known : openShell(sshArguments(target, SHELL, socketFor(open, target)), IDLE_SECONDS)
  shells.delete(login)
  makeRoom(open)
  shells.set(login, shell)
  return shell
}

function makeRoom({ shells }: OpenConnections): void {
  for (const [login, shell] of shells) {
    if (shells.size < MOST_SHELLS) return
    if (!shell.takes() && !shell.over()) continue
    shell.leave()
    shells.delete(login)
  }
}

async function closeAll({ shells, folder }: OpenConnections): Promise<void> {
  for (const shell of shells.values()) shell.close()
  shells.clear()
  if (folder === null) return
  const sockets = readdirSync(folder).map((name) => join(folder, name))
  const { signal } = new AbortController()
  await Promise.all(
    sockets.map((path) =>
      runBounded({
        command: 'ssh',
        args: ['-O', 'exit', '-o', `ControlPath="${path.replaceAll('%', '%%')}"`, '--', 'any'],
        input: '',
        timeoutSeconds: 5,
        maxBytes: 10_000,
        signal,
      }),
    ),
  )
}
