/** What goes wrong on hosts with apt, as people read it: the thread with the report, and the first two lines of the card. */

import { type Story, testStories } from '../support/stories.ts'

const STORIES: readonly Story[] = [
  {
    name: 'a lost connection, then Resume without it: what ran on meanwhile is ours, and is rolled back',
    team: 'resumed',
    hosts: 2,
    midway: ({ fleet, host }) => fleet.fault('frozen', host),
    async afterwards({ fleet, host, letItEnd, andEnds, rollsBack }) {
      await fleet.thaw(host)
      await letItEnd()
      await andEnds('resume')
      await rollsBack()
    },
    status: 'completed',
    says: [/Rolled back by PW-\d+: 2 servers have the versions from before/],
    never: [/somebody else/],
    card: [/^Rolled back by PW-/],
  },
  {
    name: 'somebody else installed it on one of two between the vote and the start',
    team: 'between',
    hosts: 2,
    before: ({ run }) => run('apt-get -qq update; apt-get -y -qq install demo-app'),
    afterwards: ({ rollsBack }) => rollsBack(),
    status: 'completed',
    says: [/installed by somebody else/],
    card: [/^Rolled back by PW-\d+/, /1 of 2 have the versions from before again.* 1 stays as it is: PW-\d+ says why/],
  },
  {
    name: 'an edited configuration file is kept',
    team: 'conffile',
    upgrade: 'conffile',
    before: ({ fleet, host }) => fleet.fault('conffile-edited', host),
    status: 'completed',
    says: [
      /the edited \/etc\/demo-app.conf was kept, and the new one lies beside it as \/etc\/demo-app.conf.dpkg-dist/,
    ],
    card: [/^Completed · 1 of 1/],
  },
  {
    name: 'apt and dpkg are killed in the middle',
    team: 'killed',
    midway: ({ run }) =>
      run('pkill -9 apt-get; pkill -9 dpkg; pkill -9 -f demo-app.postinst; pkill -9 -f "cat /etc/fleet/slow"; true'),
    afterwards: ({ andEnds }) => andEnds('retry'),
    status: 'halted',
    says: [
      /left behind: demo-app is half-configured/,
      /web\d+ held back\. An earlier installation .*dpkg --configure -a/,
    ],
    never: [/installed\. The promised versions/],
    card: [/held back: An earlier installation on web\d+ was interrupted \(demo-app is half-configured\)/],
  },
  {
    name: 'sudo wants a terminal',
    team: 'requiretty',
    before: ({ run }) => run("echo 'Defaults requiretty' >/etc/sudoers.d/tty"),
    status: 'halted',
    says: [/requiretty/],
    card: [/requiretty/],
  },
  {
    name: 'the shell start-up file of the account prints',
    team: 'prints',
    before: ({ run }) => run("sed -i '1i echo Welcome to this host' /home/patch/.bashrc"),
    status: 'completed',
    says: [/Completed|completed/],
    card: [/^Completed · 1 of 1/],
  },
  {
    name: 'the shell start-up file of the account reads',
    team: 'reads',
    before: ({ run }) => run("sed -i '1i read -r answer' /home/patch/.bashrc"),
    status: 'halted',
    says: [/start-up file/],
    card: [/start-up file/],
  },
  {
    name: 'the login may not use sudo any more',
    team: 'sudo',
    before: ({ fleet, host }) => fleet.fault('sudo-denied', host),
    status: 'halted',
    says: [/sudo/],
    card: [/sudo/],
  },
  {
    name: 'somebody put the package on hold since',
    team: 'held',
    before: ({ fleet, host }) => fleet.fault('held', host, 'demo-app'),
    status: 'halted',
    says: [/hold/],
    card: [/hold/],
  },
  {
    name: 'its dependencies cannot be met any more',
    team: 'unmet',
    before: ({ run }) =>
      run(`set -e; p=$(mktemp -d); mkdir $p/DEBIAN
printf 'Package: demo-old\\nVersion: 1\\nArchitecture: all\\nMaintainer: a <a@example.invalid>\\nDepends: demo-app (<< 2)\\nDescription: old\\n' >$p/DEBIAN/control
dpkg-deb -b $p /tmp/o.deb; dpkg -i /tmp/o.deb`),
    status: 'halted',
    says: [/demo-old/],
    card: [/demo-old/],
  },
  {
    name: 'the service does not start afterwards',
    team: 'crash',
    upgrade: 'crash',
    status: 'halted',
    says: [/not healthy/],
    card: [/not healthy/],
  },
  {
    name: 'the package refuses to be unpacked',
    team: 'preinst',
    upgrade: 'broken-preinst',
    status: 'halted',
    says: [/refuses to unpack/],
    card: [/refuses to unpack/],
  },
  {
    name: 'a hook before the installation refuses it',
    team: 'hook',
    before: ({ fleet, host }) => fleet.fault('hook-fails', host),
    status: 'halted',
    says: [/hook/],
    card: [/hook/],
  },
  {
    name: 'where the package goes, the file system is read-only',
    team: 'readonly',
    before: ({ run }) => run('mount --bind /opt/demo-app /opt/demo-app; mount -o remount,ro,bind /opt/demo-app'),
    status: 'halted',
    says: [/read-only/],
    card: [/read-only/],
  },
  {
    name: 'a full disk, freed, then Retry',
    team: 'freed',
    before: ({ fleet, host }) => fleet.fault('disk-full', host),
    async afterwards({ run, andEnds }) {
      await run('rm /var/fleet-filler')
      await andEnds('retry')
    },
    status: 'completed',
    says: [/not enough room/],
    card: [/^Completed · 1 of 1/],
  },
]

await testStories(STORIES, 'pwsta', 'debian')
