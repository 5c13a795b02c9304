import { describe, expect, it } from 'vitest'
import { thirdParty } from '../../../src/core/assessment/third-party.ts'

function builder(platform: string, source: string, version: string, origin?: string): string | null {
  const item = { name: source, version, architecture: 'amd64', source, sourceVersion: version }
  return thirdParty(platform, origin === undefined ? item : { ...item, origin })
}

describe('who built a package', () => {
  // Versions as these repositories publish them.
  it.each([
    ['a PPA of Launchpad', 'ubuntu:22.04', 'git', '1:2.43.0-0ppa1~ubuntu22.04.1', 'ppa'],
    ['the PPA of the Mozilla team', 'ubuntu:22.04', 'thunderbird', '1:128.8.0+build2-0ubuntu0.22.04.1~mt1', 'mt'],
    ['deadsnakes', 'ubuntu:22.04', 'python3.11', '3.11.5-1+jammy1', 'jammy'],
    ['mariadb.org', 'ubuntu:22.04', 'mariadb-10.6', '1:10.6.18+maria~ubu2204', 'maria'],
    ['mariadb.org on Debian', 'debian:12', 'mariadb', '1:10.11.8+maria~deb12', 'maria'],
    ['nodesource', 'ubuntu:22.04', 'nodejs', '18.19.0-1nodesource1', 'nodesource'],
    ['sury', 'ubuntu:22.04', 'php8.1', '8.1.29-1+ubuntu22.04.1+deb.sury.org+1', 'sury'],
    ['nginx.org', 'ubuntu:22.04', 'nginx', '1.26.1-2~jammy', 'jammy'],
    ['nginx.org on Debian', 'debian:12', 'nginx', '1.26.1-1~bookworm', 'bookworm'],
    ['Docker', 'debian:12', 'docker-ce', '5:24.0.7-1~debian.12~bookworm', 'bookworm'],
    ['WineHQ, in the upstream version', 'ubuntu:22.04', 'wine', '8.0.2~jammy-1', 'jammy'],
    ['PostgreSQL', 'debian:12', 'postgresql-16', '16.2-1.pgdg120+2', 'pgdg'],
    ['MySQL', 'ubuntu:22.04', 'mysql-community', '8.0.35-1ubuntu22.04', 'another vendor'],
    ['MySQL on Debian', 'debian:12', 'mysql-community', '8.0.35-1debian12', 'another vendor'],
    ['Zabbix', 'ubuntu:22.04', 'zabbix', '1:6.4.8-1+ubuntu22.04', 'another vendor'],
    ['Proxmox', 'debian:12', 'qemu', '8.1.5-pve1', 'pve'],
    ['Raspberry Pi', 'debian:12', 'wpa', '2:2.10-12+rpt1', 'rpt'],
    ['Ubuntu, on Debian', 'debian:12', 'openssl', '3.0.13-0ubuntu3', 'ubuntu'],
    ['backports of Debian', 'debian:12', 'linux', '6.9.7-1~bpo12+1', 'backports'],
    ['backports of Ubuntu', 'ubuntu:22.04', 'cockpit', '300.1-1~bpo22.04.1', 'backports'],
  ])('names %s', (_, platform, source, version, expected) => {
    expect(builder(platform, source, version)).toBe(expected)
  })

  // Versions that Debian and Ubuntu published themselves.
  it.each([
    ['an update of a stable release', 'debian:12', 'openssl', '3.0.16-1~deb12u1'],
    ['a newer kernel in a stable release', 'debian:12', 'linux-6.12', '6.12.117-1~deb12u1'],
    ['a file of time zones', 'debian:12', 'libdatetime-timezone-perl', '1:2.60-1+2024a'],
    ['a revision with words of its own', 'debian:12', 'id-utils', '4.6.28-20200521ss15dab'],
    ['a native package', 'debian:12', 'cloud-initramfs-tools', '0.18.debian13+deb12u1'],
    ['a word of Debian', 'debian:12', 'elogind', '246.10-1debian1'],
    ['an update of Ubuntu', 'ubuntu:22.04', 'openssh', '1:8.9p1-3ubuntu0.10'],
    ['a package that could not be synchronised', 'ubuntu:22.04', 'libfoo', '1.0-1fakesync1'],
    ['an update of such a package', 'ubuntu:22.04', 'libfoo', '1:1.8-1fakesync1ubuntu0.22.04.1'],
    ['a rebuild', 'ubuntu:22.04', 'bar', '0.27-3+deb12u2build0.23.10.1'],
    ['a revision in words before the one of Ubuntu', 'ubuntu:14.04', 'spice', '0.12.4-0nocelt2ubuntu1.4'],
    ['the release, and a number of its own behind', 'ubuntu:22.10', 'numpy', '1:1.21.5-1ubuntu22.10.1'],
    ['a slip of the pen', 'ubuntu:22.10', 'mysql-8.0', '8.0.32-0buntu0.22.10.1'],
    ['extended maintenance', 'ubuntu:18.04', 'curl', '7.58.0-2ubuntu3.24+esm5'],
    ['FIPS', 'ubuntu:22.04', 'openssl', '3.0.2-0ubuntu1.10+Fips1'],
    ['one version for several releases', 'ubuntu:22.04', 'docker.io', '24.0.7-0ubuntu2~22.04.1'],
    ['the same, with the name', 'ubuntu:20.04', 'modemmanager', '1.18.6-1~ubuntu20.04.1'],
    ['the kernel of a later release', 'ubuntu:12.04', 'linux-lts-trusty', '3.13.0-121.170~precise1'],
    ['a build of the upstream version', 'ubuntu:22.04', 'firefox', '1:1snap1-0ubuntu2'],
  ])('leaves %s to the vendor', (_, platform, source, version) => {
    expect(builder(platform, source, version)).toBeNull()
  })

  it('is what the inventory says, where it says it', () => {
    expect(builder('debian:12', 'containerd.io', '1.7.18-1', 'Docker')).toBe('Docker')
    expect(builder('almalinux:9', 'nginx', '1.26.1-2.el9.ngx', 'nginx.org')).toBe('nginx.org')
  })

  it('is said by the release of some RPM packages', () => {
    expect(builder('almalinux:9', 'nginx', '1.26.1-2.el9.ngx')).toBe('ngx')
    expect(builder('rhel:8', 'php', '8.2.10-1.el8.remi')).toBe('remi')
    expect(builder('rocky:9', 'postgresql15', '15.5-1PGDG.rhel9')).toBe('pgdg')
    expect(builder('almalinux:9', 'nginx', '1:1.20.1-20.el9.alma.1')).toBeNull()
    expect(builder('rhel:8', 'nodejs', '1:18.19.1-1.module+el8.9.0+21363+edb6b8c2')).toBeNull()
    expect(builder('alpine:3.20', 'nginx', '1.26.1-r0')).toBeNull()
  })
})
