/** What people read of an upgrade that failed, or left something to see to. The lines are those that the programs print. */

import { expect, test } from 'vitest'
import { failureReason } from '../../../src/integrations/apt/failure.ts'
import { connectionProblem, sudoProblem } from '../../../src/integrations/ssh/connection-problem.ts'
import { dnf } from '../../../src/integrations/upgrade-journal/dnf.ts'
import { keptFiles } from '../../../src/integrations/upgrade-journal/kept-files.ts'
import { zypper } from '../../../src/integrations/upgrade-journal/zypper.ts'

const dpkgFailed = [
  'dpkg: error processing package demo-app (--configure):',
  ' installed demo-app package post-installation script subprocess returned error exit status 1',
].join('\n')
const hookFailed = "E: Problem executing scripts DPkg::Post-Invoke 'echo no audit server; exit 3'"

test.each([
  [
    'apt, a hook after the installation',
    failureReason(hookFailed),
    /^All was installed, but a hook of apt failed afterwards \(DPkg::Post-Invoke: echo no audit/,
  ],
  [
    'apt, the same after dpkg failed itself',
    failureReason(`${dpkgFailed}\n${hookFailed}`),
    /^A hook of apt on the host refused/,
  ],
  [
    'apt, a hook before it',
    failureReason("E: Problem executing scripts DPkg::Pre-Invoke 'false'"),
    /^A hook of apt on the host refused \(DPkg::Pre-Invoke: false\)/,
  ],
  [
    'apt, a read-only file system',
    failureReason('E: Could not open file /var/cache/apt/archives/lock - open (30: Read-only file system)'),
    /read-only: look for errors of its disk/,
  ],
  [
    'apt, no inode',
    failureReason('dpkg: error: failed to write: No space left on device\npatchwarden: no inode is left on /var'),
    /^No inode is left on \/var, so no file can be made there although there is room/,
  ],
  [
    'apt, no room',
    failureReason('dpkg: error: failed to write: No space left on device'),
    /not enough room on the disk/,
  ],
  [
    'dnf, a read-only file system',
    dnf.failureReason('error: cannot open /var/lib/rpm: Read-only file system'),
    /read-only/,
  ],
  [
    'zypper, no inode',
    zypper.failureReason('No space left on device\npatchwarden: no inode is left on /'),
    /^No inode is left on \/,/,
  ],
])('%s', (_, said, expected) => {
  expect(said).toMatch(expected)
})

test('sudo that wants a terminal', () => {
  expect(sudoProblem('web01', 'sudo: sorry, you must have a tty to run sudo')).toMatch(
    /^sudo on web01 wants a terminal \(requiretty\), .*!requiretty/,
  )
  expect(connectionProblem('web01', 'web01: Connection refused').reason).not.toMatch(/requiretty/)
})

test('configuration files that were edited, by dpkg', () => {
  const lines = [
    'Setting up demo-app (2.0) ...',
    "Configuration file '/etc/demo-app.conf'",
    ' ==> Modified (by you or by a script) since installation.',
    ' ==> Package distributor has shipped an updated version.',
    ' ==> Keeping old config file as default.',
    "Configuration file '/etc/other.conf'",
    ' ==> File on system created by you or by a script.',
    ' ==> File also in package provided by package maintainer.',
    ' ==> Using new file as you requested.',
  ]
  expect(keptFiles(lines)).toEqual([
    'the edited /etc/demo-app.conf was kept, and the new one lies beside it as /etc/demo-app.conf.dpkg-dist',
  ])
})

test('configuration files that were edited, by rpm', () => {
  const lines = [
    'warning: /etc/demo-app.conf created as /etc/demo-app.conf.rpmnew',
    'warning: /etc/old.conf saved as /etc/old.conf.rpmsave',
    'warning: something else',
  ]
  expect(keptFiles(lines)).toEqual([
    'the edited /etc/demo-app.conf was kept, and the new one lies beside it as /etc/demo-app.conf.rpmnew',
    'the edited /etc/old.conf was replaced, and lies beside it as /etc/old.conf.rpmsave',
  ])
})
