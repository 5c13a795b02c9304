/** Formats of inventory files, for configuration and file reader. See docs/integrations/file-inventory.md. */
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
