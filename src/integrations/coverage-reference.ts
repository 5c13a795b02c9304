/** Which platforms and inventories can be judged, and by whom, as tables of docs/coverage.md. */

import { packageManagerOf } from '../core/coverage.ts'
import { type FileFormat, fileFormats } from '../core/inventory-formats.ts'
import { families } from '../core/platform/families.ts'
import { feedKinds } from './feeds/registry.ts'

/** How an inventory file gives the platform, and what of it is not judged. */
const formats: Readonly<Record<FileFormat, { readonly platform: string; readonly not: string }>> = {
  'dpkg-status': { platform: 'named beside it', not: 'packages that others built' },
  'rpm-list': { platform: 'named beside it', not: 'packages that others built' },
  'apk-installed': { platform: 'named beside it', not: '' },
  cyclonedx: { platform: 'in its package URLs', not: 'libraries of programming languages' },
  spdx: { platform: 'in its package URLs', not: 'libraries of programming languages' },
  systeminfo: { platform: 'in its text', not: 'software other than Windows and its updates' },
  json: { platform: 'of each server, or named beside it', not: '' },
  csv: { platform: 'of each server, or named beside it', not: '' },
}

/** The package managers that are asked on hosts over SSH and on the machine itself. */
const asked: ReadonlySet<string> = new Set(['apt', 'dnf', 'zypper'])

export function coverageReference(): string {
  return [platformTable(), inventoryTable(), spellingTable()].join('\n\n')
}

function platformTable(): string {
  const rows = Object.entries(families).map(([family, { label }]) => {
    const feeds = feedKinds.filter(({ fixesOf }) => fixesOf !== 'any' && fixesOf.includes(family))
    const manager = packageManagerOf(family)
    const own = asked.has(manager) ? manager : 'none is asked'
    const otherwise =
      feeds.length > 0
        ? 'not assessed where none of these feeds is configured and no package manager was asked'
        : asked.has(manager)
          ? `no feed here speaks of it: what ${manager} offers is shown without CVEs; from a file it is not assessed`
          : 'not assessed'
    return [label, `\`${family}\``, feeds.map(({ name }) => name).join(', ') || 'none', own, otherwise]
  })
  return table(['Platform', 'Family', 'Feeds that say what is fixed', 'Package manager on the host', 'Otherwise'], rows)
}

function inventoryTable(): string {
  const rows = fileFormats.map((format) => {
    const { platform, not } = formats[format]
    const manager = format === 'json' ? 'only where it lists `pending` or `listsRefreshedAt`' : 'no'
    return [`file: ${format}`, platform, manager, not]
  })
  const hosts = ['ssh', 'local-host'].map((kind) => [
    kind,
    "in the host's os-release",
    'yes: apt, dnf 4 or zypper',
    'hosts that have none of them',
  ])
  const watched = [
    'fleet',
    'in what osquery says',
    'no',
    'RPM modules; packages of which no machine was asked for source or epoch',
  ]
  const scanned = [
    'ivanti-neurons',
    'in what Neurons says',
    'no',
    'all but the build of Windows: packages of Linux are not listed',
  ]
  return table(
    ['Inventory', 'Platform', 'Package manager is asked', 'Not judged'],
    [...hosts, watched, scanned, ...rows],
  )
}

function spellingTable(): string {
  const rows = Object.entries(families).map(([family, { label, spellings = [], codeNames = {}, release }]) => [
    label,
    release === undefined ? `\`${family}\`` : `\`${family}:RELEASE\``,
    [...spellings, ...Object.keys(codeNames)].join(', '),
  ])
  return table(['Platform', 'Form', 'Also understood, in any case, with blanks, dots or hyphens'], rows)
}

function table(columns: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`
  return [line(columns), line(columns.map(() => '---')), ...rows.map(line)].join('\n')
}
