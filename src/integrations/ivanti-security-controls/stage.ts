/**
 * What stands ready before a scan: a patch group with exactly the approved patches, and a scan template that looks for nothing
 * else. Both are found by their name, so that calling it again makes nothing twice.
 */

import { createHash } from 'node:crypto'
import type { Batch } from '../../core/ports.ts'
import { type Context, markOf } from './context.ts'
import type { Item } from './note.ts'
import type { Looked } from './plan.ts'

export function vulnerabilitiesOf(items: readonly Item[]): readonly number[] {
  return [...new Set(items.flatMap((item) => item.vulnerabilities))].sort((a, b) => a - b)
}

/** One group and one template for each set of patches. */
export function setName(context: Context, key: string, vulnerabilities: readonly number[]): string {
  const digest = createHash('sha256').update(vulnerabilities.join('\n')).digest('hex').slice(0, 8)
  return `${markOf(context, key)}${digest}`
}

export async function stageSets(
  context: Context,
  { key }: Pick<Batch, 'key'>,
  looked: readonly Looked[],
  signal: AbortSignal,
): Promise<void> {
  const sets = new Map<string, readonly number[]>()
  for (const { found } of looked) {
    if (!found.ready || found.plan.items.length === 0) continue
    const vulnerabilities = vulnerabilitiesOf(found.plan.items)
    sets.set(setName(context, key, vulnerabilities), vulnerabilities)
  }
  for (const vulnerabilities of sets.values()) await ensureSet(context, key, vulnerabilities, signal)
}

/** The id of the scan template. Throws a sentence if the console does not hold what was asked for. */
export async function ensureSet(
  { api, ...context }: Context,
  key: string,
  vulnerabilities: readonly number[],
  signal: AbortSignal,
): Promise<string> {
  if (vulnerabilities.length === 0)
    throw new Error('A patch group without patches would limit nothing, so it is not made')
  const name = setName({ ...context, api }, key, vulnerabilities)
  const group = (await api.groups(signal)).find((one) => one.name === name)?.id ?? (await api.makeGroup(name, signal))
  await fillGroup(api, name, group, vulnerabilities, signal)
  const there = (await api.scanTemplates(signal)).find((one) => one.name === name)
  if (there === undefined) {
    await api.makeScanTemplate(name, group, signal)
    const made = (await api.scanTemplates(signal)).find((one) => one.name === name)
    if (made === undefined) throw new Error(`${api.server} does not show the scan template "${name}" that it made`)
    return checkedTemplate(api.server, made, group)
  }
  return checkedTemplate(api.server, there, group)
}

/** A member that is not ours would be installed, so it is taken out, and the rest is read back. */
async function fillGroup(
  api: Context['api'],
  name: string,
  group: number,
  wanted: readonly number[],
  signal: AbortSignal,
): Promise<void> {
  const there = await api.groupMembers(group, signal)
  const lacking = wanted.filter((id) => !there.includes(id))
  const strange = there.filter((id) => !wanted.includes(id))
  if (lacking.length === 0 && strange.length === 0) return
  if (lacking.length > 0) await api.addToGroup(group, lacking, signal)
  for (const id of strange) await api.removeFromGroup(group, id, signal)
  const after = [...(await api.groupMembers(group, signal))].sort((a, b) => a - b)
  if (after.join() !== wanted.join())
    throw new Error(
      `The patch group "${name}" of ${api.server} has ${after.length} patches, not the ${wanted.length} approved ones`,
    )
}

function checkedTemplate(
  server: string,
  { id, name, groups, onlyGroups }: Awaited<ReturnType<Context['api']['scanTemplates']>>[number],
  group: number,
): string {
  if (onlyGroups && groups.length === 1 && groups[0] === group) return id
  throw new Error(
    `The scan template "${name}" of ${server} is not limited to the approved patches: somebody changed it`,
  )
}
