import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmdirSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import type { Fleet } from '../../support/fleet.ts'

const VERSION_1 = '/sys/fs/cgroup/cpuacct'
const VERSION_2 = '/sys/fs/cgroup'

/**
 * Starts to count what the hosts of a fleet themselves use, who share the processors with whoever upgrades them: every process
 * that is in a host by now, and all that these start. The answer says the processor seconds since; `null`: it cannot be told here.
 */
export function countHosts(fleet: Fleet): (() => number) | null {
  const group = groupOf(fleet)
  try {
    mkdirSync(group, { recursive: true })
    const networks = new Set(fleet.hosts.map(({ name }) => statSync(`/run/netns/${fleet.name}-${name}`).ino))
    for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
      if (networks.has(networkOf(pid))) join(pid, group)
    }
    const before = used(group)
    return () => used(group) - before
  } catch {
    return null
  }
}

/** Of a fleet that is down. */
export function endCount(fleet: Fleet): void {
  if (existsSync(groupOf(fleet))) rmdirSync(groupOf(fleet))
}

function groupOf(fleet: Fleet): string {
  return `${existsSync(VERSION_1) ? VERSION_1 : VERSION_2}/${fleet.name}-bench`
}

function used(group: string): number {
  if (group.startsWith(VERSION_1)) return Number(readFileSync(`${group}/cpuacct.usage`, 'utf8')) / 1e9
  return Number(/^usage_usec (\d+)/m.exec(readFileSync(`${group}/cpu.stat`, 'utf8'))?.[1]) / 1e6
}

function networkOf(pid: string): number {
  try {
    return Number(/\d+/.exec(readlinkSync(`/proc/${pid}/ns/net`))?.[0])
  } catch {
    return Number.NaN // it has just ended
  }
}

function join(pid: string, group: string): void {
  try {
    writeFileSync(`${group}/cgroup.procs`, pid)
  } catch {
    // it has just ended
  }
}
