/** What dnf and its plugin say, for whoever can run a script on the machine. */

import { readFileSync } from 'node:fs'

let plugin: string | null = null

/** The source of the plugin, for dnf's pluginpath. */
export function dnfPlugin(): string {
  plugin ??= readFileSync(new URL('./patchwarden.py', import.meta.url), 'utf8')
  return plugin
}

export { dnfPending } from './pending.ts'
