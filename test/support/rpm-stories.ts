/**
 * What goes wrong on hosts with RPM packages, as people read it: the thread with the report, and the first two lines of
 * the card.
 */

import type { Story } from './stories.ts'

type Manager = 'dnf' | 'zypper'

/** What is done on a host, and read of it, in another way with each of them. */
const OWN = {
  dnf: {
    lock: 'dnf -q -C versionlock add demo-lib',
    occupy: 'sleep 900 >/dev/null 2>&1 & echo $! >/var/lib/dnf/rpmdb_lock.pid',
    install: 'dnf -q -y install demo-app-2.0',
    trust: "sed -i 's/gpgcheck=0/gpgcheck=1/' /etc/dnf/dnf.conf /etc/yum.repos.d/fleet.repo",
  },
  zypper: {
    lock: 'zypper -q --non-interactive addlock demo-lib',
    occupy: 'sleep 900 >/dev/null 2>&1 & echo $! >/run/zypp.pid',
    install: 'zypper -q --non-interactive install demo-app=2.0',
    trust: "sed -i 's/gpgcheck=0/gpgcheck=1/' /etc/zypp/repos.d/fleet.repo",
  },
} as const satisfies Record<Manager, unknown>

/** zypper leaves the work to rpm, which goes on when zypper is killed. */
const KILLED: Story = {
  name: 'it is killed in the middle, then Retry',
  team: 'killed',
  midway: ({ run }) => run(`pkill -9 dnf; pkill -9 -f 'cat /etc/fleet/slow'; true`),
  afterwards: ({ andEnds }) => andEnds('retry'),
  status: 'halted',
  says: [/two versions/],
  card: [/two versions/],
}

export function rpmStories(manager: Manager): readonly Story[] {
  const own = OWN[manager]
  return [
    ...(manager === 'dnf' ? [KILLED] : []),
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
      before: ({ run }) => run(own.install),
      afterwards: ({ rollsBack }) => rollsBack(),
      status: 'completed',
      says: [/installed by somebody else/],
      card: [
        /^Rolled back by PW-\d+/,
        /1 of 2 have the versions from before again.* 1 stays as it is: PW-\d+ says why/,
      ],
    },
    {
      name: 'an edited configuration file is kept',
      team: 'conffile',
      upgrade: 'conffile',
      before: ({ fleet, host }) => fleet.fault('conffile-edited', host),
      status: 'completed',
      says: [/the edited \/etc\/demo-app.conf was kept, and the new one lies beside it as \/etc\/demo-app.conf.rpmnew/],
      card: [/^Completed · 1 of 1/],
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
      name: 'somebody locked what it needs since',
      team: 'held',
      before: ({ run }) => run(own.lock),
      status: 'halted',
      says: [/demo-lib is on hold there/],
      card: [/is locked \(dnf versionlock list\)|demo-lib is on hold there/],
    },
    {
      name: 'the packages are not those that the list of the repository names',
      team: 'checksum',
      before: ({ run }) =>
        run(
          'mkdir -p /run/own; cp -a /srv/fleet/. /run/own; for p in /run/own/*-2.0-1.noarch.rpm; do echo more >>$p; done; mount --bind /run/own /srv/fleet',
        ),
      status: 'halted',
      says: [/its checksum is another one/],
      card: [/its checksum is another one/],
    },
    {
      name: 'another program holds the lock',
      team: 'lock',
      before: ({ run }) => run(own.occupy),
      status: 'halted',
      says: [/Another program did not finish with rpm on .*process \d+ \(sleep\)/],
      card: [/Another program/],
    },
    {
      name: 'the repository cannot be reached',
      team: 'repo',
      before: ({ run }) => run('mount -t tmpfs -o size=4k,ro tmpfs /srv/fleet'),
      status: 'halted',
      says: [/could not be downloaded/],
      card: [/could not be downloaded/],
    },
    {
      name: 'the signature is refused',
      team: 'signature',
      before: ({ run }) => run(own.trust),
      status: 'halted',
      says: [/sign/],
      card: [/sign/],
    },
    {
      name: 'a script after the installation fails',
      team: 'postinst',
      upgrade: 'broken-install',
      status: 'halted',
      says: [/%post.* of demo-app-2\.0-1\.noarch failed/],
      card: [/%post/],
    },
    {
      name: 'it removes a package, which is told before the vote',
      team: 'removes',
      upgrade: 'removes',
      before: ({ run }) => run('rpm -i /srv/own/demo-old-1.0-1.noarch.rpm'),
      status: 'halted',
      says: [/demo-old/],
      card: [/demo-old/],
    },
    {
      name: 'a service still runs what was replaced',
      team: 'stale',
      before: ({ run }) =>
        run(`cp /bin/sleep /usr/bin/holder
printf '#!/bin/sh\\n' >/etc/init.d/holder; chmod 755 /etc/init.d/holder
setsid holder 900 >/dev/null 2>&1 & sleep 0.5; rm /usr/bin/holder`),
      status: 'completed',
      says: [/on 1 of 1 holder still runs/],
      card: [/^Completed · 1 of 1/],
    },
    {
      name: 'a reboot that we ordered, and the host stays away',
      team: 'away',
      upgrade: 'reboot',
      before: ({ fleet, host }) => fleet.fault('boot-never', host),
      status: 'halted',
      says: [/was rebooted by Patchwarden at .* UTC and did not come back within 2 min/],
      card: [/was rebooted by Patchwarden/],
    },
  ]
}
