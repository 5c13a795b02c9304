import { chmodSync, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { createSshConnections, type SshConnections } from '../../../src/integrations/ssh/index.ts'
import { openShell, type ShellScript } from '../../../src/integrations/ssh/shell.ts'
import { SHELL } from '../../../src/integrations/ssh/target.ts'
import { runOverSsh } from '../../../src/integrations/ssh/transport.ts'
import { temporaryFolder } from '../../support/temporary-folder.ts'

const folder = temporaryFolder('pw-shell')
const log = join(folder, 'log')
const { PATH } = process.env

/** This machine stands in for the host: what would be run there is run here. Nobody but "root" is root. */
const SSH = `#!/bin/sh
while [ "$1" != -- ]; do shift; done
echo "login" >>${log}
case $2 in
  gone) echo "Connection to gone closed by remote host." >&2; exit 255 ;;
  reads) echo "Welcome to the jungle"; read -r line ;;
  prints) echo "Welcome to the jungle" ;;
esac
exec sh -c "$3"
`
const SUDO = `#!/bin/sh
[ ! -e ${folder}/no-sudo ] || { echo "sudo: a password is required" >&2; exit 1; }
echo "sudo" >>${log}
shift
PW_TEST_ROOT=yes exec "$@"
`
const ID = '#!/bin/sh\n[ -n "$PW_TEST_ROOT" ] && echo 0 || echo 1000\n'

beforeAll(() => {
  for (const [name, text] of Object.entries({ ssh: SSH, sudo: SUDO, id: ID })) {
    writeFileSync(join(folder, name), text)
    chmodSync(join(folder, name), 0o755)
  }
  process.env.PATH = `${folder}:${PATH}`
})
afterAll(() => {
  process.env.PATH = PATH
})
beforeEach(() => writeFileSync(log, ''))

const { signal } = new AbortController()
const target = { host: 'web01', connectTimeoutSeconds: 1 }
const logged = () => readFileSync(log, 'utf8').trim().split('\n')

function isThere(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

function asked(script: string, more: Partial<ShellScript> = {}): ShellScript {
  return { script, as: 'user', timeoutSeconds: 20, maxBytes: 100_000, signal, ...more }
}

describe('a shell on a host', () => {
  const open = (idleSeconds = 20) => openShell(['--', 'web01', SHELL], idleSeconds)

  it('runs one script after another over one login, and tells their output and errors apart', async () => {
    const shell = open()
    expect(await shell.run(asked('echo out; echo err >&2'))).toEqual({
      end: 'exited',
      status: 0,
      stdout: 'out\n',
      stderr: 'err\n',
    })
    expect(await shell.run(asked('printf "no end of line"'))).toMatchObject({ stdout: 'no end of line', stderr: '' })
    const long = `said='${'x'.repeat(70_000)}'\nprintf %s "$said" | wc -c\n`
    expect(await shell.run(asked(long))).toMatchObject({ stdout: expect.stringMatching(/^\s*70000\n$/) })
    expect(logged()).toEqual(['login'])
    shell.close()
  })

  it('lets its output be heard as it comes', async () => {
    const shell = open()
    const heard: string[] = []
    const ends = shell.run(
      asked(`echo first; until [ -e ${folder}/go ]; do sleep 0.02; done; echo last`, {
        onOutput: (text) => heard.push(text),
      }),
    )
    await expect.poll(() => heard.join('')).toBe('first\n')
    expect(shell.takes()).toBe(false)
    writeFileSync(join(folder, 'go'), '')
    expect(await ends).toMatchObject({ stdout: 'first\nlast\n' })
    expect(heard.join('')).toBe('first\nlast\n')
    shell.close()
  })

  it('is root for a script of root’s alone, and asks for it each time', async () => {
    const shell = open()
    for (let script = 0; script < 2; script++) {
      expect(await shell.run(asked('id -u', { as: 'root' }))).toMatchObject({ stdout: '0\n' })
      expect(await shell.run(asked('id -u'))).toMatchObject({ stdout: '1000\n' })
    }
    expect(logged()).toEqual(['login', 'sudo', 'sudo'])
    shell.close()
  })

  it('says what sudo says where it may not become root, and is over', async () => {
    writeFileSync(join(folder, 'no-sudo'), '')
    const shell = open()
    expect(await shell.run(asked('id -u', { as: 'root' }))).toEqual({
      end: 'exited',
      status: 1,
      stdout: '',
      stderr: 'sudo: a password is required\n',
    })
    expect(shell.over()).toBe(true)
    rmSync(join(folder, 'no-sudo'))
  })

  it('is over when a script has failed: what that left unread is no script', async () => {
    const shell = open()
    const unread = `echo $PPID >${folder}/pid\nexit 3\n${'root 9 x\ntouch owned\n'.repeat(5_000)}`
    expect(await shell.run(asked(unread))).toMatchObject({ end: 'exited', status: 3 })
    expect(shell.takes()).toBe(false)
    const pid = Number(readFileSync(join(folder, 'pid'), 'utf8'))
    await expect.poll(() => isThere(pid)).toBe(false)
    expect(logged()).toEqual(['login'])
  })

  it.each([
    ['takes too long', 'timed out', () => asked('sleep 9', { timeoutSeconds: 0.2 })],
    ['says too much', 'too much output', () => asked('while :; do echo 123456789; done')],
    ['is given up', 'aborted', () => asked('sleep 9', { signal: AbortSignal.timeout(200) })],
  ])('is over when a script %s', async (_, end, script) => {
    const shell = open()
    expect(await shell.run(script())).toMatchObject({ end, status: null })
    expect(shell.over()).toBe(true)
  })

  it('says of a script that it was never sent where it was gone before', async () => {
    const shell = open()
    await shell.run(asked(`echo $PPID >${folder}/pid`))
    process.kill(Number(readFileSync(join(folder, 'pid'), 'utf8')), 'SIGSTOP')
    expect(await shell.run(asked(`touch ${folder}/begun`, { timeoutSeconds: 0.3 }))).toBeNull()
    expect(shell.over()).toBe(true)
    expect(existsSync(join(folder, 'begun'))).toBe(false)
  })

  it('ends by itself when nobody has anything for it to do', async () => {
    const shell = open(0.1)
    await shell.run(asked('echo 1'))
    await expect.poll(() => shell.over()).toBe(true)
  })
})

describe('scripts of which more are to come', () => {
  let connections: SshConnections
  afterEach(() => connections.close())

  const run = (host: string, script: string, as: 'user' | 'root' = 'user') =>
    runOverSsh('web01', { ...target, host }, { script, as, timeoutSeconds: 20, signal, connections, moreToCome: true })

  it('go over one login; what comes while it is at work logs in beside it', async () => {
    connections = createSshConnections()
    await run('web01', 'echo 1')
    await Promise.all([run('web01', 'sleep 0.2; echo 2'), run('web01', 'echo 3')])
    expect(logged()).toEqual(['login', 'login'])
    await run('web01', 'echo 4', 'root')
    expect(await run('web01', 'id -u')).toMatchObject({ kind: 'ran', stdout: '1000\n' })
    expect(logged()).toEqual(['login', 'login', 'sudo'])
  })

  it('have no more than a hundred shells that wait for them', async () => {
    connections = createSshConnections()
    const first = connections.shell(target)
    const atWork = connections.shell({ ...target, host: 'web02' })
    const works = atWork?.run(asked('sleep 0.5; echo done'))
    for (let host = 3; host <= 102; host++) connections.shell({ ...target, host: `web${host}` })
    expect(first?.over()).toBe(true)
    expect(await works).toMatchObject({ stdout: 'done\n' })
    expect(atWork?.takes()).toBe(true)
  })

  it('log in anew where the shell has died since the one before', async () => {
    connections = createSshConnections()
    await run('web01', `echo $PPID >${folder}/pid`)
    process.kill(Number(readFileSync(join(folder, 'pid'), 'utf8')), 'SIGSTOP')
    const late = {
      script: 'echo here',
      as: 'user',
      timeoutSeconds: 1,
      signal,
      connections,
      moreToCome: true,
    } as const
    expect(await runOverSsh('web01', target, late)).toMatchObject({ kind: 'ran', stdout: 'here\n' })
    expect(logged()).toEqual(['login', 'login'])
  })

  it('that never get there are told as lost and not begun, and the next logs in anew', async () => {
    connections = createSshConnections()
    for (let script = 0; script < 2; script++) {
      expect(await run('gone', 'echo 1')).toMatchObject({ kind: 'failed', begun: 'no' })
    }
    expect(logged()).toEqual(['login', 'login'])
  })

  it('are told of a start-up file that takes what is sent; one that only prints does no harm', async () => {
    connections = createSshConnections()
    const short = { script: 'echo 1', as: 'user', timeoutSeconds: 1, signal, connections, moreToCome: true } as const
    expect(await runOverSsh('web01', { ...target, host: 'reads' }, short)).toEqual({
      kind: 'failed',
      begun: 'no',
      stdout: '',
      reason:
        'The shell of the login on web01 took nothing of what was sent within 2 s: probably a start-up file of its shell (such as .bashrc) reads its input or waits. Let it do so only where there is a terminal. It printed "Welcome to the jungle".',
    })
    expect(await run('prints', 'echo 1')).toMatchObject({ kind: 'ran', stdout: '1\n' })
  })
})
