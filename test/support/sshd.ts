/** SSH servers on 127.0.0.1 for the user that runs the tests, with keys of the moment. */

import { spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { userInfo } from 'node:os'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { temporaryFolder } from './temporary-folder.ts'

const SSHD = '/usr/sbin/sshd'

/** Why no server can be started here; `null`: it can. */
export const noSshd = existsSync(SSHD) && spawnSync('ssh', ['-V']).status === 0 ? null : 'there is no sshd here'

export interface SshLab {
  readonly folder: string
  readonly login: string
  /** Makes a key without a passphrase, or with one, and returns its path. */
  key(name: string, passphrase?: string): string
  /** Starts a server with this host key and returns its port. */
  server(hostKey: string, authorizedKeys: string, more?: readonly string[]): Promise<number>
  /** The line of known_hosts for the key on that port. */
  known(port: number, key: string): string
  /** Writes a file in the folder and returns its path. */
  file(name: string, text: string): string
  stop(): void
}

export function sshLab(): SshLab {
  const folder = temporaryFolder('pw-sshd')
  const running: ReturnType<typeof spawn>[] = []
  if (process.getuid?.() === 0) mkdirSync('/run/sshd', { recursive: true })
  const file = (name: string, text: string) => {
    const place = path.join(folder, name)
    writeFileSync(place, text, { mode: 0o600 })
    return place
  }
  return {
    folder,
    login: userInfo().username,
    file,
    key(name, passphrase = '') {
      const place = path.join(folder, name)
      const { status, stderr } = spawnSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', passphrase, '-f', place])
      if (status !== 0) throw new Error(String(stderr))
      return place
    },
    async server(hostKey, authorizedKeys, more = []) {
      const port = await freePort()
      const config = file(
        `sshd-${port}`,
        [
          `Port ${port}`,
          'ListenAddress 127.0.0.1',
          `HostKey ${hostKey}`,
          `AuthorizedKeysFile ${authorizedKeys}`,
          'PidFile none',
          'PasswordAuthentication no',
          'KbdInteractiveAuthentication no',
          'PermitRootLogin yes',
          'UsePAM no',
          'StrictModes no',
          ...more,
          '',
        ].join('\n'),
      )
      const server = spawn(SSHD, ['-D', '-e', '-f', config], { stdio: 'ignore' })
      running.push(server)
      for (let turn = 0; turn < 200 && !(await answers(port)); turn++) await sleep(25)
      return port
    },
    known: (port, key) =>
      `[127.0.0.1]:${port} ${readFileSync(`${key}.pub`, 'utf8').split(' ').slice(0, 2).join(' ')}\n`,
    stop: () => {
      for (const server of running) server.kill()
    },
  }
}

export async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  await new Promise((resolve) => server.close(resolve))
  if (address === null || typeof address === 'string') throw new Error('no port')
  return address.port
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', () => resolve(false))
  })
}
