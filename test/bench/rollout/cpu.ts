import { readdirSync, readFileSync } from 'node:fs'

/** Linux counts processor time in these. */
const TICKS_PER_SECOND = 100

/** Processor seconds that this process has used, and its children that have ended. */
export function ownCpuSeconds(): number {
  const { user, system } = process.cpuUsage()
  const [, , cutime = 0, cstime = 0] = times('self') ?? []
  return (user + system) / 1e6 + (cutime + cstime) / TICKS_PER_SECOND
}

/**
 * Processor seconds of living processes whose command line names the folder. Masters of SSH connections are nobody's
 * children: what they used is seen only while they live.
 */
export function cpuSecondsNaming(folder: string): number {
  let ticks = 0
  for (const pid of readdirSync('/proc')) {
    if (!/^\d+$/.test(pid) || Number(pid) === process.pid) continue
    try {
      if (!readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(folder)) continue
    } catch {
      continue // it has just ended
    }
    for (const time of times(pid) ?? []) ticks += time
  }
  return ticks / TICKS_PER_SECOND
}

/** utime, stime, cutime and cstime of a process; `null` when it is gone. */
function times(pid: string): readonly number[] | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    return stat
      .slice(stat.lastIndexOf(')') + 2)
      .split(' ')
      .slice(11, 15)
      .map(Number)
  } catch {
    return null
  }
}
