import { spawnSync } from 'node:child_process'
import { chmodSync, copyFileSync, readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { onlyLooks } from '../../../src/core/asset.ts'
import { createSshConnections, createSshInventory, type SshTarget } from '../../../src/integrations/ssh/index.ts'
import { AS_USER, sshArguments } from '../../../src/integrations/ssh/target.ts'
import { anAsset } from '../../support/asset.ts'
import { freePort, noSshd, type SshLab, sshLab } from '../../support/sshd.ts'

if (noSshd !== null) console.info(`skipped: ${noSshd}`)

/** Settings by which a script is certain to run, to have its input, and to end. */
const ours = {
  requesttty: 'false',
  sessiontype: 'default',
  stdinnull: 'no',
  forkafterauthentication: 'no',
  forwardagent: 'no',
  permitlocalcommand: 'no',
  batchmode: 'yes',
}

/** Real servers and the real client: each login that fails is told with a sentence that leads to the fix. */
describe.skipIf(noSshd !== null)('why ssh failed', () => {
  let lab: SshLab
  let host: string
  let jump: string
  let id: string
  let port: number
  let jumpPort: number
  let known: string
  const { signal } = new AbortController()
  const connections = createSshConnections()

  beforeAll(async () => {
    lab = sshLab()
    ;[host, jump, id] = [lab.key('host'), lab.key('jump'), lab.key('id')]
    const authorized = lab.file('authorized', readFileSync(`${id}.pub`, 'utf8'))
    port = await lab.server(host, authorized)
    jumpPort = await lab.server(jump, authorized)
    known = lab.file('known', lab.known(port, host) + lab.known(jumpPort, jump))
  })
  afterAll(async () => {
    await connections.close()
    lab.stop()
  })

  /** What a look at web01 says, as `check` and a source have it: over a connection that is kept for others. */
  async function said(config: readonly string[], more: Partial<SshTarget> = {}): Promise<string> {
    const lines = [
      'Host web01',
      'HostName 127.0.0.1',
      ...config,
      'Host *',
      `User ${lab.login}`,
      `UserKnownHostsFile ${known}`,
    ]
    const configFile = lab.file(`config-${Math.random()}`, `${lines.join('\n')}\n`)
    const target = { host: 'web01', identityFile: id, configFile, connectTimeoutSeconds: 5, ...more }
    const hosts = [{ asset: anAsset('web01', { platform: '', engine: null }), target }]
    const source = createSshInventory({
      name: 'lab',
      hosts,
      refresh: false,
      concurrency: 1,
      connections,
      clock: () => new Date(),
    })
    for await (const look of onlyLooks(source.observe({ signal, depth: 'installed' })))
      return look.kind === 'seen' ? 'seen' : look.reason
    return 'nothing'
  }

  it('nothing, where nothing is wrong', async () => {
    expect(await said([`Port ${port}`])).toBe('seen')
  })

  it('a host key that is revoked', async () => {
    const revoked = lab.file('revoked', `@revoked * ${readFileSync(`${host}.pub`, 'utf8')}`)
    const reason = await said([`Port ${port}`], { knownHostsFile: revoked })
    expect(reason).toMatch(/^web01 shows a host key that is revoked here.*stolen.*Do not add it/)
  })

  it('a host key that is not known, and how it is asked for', async () => {
    const reason = await said([`Port ${port}`], { knownHostsFile: lab.file('none-known', '') })
    expect(reason).toBe(
      `The host key of web01 is not known here: check its fingerprint and add it to the known hosts (ssh-keyscan -p ${port} 127.0.0.1).`,
    )
  })

  it('a host key that is another than before', async () => {
    const other = lab.file('other-known', lab.known(port, jump))
    expect(await said([`Port ${port}`], { knownHostsFile: other })).toMatch(
      /^web01 shows another host key than the one on record: somebody else may be answering.*ssh-keygen -R/,
    )
  })

  it('a jump host that is down', async () => {
    const reason = await said([
      `Port ${port}`,
      'ProxyJump bastion',
      'Host bastion',
      'HostName 127.0.0.1',
      `Port ${await freePort()}`,
    ])
    expect(reason).toMatch(/^The jump host bastion of web01 refuses the connection/)
  })

  it('a jump host whose key is not known', async () => {
    const empty = lab.file('empty', '')
    const reason = await said([
      `Port ${port}`,
      'ProxyJump bastion',
      'Host bastion',
      'HostName 127.0.0.1',
      `Port ${jumpPort}`,
      `UserKnownHostsFile ${empty}`,
    ])
    expect(reason).toMatch(/^The host key of the jump host bastion of web01 is not known here/)
  })

  it('a jump host that refuses the login', async () => {
    const bastion = [
      'Host bastion',
      'HostName 127.0.0.1',
      `Port ${jumpPort}`,
      `IdentityFile ${lab.folder}/nothing`,
      'IdentitiesOnly yes',
      'IdentityAgent none',
    ]
    const reason = await said([`Port ${port}`, 'ProxyJump bastion', ...bastion])
    expect(reason).toMatch(/^The jump host bastion of web01 does not accept the login/)
  })

  it('a jump host that lets nothing through', async () => {
    const closed = await lab.server(jump, `${lab.folder}/authorized`, ['AllowTcpForwarding no'])
    const bastion = [
      'Host bastion',
      'HostName 127.0.0.1',
      `Port ${closed}`,
      `IdentityFile ${id}`,
      'StrictHostKeyChecking no',
    ]
    const own = lab.file('known-closed', lab.known(closed, jump))
    const reason = await said([`Port ${port}`, 'ProxyJump bastion', ...bastion, `UserKnownHostsFile ${own}`])
    expect(reason).toMatch(/^The jump host bastion of web01 does not let connections through/)
  })

  it('a host that its jump host does not reach', async () => {
    const bastion = ['Host bastion', 'HostName 127.0.0.1', `Port ${jumpPort}`, `IdentityFile ${id}`]
    const reason = await said([`Port ${await freePort()}`, 'ProxyJump bastion', ...bastion])
    expect(reason).toBe('The jump host bastion of web01 answers, but does not reach web01: Connection refused.')
  })

  it('a proxy command that fails', async () => {
    const reason = await said([`Port ${port}`, `ProxyCommand sh -c 'echo no tunnel today >&2; exit 1'`])
    expect(reason).toMatch(/^The proxy command of web01 failed: no tunnel today\. It is "sh -c/)
  })

  it('whatever the configuration says, the client takes our way: ssh -G says so', () => {
    const config = lab.file(
      'own-settings',
      'Host *\nRemoteCommand tmux\nRequestTTY force\nSessionType none\nStdinNull yes\nForkAfterAuthentication yes\nForwardAgent yes\nPermitLocalCommand yes\nBatchMode no\n',
    )
    const args = sshArguments({ host: 'web01', configFile: config }, AS_USER)
    const settings = spawnSync('ssh', ['-G', ...args])
      .stdout.toString()
      .split('\n')
    for (const [name, value] of Object.entries(ours))
      expect(settings.filter((line) => line.startsWith(`${name} `))).toEqual([`${name} ${value}`])
    expect(settings.some((line) => line.startsWith('remotecommand '))).toBe(false)
  })

  it.each([
    ['RemoteCommand tmux new -A -s main', 'RequestTTY force'],
    ['SessionType none', 'ForkAfterAuthentication yes'],
    ['StdinNull yes', 'LocalForward 1 127.0.0.1:1'],
    ['ControlMaster auto', 'ControlPath /nowhere/%r@%h:%p'],
    ['Match originalhost web01 exec "echo noise"', 'ForwardX11 yes'],
    ['VisualHostKey yes', 'LogLevel DEBUG3'],
  ])('nothing, for what people set for their own sessions: %s, %s', async (...settings) => {
    expect(await said([`Port ${port}`, ...settings])).toBe('seen')
  })

  it.each([
    [
      'another command behind the key',
      'echo Please login as the user \\"debian\\" rather than the user \\"root\\".;echo;sleep 1;exit 142',
      /^web01 runs something else instead of a shell for this login: "Please login as the user debian rather/,
    ],
    [
      'an account without a shell',
      'echo This account is currently not available.; exit 1',
      /This account is currently not available/,
    ],
    [
      'an expired password',
      'echo WARNING: Your password has expired. >&2; echo Password change required but no TTY available. >&2; exit 1',
      /^The password of the login on web01 has expired/,
    ],
  ])('%s', async (_what, command, expected) => {
    const authorized = lab.file('instead', `command="${command}" ${readFileSync(`${id}.pub`, 'utf8')}`)
    const own = await lab.server(host, authorized)
    const knownHere = lab.file('known-instead', lab.known(own, host))
    expect(await said([`Port ${own}`], { knownHostsFile: knownHere })).toMatch(expected)
  })

  it('a key file that others can read', async () => {
    const shared = `${lab.folder}/shared`
    copyFileSync(id, shared)
    chmodSync(shared, 0o644)
    expect(await said([`Port ${port}`], { identityFile: shared })).toMatch(
      /^Others can read the key file ".*shared".*chmod 600/,
    )
  })

  it('a key file that is missing, is public, is none, or has a passphrase', async () => {
    const garbage = lab.file('garbage', 'garbage\n')
    chmodSync(`${id}.pub`, 0o600)
    const reasons = []
    for (const identityFile of [`${lab.folder}/none`, `${id}.pub`, garbage, lab.key('locked', 'a passphrase')])
      reasons.push(await said([`Port ${port}`], { identityFile }))
    expect(reasons).toEqual([
      expect.stringMatching(/^The key file ".*none" does not exist here/),
      expect.stringMatching(/^The key file ".*id.pub" is a public key/),
      expect.stringMatching(/^The file ".*garbage" is not a private key/),
      expect.stringMatching(/^The key file ".*locked" has a passphrase, .*agent/),
    ])
  })

  it('a key that the host does not know', async () => {
    expect(await said([`Port ${port}`], { identityFile: lab.key('stranger') })).toBe(
      'web01 does not accept the login: check the user and the key.',
    )
  })
})
