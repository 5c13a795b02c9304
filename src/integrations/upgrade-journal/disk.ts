import type { TransactionStep } from '../../core/ports.ts'

/** Free space in KiB that must remain for logs, databases and files of package scripts. */
const MARGIN_KIB = 50 * 1024
/** KiB for an initramfs when the host has none yet. Each new kernel writes one. */
const FIRST_BOOT_IMAGE_KIB = 100 * 1024
const MIN_INODES = 1_000

export interface DiskFacts {
  /** `name version KiB-to-fetch KiB-installed` for each package that would be installed. */
  readonly sizes: readonly string[]
  /** `name KiB` for each installed package. */
  readonly installedSizes: readonly string[]
  /** `place mount-point free-KiB free-inodes`; `-` when the file system does not count inodes. */
  readonly disk: readonly string[]
  /** KiB of the largest initramfs; 0: there is none. */
  readonly bootImageKib: number
  /** The place of fetched packages. */
  readonly cache: string
}

/** One sentence that says why the host's disks are too full for the transaction; `null`: there is room. */
export function diskProblem(steps: readonly TransactionStep[], facts: DiskFacts): string | null {
  const installs = steps.filter((step) => step.to !== null)
  if (installs.length === 0) return null
  const need = spaceNeeded(installs, facts)
  const places = facts.disk.map((line) => line.split(' '))
  const free = new Map<string, number>()
  const wanted = new Map<string, number>()
  for (const [place, mount, available] of places) {
    if (place === undefined || mount === undefined) continue
    free.set(mount, Number(available))
    const part = { '/usr': need.files, [facts.cache]: need.downloads, '/boot': need.boot }[place] ?? 0
    wanted.set(mount, (wanted.get(mount) ?? 0) + part)
  }
  for (const [mount, kib] of wanted) {
    const available = free.get(mount) ?? 0
    const margin = mount === '/boot' ? 0 : MARGIN_KIB
    if (available >= kib + margin) continue
    return `There is not enough room on ${mount}: ${megabytes(available)} MB are free and ${megabytes(kib + margin)} MB are needed. Free some (downloaded packages, old kernels, logs).`
  }
  for (const [place, mount = '', , available = '-'] of places) {
    if (place === '/boot') continue
    if (Number(available) < MIN_INODES) return `${mount} can take only ${available} more files: remove some (df -i).`
  }
  return null
}

/** Returns KiB. The new files are unpacked beside the old ones, one package at a time. */
function spaceNeeded(installs: readonly TransactionStep[], facts: DiskFacts) {
  const installed = new Map(facts.installedSizes.map((line) => splitPair(line)))
  const offered = offeredSizes(facts.sizes)
  let downloads = 0
  let growth = 0
  let largest = 0
  let kernels = 0
  for (const { name, to } of installs) {
    const size = offered.get(`${name}=${to}`) ?? { download: 0, installed: 0 }
    downloads += size.download
    growth += Math.max(0, size.installed - (installed.get(name) ?? 0))
    largest = Math.max(largest, size.installed)
    if (/^linux-image-\d/.test(name)) kernels++
  }
  const image = facts.bootImageKib > 0 ? facts.bootImageKib * 1.5 : FIRST_BOOT_IMAGE_KIB
  return { downloads, files: growth + largest, boot: kernels * image }
}

function offeredSizes(lines: readonly string[]): ReadonlyMap<string, { download: number; installed: number }> {
  const sizes = new Map<string, { download: number; installed: number }>()
  for (const line of lines) {
    const [name, version, download, installed] = line.split(' ')
    sizes.set(`${name}=${version}`, { download: Number(download) || 0, installed: Number(installed) || 0 })
  }
  return sizes
}

function splitPair(line: string): [string, number] {
  const [name = '', size = ''] = line.split(' ')
  return [name, Number(size) || 0]
}

function megabytes(kib: number): number {
  return kib < 10_240 ? Math.round(kib / 102.4) / 10 : Math.round(kib / 1024)
}
