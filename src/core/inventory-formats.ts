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
/** A file about one machine. */
export type MachineFormat = Exclude<FileFormat, 'json' | 'csv'>

/** Whether a file of the format is about one machine; the others list any number of assets. */
export function isOfOneMachine(format: FileFormat): format is MachineFormat {
  return format !== 'json' && format !== 'csv'
}

/** Whether a file of the format says the platform itself, as a rule. */
export function saysPlatform(format: FileFormat): boolean {
  return !isOfOneMachine(format) || format === 'cyclonedx' || format === 'spdx' || format === 'systeminfo'
}
