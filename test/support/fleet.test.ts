import { describe, expect, it } from 'vitest'
import { parseAptHistory } from './fleet.ts'

// As apt wrote it on hosts of the fleet: an upgrade, one whose postinst failed, and one during which the power went.
const HISTORY = `
Start-Date: 2026-11-20  22:55:19
Commandline: apt-get -qq -y --only-upgrade install openssl
Upgrade: libssl3:amd64 (3.0.20-1~deb12u2, 3.0.22-1~deb12u2), openssl:amd64 (3.0.20-1~deb12u2, 3.0.22-1~deb12u2)
End-Date: 2026-11-20  22:55:19

Start-Date: 2026-11-20  23:15:17
Commandline: apt-get -y -q install demo-app
Upgrade: demo-app:amd64 (1.0, 2.0)
Error: Sub-process /usr/bin/dpkg returned an error code (1)
End-Date: 2026-11-20  23:15:17

Start-Date: 2026-11-20  23:15:18
Commandline: apt-get -y -q install demo-app perl-base
Upgrade: perl-base:amd64 (5.36.0-7+deb12u3, 5.36.0-7+deb12u4), demo-app:amd64 (2.0, 2.1)
`

describe('parseAptHistory', () => {
  it('gives each transaction once: what was upgraded, whether it ended, and its error', () => {
    expect(parseAptHistory(HISTORY)).toEqual([
      {
        commandline: 'apt-get -qq -y --only-upgrade install openssl',
        upgraded: ['libssl3', 'openssl'],
        ended: true,
      },
      {
        commandline: 'apt-get -y -q install demo-app',
        upgraded: ['demo-app'],
        ended: true,
        error: 'Sub-process /usr/bin/dpkg returned an error code (1)',
      },
      { commandline: 'apt-get -y -q install demo-app perl-base', upgraded: ['perl-base', 'demo-app'], ended: false },
    ])
  })

  it('of an empty log is empty', () => {
    expect(parseAptHistory('')).toEqual([])
  })
})
