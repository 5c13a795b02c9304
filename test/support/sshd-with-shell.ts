import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { userInfo } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { SshTarget } from '../../src/integrations/ssh/index.ts'

const SSHD = '/usr/sbin/sshd'
const SFTP_SERVER = '/usr/lib/openssh/sftp-server'

/** A real OpenSSH server on loopback, whose every command goes to a program of the test. */
export interface Sshd {
  readonly target: SshTarget
  /** Where SFTP and commands begin. */
  readonly home: string
  stop(): Promise<void>
}

/** Why no sshd can run here; `null`: it can. */
export function sshdReason(): string | null {
  const missing = [SSHD, SFTP_SERVER].filter((file) => !existsSync(file))
  return missing.length === 0 ? null : `${missing.join(' and ')} missing (Debian: apt-get install openssh-server)`
}

/**
 * @param folder of the test; home, keys and configuration are put into it
 * @param shell a bash script that gets the command as its only argument, in the home
 */
export async function startSshd(folder: string, shell: string): Promise<Sshd> {
  const at = (name: string) => join(folder, name)
  const home = at('home')
  mkdirSync(home, { recursive: true })
  for (const key of ['host', 'login']) {
    execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', at(key)])
  }
  writeFileSync(at('shell.sh'), shell)
  writeFileSync(
    at('forced.sh'),
    [
      '#!/bin/bash',
      `cd '${home}'`,
      'case $SSH_ORIGINAL_COMMAND in',
      `  ${SFTP_SERVER}*) [ ! -e '${at('no-sftp')}' ] || exit 1; exec ${SFTP_SERVER} -d '${home}' ;;`,
      'esac',
      `exec /bin/bash '${at('shell.sh')}' "$SSH_ORIGINAL_COMMAND"`,
      '',
    ].join('\n'),
  )
  chmodSync(at('forced.sh'), 0o755)
  const port = await freePort()
  const settings = [
    `ListenAddress 127.0.0.1:${port}`,
    `HostKey ${at('host')}`,
    `AuthorizedKeysFile ${at('login.pub')}`,
    'AuthenticationMethods publickey',
    'StrictModes no',
    'UsePAM no',
    'PermitRootLogin yes',
    'PidFile none',
    'PermitUserEnvironment no',
    `Subsystem sftp ${SFTP_SERVER}`,
    `ForceCommand /bin/bash ${at('forced.sh')}`,
  ]
  writeFileSync(at('sshd_config'), `${settings.join('\n')}\n`)
  writeFileSync(at('known_hosts'), `[127.0.0.1]:${port} ${readFileSync(at('host.pub'), 'utf8')}`)
  // Where the service of the distribution never ran, its empty folder is missing.
  if (process.getuid?.() === 0) mkdirSync('/run/sshd', { recursive: true })
  const server = spawn(SSHD, ['-D', '-e', '-f', at('sshd_config')], { stdio: ['ignore', 'ignore', 'pipe'] })
  let said = ''
  server.stderr.on('data', (chunk) => {
    said += String(chunk)
  })
  await answers(port, server, () => said)
  const target = {
    host: '127.0.0.1',
    port,
    user: userInfo().username,
    identityFile: at('login'),
    knownHostsFile: at('known_hosts'),
    configFile: '/dev/null',
  }
  return { target, home, stop: () => stop(server) }
}

async function stop(server: ChildProcess): Promise<void> {
  if (server.exitCode !== null || server.signalCode !== null) return
  const gone = once(server, 'exit')
  server.kill()
  await gone
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  if (address === null || typeof address === 'string') throw new Error('no port')
  return address.port
}

async function answers(port: number, server: ChildProcess, said: () => string): Promise<void> {
  for (let attempt = 0; attempt < 200; attempt++) {
    if (server.exitCode !== null) break
    const socket = connect(port, '127.0.0.1')
    const [answer] = await Promise.race([
      once(socket, 'data'),
      sleep(500, ['']),
      once(socket, 'close').then(() => ['']),
    ]).catch(() => [''])
    socket.destroy()
    if (String(answer).startsWith('SSH-')) return
    await sleep(50)
  }
  throw new Error(`sshd did not start: ${said()}`)
}
