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
  [
    'apt, no room, and where',
    failureReason('dpkg: error: failed to write: No space left on device\npatchwarden: no room is left on /var'),
    /^There is not enough room on the disk \(\/var\): free some and try again$/,
  ],
  ['apt, killed', failureReason('Setting up demo-app (2.0) ...\nKilled'), /^apt was killed on the host$/],
  [
    'dnf, no inode, as rpm counts it before it begins',
    dnf.failureReason(
      'Error: Transaction test error:\n  installing package demo-app-2.0-1.noarch needs 2 inodes on the /opt/demo-app filesystem',
    ),
    /^No inode is left on \/opt\/demo-app,/,
  ],
  [
    'dnf, a line that ends with a colon',
    dnf.failureReason('Error: Transaction test error:\n  file /a conflicts with file from package b'),
    /^dnf failed: Transaction test error: file \/a conflicts with file from package b$/,
  ],
  [
    'dnf, another package than the list says',
    dnf.failureReason('Error: Some packages from local repository have incorrect checksum'),
    /its checksum is another one/,
  ],
  [
    'dnf, no key',
    dnf.failureReason(
      'However, you do not have any GPG public keys installed. You need\n\nProblem repository: [fleet]\nusername: ',
    ),
    /^The host cannot check the signatures of fleet: it has no key/,
  ],
  [
    'dnf, killed in the middle',
    dnf.failureReason('  Running scriptlet: demo-app-2.0-1.noarch 2/4Killed'),
    /^dnf was killed on the host$/,
  ],
  [
    'dnf, rpm could not write',
    dnf.failureReason(
      'error: unpacking of archive failed on file /opt/demo-app/health;6b0d8bbf: cpio: open failed - No data available',
    ),
    /^rpm could not write \/opt\/demo-app\/health: open failed - No data available$/,
  ],
  [
    'zypper, another package than the list says',
    zypper.failureReason('Package demo-lib-2.0-1.noarch (fleet) seems to be corrupted during transfer.'),
    /^demo-lib-2\.0-1\.noarch is not what the list of its repository says/,
  ],
  [
    'zypper, a package that is gone',
    zypper.failureReason("File './demo-lib-2.0-1.noarch.rpm' not found on medium 'file:/srv/fleet'"),
    /^A package could not be downloaded \(/,
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
