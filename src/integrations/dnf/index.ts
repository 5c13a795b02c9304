/**
 * Reads and interprets the output of dnf and its plugin. Any integration that can run a script on the machine can use
 * this.
 */

import { readFileSync } from 'node:fs'

let plugin: string | null = null

/** Returns the source of the plugin, for dnf's pluginpath. */
export function dnfPlugin(): string {
  plugin ??= readFileSync(new URL('./patchwarden.py', import.meta.url), 'utf8')
  return plugin
}

export { dnfPending } from './pending.ts'
