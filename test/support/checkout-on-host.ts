/** Brings what a download would bring to a host of the fleet, which has no network: this checkout, its modules, Node.js. */

import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { expect } from 'vitest'

const root = fileURLToPath(new URL('../..', import.meta.url))
/** What only checks of the code and browsers need, and takes room. */
const left = ['.git', 'test', 'node_modules/@biomejs', 'node_modules/playwright-core', 'node_modules/.cache']

/** `onHost`: the shell words before a command that runs on the host. `without`: more that is left out. */
export function bringCheckout(onHost: string, to: string, without: readonly string[] = []): void {
  const exclude = [...left, ...without].map((name) => `--exclude=./${name}`).join(' ')
  bash(`${onHost} mkdir -p ${to} /usr/local/bin
    tar -c --dereference ${exclude} . | ${onHost} tar -x -C ${to} --no-same-owner
    tar -c -h -C "$(dirname ${process.execPath})" node | ${onHost} tar -x -C /usr/local/bin`)
}

/** Runs a script on this machine, in the checkout. */
export function bash(script: string): void {
  const { status, stderr } = spawnSync('bash', ['-euo', 'pipefail', '-c', script], { cwd: root, encoding: 'utf8' })
  expect({ status, stderr }).toMatchObject({ status: 0 })
}

export function onHost(fleet: string, kind: string, host: string): string {
  return `env FLEET_NAME=${fleet} FLEET_DIR=/tmp/${fleet}-fleet FLEET_KIND=${kind} test/fleet/fleet exec ${host}`
}
