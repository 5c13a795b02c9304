/** demo-app of kind `slow` waits in its installation for as long as a test wants: between "begun" and "done" nothing is left to chance. */

import { expect } from 'vitest'
import type { Fleet } from './fleet.ts'
import { until } from './until.ts'

export async function shell(fleet: Fleet, host: string, command: string): Promise<string> {
  return (await fleet.exec(host, ['sh', '-c', command])).stdout
}

/** From now on the installation waits on this host until it is released. */
export async function holdUp(fleet: Fleet, host: string): Promise<void> {
  await shell(fleet, host, 'mkdir -p /etc/fleet; rm -f /etc/fleet/slow; mkfifo /etc/fleet/slow')
}

/** Lets the installation that waits go on. */
export async function release(fleet: Fleet, host: string): Promise<void> {
  const { code } = await fleet.exec(host, ['timeout', '20', 'sh', '-c', 'echo 0 >/etc/fleet/slow'])
  expect(code, `nothing waits on ${host}`).toBe(0)
}

/** Comes back when the installation on this host has begun, and waits. */
export async function waitsOn(fleet: Fleet, host: string): Promise<void> {
  await until(`the installation waits on ${host}`, 240, async () => {
    return (await shell(fleet, host, 'pgrep -f [d]emo-app.postinst || true')) !== ''
  })
}

/** Only demo-app is pending there, and takes so many seconds. */
export async function onlyDemoApp(fleet: Fleet, host: string, seconds: number): Promise<void> {
  await shell(
    fleet,
    host,
    `sed -i /debian/d /etc/apt/sources.list; mkdir -p /etc/fleet; echo ${seconds} >/etc/fleet/slow`,
  )
}
