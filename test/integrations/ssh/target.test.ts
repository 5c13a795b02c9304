import { describe, expect, it } from 'vitest'
import { connectionProblem, sudoProblem } from '../../../src/integrations/ssh/connection-problem.ts'
import { AS_USER, type SshTarget, sftpArguments, sshArguments } from '../../../src/integrations/ssh/target.ts'

describe('the arguments of ssh', () => {
  it('name the host last, after "--", and ask nobody anything', () => {
    const args = sshArguments({ host: 'web01', user: 'patch', port: 2222, configFile: '/etc/pw/ssh' }, AS_USER)
    expect(args.slice(0, 2)).toEqual(['-F', '/etc/pw/ssh'])
    expect(args.slice(-7)).toEqual(['-l', 'patch', '-p', '2222', '--', 'web01', 'sh -s'])
    expect(args).toContain('BatchMode=yes')
    expect(args).toContain('StrictHostKeyChecking=yes')
    expect(args).toContain('ControlMaster=no')
  })

  it('protect paths from being split and expanded', () => {
    const args = sshArguments({ host: 'web01', knownHostsFile: '/my keys/100%', identityFile: '/k' }, AS_USER)
    expect(args).toContain('UserKnownHostsFile="/my keys/100%%"')
    expect(args).toContain('IdentitiesOnly=yes')
  })

  it('take an IPv6 address with or without brackets', () => {
    expect(sshArguments({ host: '[2001:db8::1]' }, AS_USER)).toContain('2001:db8::1')
  })

  it.each(['svc-patchwarden', 'CORP\\svc-patchwarden', 'svc.patchwarden@corp.example', 'host$'])(
    'take the login %s',
    (user) => {
      expect(sshArguments({ host: 'wsus01', user }, AS_USER)).toContain(user)
    },
  )

  it('are the same for sftp, but for the login, the port and the batch', () => {
    const target = { host: '2001:db8::1', user: 'CORP\\svc', port: 2222, identityFile: '/k', knownHostsFile: '/h' }
    const [ssh, sftp] = [sshArguments(target, AS_USER, '/s'), sftpArguments(target, '/s')]
    const common = ssh.slice(0, ssh.indexOf('RequestTTY=no') - 1)
    expect(sftp.slice(0, common.length)).toEqual(common)
    const own = ['-b', '-', '-o', 'User=CORP\\svc', '-P', '2222', '--', '[2001:db8::1]']
    expect(sftp.slice(common.length)).toEqual(own)
  })

  const refused: [string, SshTarget][] = [
    ['a host that is an option', { host: '-oProxyCommand=reboot' }],
    ['a host with a command', { host: 'web01;reboot' }],
    ['a host with a user', { host: 'root@web01' }],
    ['no host', { host: '' }],
    ['a user that is an option', { host: 'web01', user: '-v' }],
    ['a user with a command', { host: 'web01', user: 'a;b' }],
    ['a domain without a user', { host: 'web01', user: 'CORP\\' }],
    ['a port that is none', { host: 'web01', port: 70_000 }],
    ['a path with a quotation mark', { host: 'web01', identityFile: '/a"b' }],
  ]
  it.each(refused)('refuse %s', (_, target) => {
    expect(() => sshArguments(target, AS_USER)).toThrow()
    expect(() => sftpArguments(target)).toThrow()
  })
})

describe('a connection that failed', () => {
  // What OpenSSH 9.2 prints.
  const said: [string, string, RegExp, 'no' | 'maybe'][] = [
    ['refused', 'ssh: connect to host 198.18.77.11 port 22: Connection refused', /refuses the connection/, 'no'],
    ['timed out', 'ssh: connect to host 198.18.77.11 port 22: Connection timed out', /does not answer/, 'no'],
    [
      'frozen',
      'Connection timed out during banner exchange\nConnection to 198.18.77.11 port 22 timed out',
      /does not answer/,
      'no',
    ],
    [
      'another host key',
      '@@@@\n@    WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED!     @\nHost key verification failed.',
      /another host key/,
      'no',
    ],
    [
      'unknown host key',
      'No ED25519 host key is known for web01 and you have requested strict checking.\nHost key verification failed.',
      /is not known here/,
      'no',
    ],
    ['wrong key', 'root@198.18.77.11: Permission denied (publickey).', /does not accept the login/, 'no'],
    ['no name', 'ssh: Could not resolve hostname web09: Name or service not known', /cannot be resolved/, 'no'],
    ['no route', 'ssh: connect to host 192.0.2.1 port 22: No route to host', /no route/, 'no'],
    ['lost in the middle', 'Timeout, server 198.18.77.11 not responding.', /stopped answering/, 'maybe'],
    ['closed in the middle', 'Connection to 198.18.77.11 closed by remote host.', /was lost \(Connection to/, 'maybe'],
    ['silent', '', /The connection to web01 was lost\./, 'maybe'],
  ]
  it.each(said)('%s', (_, stderr, reason, begun) => {
    const problem = connectionProblem('web01', stderr)
    expect(problem.reason).toMatch(reason)
    expect(problem.begun).toBe(begun)
  })

  it('is looked for on the way where ssh said nothing, as it may of a proxy command that ended too early', () => {
    expect(connectionProblem('web01', '').ask).toBe('way')
    expect(connectionProblem('web01', 'Connection to 198.18.77.11 closed by remote host.').ask).toBeUndefined()
  })

  it('is told apart from sudo saying no', () => {
    expect(sudoProblem('web01', 'sudo: a password is required')).toMatch(/may not use sudo without a password/)
    expect(sudoProblem('web01', 'sh: 1: exec: sudo: not found')).toMatch(/has no sudo/)
    expect(sudoProblem('web01', 'dpkg: warning')).toBeNull()
  })
})
