import { spawnSync } from 'node:child_process'

/** By search path, because tests put other clients on it. */
const known = new Map<string, boolean>()

/**
 * Whether the SSH client has the options SessionType, StdinNull and ForkAfterAuthentication (OpenSSH 8.7). An older one
 * would refuse them, and no configuration of it can contain them.
 */
export function knowsSessionType(): boolean {
  const path = process.env.PATH ?? ''
  const before = known.get(path)
  if (before !== undefined) return before
  const { stderr } = spawnSync('ssh', ['-V'], { encoding: 'utf8', timeout: 5_000 })
  const [, major = '0', minor = '0'] = /OpenSSH\D*(\d+)\.(\d+)/.exec(stderr ?? '') ?? []
  const knows = Number(major) > 8 || (Number(major) === 8 && Number(minor) >= 7)
  known.set(path, knows)
  return knows
}
