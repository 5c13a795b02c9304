import type { FileFormat } from '../../../src/core/inventory-formats.ts'

const purl = 'pkg:deb/debian/bash@5.2.15-2?arch=amd64&distro=debian-12'
/** A file of each format, with the package bash; of Windows, with its build. */
export const inventoryTexts: Readonly<Record<FileFormat, string>> = {
  'dpkg-status': 'Package: bash\nStatus: install ok installed\nArchitecture: amd64\nVersion: 5.2.15-2\n\n',
  'rpm-list': 'bash\t0:5.1.8-9.el9\tx86_64\tbash-5.1.8-9.el9.src.rpm\t(none)\tAlmaLinux\n',
  'apk-installed': 'C:Q1abc=\nP:bash\nV:5.2.15-r0\nA:x86_64\no:bash\n\n',
  cyclonedx: JSON.stringify({ bomFormat: 'CycloneDX', specVersion: '1.6', components: [{ purl }] }, null, 1),
  spdx: `SPDXVersion: SPDX-2.3\nPackageName: bash\nExternalRef: PACKAGE-MANAGER purl ${purl}\n`,
  systeminfo:
    '\nHost Name:  WIN01\nOS Name:  Microsoft Windows Server 2022 Standard\nOS Version:  10.0.20348 N/A Build 20348\n\n',
  json: JSON.stringify({ assets: [{ name: 'web01', packages: [{ name: 'bash', version: '5.2.15-2' }] }] }, null, 1),
  csv: 'asset,package,version,architecture,source,sourceVersion\nweb01,bash,5.2.15-2,amd64,,\n',
}

/** A platform that has packages of the format. */
export function platformFor(format: string): string {
  if (format === 'rpm-list') return 'almalinux:9'
  return format === 'apk-installed' ? 'alpine:3.20' : 'debian:12'
}
