import { createHash } from 'node:crypto'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { runBounded } from '../bounded-process.ts'
import { type HostShell, openShell } from './shell.ts'
import { IDLE_SECONDS, SHELL, type SshTarget, sshArguments } from './target.ts'

/**
 * One connection a host, shared by all sessions to it (ControlMaster of OpenSSH). A login costs both sides more than
 * anything else that a script does. Where it cannot be shared, ssh opens one of its own for the session.
 */
export interface SshConnections {
  /** Path of the socket for the host's connection; `null` where connections cannot be shared here. */
  socket(target: SshTarget): string | null
  /** A shell there that takes a script now; `null`: there is one, and it is at work. Throws a sentence. */
  shell(target: SshTarget): HostShell | null
  /** The next session opens a new connection: the one there is may be dead. It closes by itself. */
  renew(target: SshTarget): void
  /** Closes all that are open. */
  close(): Promise<void>
}

/** The shortest limit there is on paths of sockets (macOS), less the suffix with which ssh first makes one. */
const LONGEST_PATH = 103 - 17

/** Each is a process here and one on its host: with more, those that were used first and have nothing to do are ended. */
const MOST_SHELLS = 100

const folders = new Set<string>()

function removeFolders(): void {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true })
}

export function createSshConnections(): SshConnections {
  const renewals = new Map<string, number>()
  /** One a login, the one used last at the end. */
  const shells = new Map<string, HostShell>()
  let folder: string | null = null

  function ours(): string {
    if (folder !== null) return folder
    // Made for the owner alone (0700), under a name that nobody can foresee.
    const made = mkdtempSync(join(tmpdir(), 'pw-'))
    if (folders.size === 0) process.once('exit', removeFolders)
    folders.add(made)
    folder = made
    return made
  }

  /** Logins that differ in anything never share. */
  function nameOf(target: SshTarget): string {
    const { host, user, port, identityFile, knownHostsFile, configFile } = target
    const login = JSON.stringify([host, user, port, identityFile, knownHostsFile, configFile])
    return createHash('sha256').update(login).digest('hex').slice(0, 16)
  }

  function socket(target: SshTarget): string | null {
    const name = nameOf(target)
    try {
      const path = join(ours(), `${name}.${renewals.get(name) ?? 0}`)
      return Buffer.byteLength(path) <= LONGEST_PATH ? path : null
    } catch {
      return null // no folder can be made: every session logs in by itself
    }
  }

  function makeRoom(): void {
    for (const [name, shell] of shells) {
      if (shells.size < MOST_SHELLS) return
      if (!shell.takes() && !shell.over()) continue
      shell.leave()
      shells.delete(name)
    }
  }

  return {
    socket,
    shell(target) {
      const name = nameOf(target)
      const known = shells.get(name)
      if (known !== undefined && !known.takes() && !known.over()) return null
      const shell =
        known?.takes() === true ? known : openShell(sshArguments(target, SHELL, socket(target)), IDLE_SECONDS)
      shells.delete(name)
      makeRoom()
      shells.set(name, shell)
      return shell
    },
    renew(target) {
      const name = nameOf(target)
      renewals.set(name, (renewals.get(name) ?? 0) + 1)
      shells.get(name)?.leave()
      shells.delete(name)
    },
    async close() {
      for (const shell of shells.values()) shell.close()
      shells.clear()
      if (folder === null) return
      const open = readdirSync(folder).map((name) => join(folder ?? '', name))
      const { signal } = new AbortController()
      await Promise.all(
        open.map((path) =>
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
    },
  }
}
