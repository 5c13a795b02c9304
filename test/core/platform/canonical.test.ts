import { describe, expect, test } from 'vitest'
import { canonicalPlatform } from '../../../src/core/platform/canonical.ts'
import { packagingOf } from '../../../src/core/platform/families.ts'

/** What people, os-release files and scanners write, each with the platform as feeds write it. */
const spellings: Readonly<Record<string, readonly string[]>> = {
  'almalinux:9': [
    'almalinux:9',
    'almalinux:9.4',
    'alma:9',
    'AlmaLinux:9',
    'almalinux-9.4',
    'AlmaLinux 9.4 (Seafoam Ocelot)',
  ],
  'rocky:8': ['rocky:8.10', 'rockylinux:8', 'rocky-linux:8', 'Rocky Linux 8.10 (Green Obsidian)', 'rocky-8.10'],
  'rhel:9': ['rhel:9.4', 'redhat:9.4', 'redhat-9.4', 'Red Hat Enterprise Linux 9.4 (Plow)', 'rhel:9'],
  'rhel:9.4-eus': [
    'rhel:9.4-eus',
    'redhat:9.4-EUS',
    'rhel:9.4 EUS',
    'RHEL 9.4 (EUS)',
    'rhel_eus:9.4',
    'Red Hat Enterprise Linux 9.4 (Plow) Extended Update Support',
  ],
  'rhel:8.6-aus': ['rhel:8.6-aus', 'RHEL 8.6 Advanced Update Support', 'Red Hat Enterprise Linux 8.6 AUS'],
  'rhel:8.6-tus': ['RHEL 8.6 Telecommunications Update Service'],
  'rhel:8.6-e4s': ['rhel:8.6-e4s', 'RHEL 8.6 Update Services for SAP Solutions'],
  'rhel:7-els': [
    'rhel:7-els',
    'rhel:7.9-els',
    'RHEL 7 Extended Life Cycle Support',
    'RHEL 7.9 Extended Lifecycle Support',
  ],
  // Others than the vendor go on with these; no feed here speaks of them.
  'centos:7-els': ['CentOS Linux 7 (Core) ELS'],
  'debian:10-elts': ['debian:10-elts', 'Debian GNU/Linux 10 (buster) ELTS', 'Debian 10 Extended LTS'],
  'almalinux:9.2-esu': ['AlmaLinux 9.2 ESU'],
  'oracle:9': ['oracle:9', 'ol:9.4', 'oraclelinux:9', 'Oracle Linux Server 9.4'],
  'amazon:2023': ['amazon:2023', 'amzn:2023', 'amazonlinux:2023', 'amazon:2023.6.20241010', 'Amazon Linux 2023'],
  'amazon:2': ['amzn:2', 'amazon-2'],
  'centos:9': ['centos:9', 'centos-stream:9', 'CentOS Stream 9'],
  'debian:12': [
    'debian:12',
    'debian:12.5',
    'debian-12.5',
    'bookworm',
    'Bookworm',
    'debian:bookworm',
    'debian-bookworm',
    'Debian GNU/Linux 12 (bookworm)',
  ],
  'debian:3.1': ['sarge', 'debian:3.1'],
  'debian:sid': ['debian:sid', 'debian:unstable', 'debian:trixie/sid'],
  'ubuntu:22.04': [
    'ubuntu:22.04',
    'ubuntu:22.04.5',
    'ubuntu-22.04',
    'jammy',
    'ubuntu:jammy',
    'Ubuntu 22.04.5 LTS',
    'ubuntu 22.04',
  ],
  'alpine:3.20': ['alpine:3.20.3', 'alpine:v3.20', 'alpine-3.20.3', 'Alpine Linux v3.20', 'alpine:3.20'],
  'alpine:edge': ['alpine:edge', 'alpine:3.21.0_alpha20240807'],
  wolfi: ['wolfi', 'wolfi:20230201', 'Wolfi'],
  'sles:15.4': [
    'sles:15.4',
    'sles:15-SP4',
    'sles:15sp4',
    'SUSE Linux Enterprise Server 15 SP4',
    'sles_sap:15.4',
    'suse:15.4',
  ],
  'sles:15.4-ltss': [
    'sles:15.4-ltss',
    'sles:15-SP4-LTSS',
    'SLES 15 SP4 (LTSS)',
    'SUSE Linux Enterprise Server 15 SP4 Long Term Service Pack Support',
  ],
  'sles:15.4-espos': ['SLES 15 SP4 ESPOS'],
  'sles:15': ['sles:15', 'sles:15.0'],
  'opensuse:15.5': ['opensuse:15.5', 'opensuse-leap:15.5', 'opensuse.leap-15.5', 'openSUSE Leap 15.5'],
  'opensuse:tumbleweed': [
    'opensuse:tumbleweed',
    'opensuse-tumbleweed:20241010',
    'opensuse-tumbleweed',
    'opensuse:20241010',
    'opensuse.tumbleweed',
  ],
  'azurelinux:2.0': ['azurelinux:2.0', 'mariner:2.0', 'cbl-mariner:2.0.20241006'],
  'linuxmint:21.3': ['linuxmint:21.3', 'Linux Mint 21.3'],
  'raspbian:12': ['raspbian:12', 'raspbian-12'],
  'windows:server-2022': [
    'windows:server-2022',
    'windows:2022',
    'windows-server:2022',
    'Windows Server 2022',
    'Microsoft Windows Server 2022 Datacenter',
  ],
  'windows:10-22h2': ['windows:10-22h2', 'windows:10-22H2', 'Windows 10 Version 22H2 for x64-based Systems'],
  // Families that are not known keep their own words.
  'pop:22.04': ['pop:22.04', 'Pop:22.04'],
  'kali:2024.3': ['kali:2024.3'],
  unknown: ['unknown'],
}

describe('one form of a platform', () => {
  for (const [platform, written] of Object.entries(spellings))
    test.each(written)(`%s is ${platform}`, (text) => expect(canonicalPlatform(text)).toBe(platform))

  test('the form is its own', () => {
    for (const platform of Object.keys(spellings)) expect(canonicalPlatform(platform)).toBe(platform)
  })

  test.each(['', '9.4', ':9', 'two words', 'a:b:c', '<script>'])('%j names no platform', (text) =>
    expect(canonicalPlatform(text)).toBeNull(),
  )
})

test('packages of a family are of one format, whatever its spelling', () => {
  expect(['debian:12', 'ol:9', 'opensuse-leap:15.5', 'wolfi', 'windows:server-2022', 'plan9'].map(packagingOf)).toEqual(
    ['dpkg', 'rpm', 'rpm', 'apk', 'windows', null],
  )
})
