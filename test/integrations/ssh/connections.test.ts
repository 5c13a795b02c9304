import { chmodSync, existsSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { createSshConnections, type SshTarget } from '../../../src/integrations/ssh/index.ts'
import { AS_ROOT, sshArguments } from '../../../src/integrations/ssh/target.ts'
import { runOverSsh } from '../../../src/integrations/ssh/transport.ts'
import { temporaryFolder } from '../../support/temporary-folder.ts'

const target: SshTarget = { host: 'web01' }

describe('connections that sessions share', () => {
  const { TMPDIR, PATH } = process.env
  afterEach(() => {
    if (TMPDIR === undefined) delete process.env.TMPDIR
    else process.env.TMPDIR = TMPDIR
    process.env.PATH = PATH
  })

  it('have their sockets in a folder that nobody else may enter, on a path that a socket may have', () => {
    const socket = createSshConnections().socket(target) ?? ''
    expect(statSync(dirname(socket)).mode & 0o777).toBe(0o700)
    expect(socket.length).toBeLessThanOrEqual(103 - 17)
  })

  it('are one for each login, and a new one after each renewal', () => {
    const connections = createSshConnections()
    const socket = connections.socket(target)
    expect(connections.socket({ ...target })).toBe(socket)
    for (const other of [{ user: 'root' }, { port: 2222 }, { identityFile: '/k' }, { knownHostsFile: '/h' }]) {
      expect(connections.socket({ ...target, ...other })).not.toBe(socket)
    }
    connections.renew(target)
    expect(connections.socket(target)).not.toBe(socket)
  })

  it('are left out where the path would be too long or no folder can be made', () => {
    process.env.TMPDIR = temporaryFolder('x'.repeat(80))
    expect(createSshConnections().socket(target)).toBeNull()
    process.env.TMPDIR = '/nonexistent'
    expect(createSshConnections().socket(target)).toBeNull()
  })

  it('never are those of the user', () => {
    const alone = sshArguments(target, AS_ROOT).join(' ')
    expect(alone).toContain('-o ControlMaster=no -o ControlPath=none')
    const shared = sshArguments(target, AS_ROOT, '/tmp/with%blank /s').join(' ')
    expect(shared).toContain('-o ControlMaster=auto -o ControlPath="/tmp/with%%blank /s"')
  })

  it('are given up when a session fails, so that the next one logs in anew', async () => {
    const folder = temporaryFolder('pw-ssh')
    writeFileSync(join(folder, 'ssh'), `#!/bin/sh\necho "$@" >>${folder}/log\nexit 255\n`)
    chmodSync(join(folder, 'ssh'), 0o755)
    process.env.PATH = `${folder}:${PATH}`
    const connections = createSshConnections()
    const { signal } = new AbortController()
    for (let session = 0; session < 2; session++) {
      await runOverSsh('web01', target, { script: '', as: 'user', timeoutSeconds: 5, signal, connections })
    }
    expect(existsSync(join(folder, 'log'))).toBe(true)
    const paths = [...readFileSync(join(folder, 'log'), 'utf8').matchAll(/ControlPath="(\S+)"/g)].map(
      ([, path]) => path,
    )
    expect(new Set(paths).size).toBe(2)
  })
})
