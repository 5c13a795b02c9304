/** The formats an inventory file may have: what the configuration offers and what the file reader reads. docs/integrations/file-inventory.md */
export const fileFormats = [
  'dpkg-status',
  'rpm-list',
  'apk-installed',
  'cyclonedx',
  'spdx',
  'systeminfo',
  'json',
  'csv',
] as const
export type FileFormat = (typeof fileFormats)[number]
