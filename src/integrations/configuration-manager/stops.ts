/** Taking machines back, putting right what others changed, and removing what a start made. */

import { STOPPED } from '../../core/not-begun.ts'
import type { StopReport } from '../../core/ports.ts'
import { reclaimedText } from '../../core/reclaimed.ts'
import { isBefore } from '../../core/time/instant.ts'
import { endFirstContact } from '../delegating/first-contact.ts'
import { keyIn, markOf, markOfAll } from '../delegating/marks.ts'
import { type Context, writerOf } from './context.ts'
import { type AssetNote, isInside, replaced, type SetNote, type StartNote } from './note.ts'
import { heardOf, reachOf, whatItLearned } from './reports.ts'
import type { Deployment, Rule } from './schema.ts'
import { differenceOf, isSame, timesOf } from './sets.ts'
import { firstContactOf } from './start.ts'

/** `only`: these assets; left out: all of the start. */
export async function takeBack(
  context: Context,
  key: string,
  note: StartNote,
  only: readonly string[] | undefined,
  signal: AbortSignal,
): Promise<readonly StopReport[]> {
  const wanted = note.assets.filter(({ asset }) => only === undefined || only.includes(asset))
  const after = await without(context, key, note, new Map(wanted.map(({ asset }) => [asset, STOPPED])), signal)
  return after.assets
    .filter(({ asset }) => wanted.some((one) => one.asset === asset))
    .map(({ asset, takenBack }) => ({ asset, state: takenBack?.state ?? 'stopped' }))
}

/**
 * Writes down who is taken back, so that nobody adds them again; removes their rules; and then asks what they have learned until then.
 * No hour is promised: clients learn of it when they next ask for their policy, and some were seen to install all the same. `reasons`: by asset.
 */
async function without(
  context: Context,
  key: string,
  first: StartNote,
  reasons: ReadonlyMap<string, string>,
  signal: AbortSignal,
): Promise<StartNote> {
  const at = context.clock().toISOString()
  let note = first
  for (const one of first.assets) {
    const reason = reasons.get(one.asset)
    if (reason === undefined || one.takenBack !== null || one.refused !== null) continue
    note = replaced(note, { ...one, takenBack: { at, state: null, reason } })
  }
  const open = note.assets.filter(({ asset, takenBack }) => reasons.has(asset) && takenBack?.state === null)
  if (open.length === 0) return note
  if (note !== first) await context.notes.save(key, note)
  for (const { name, collection } of note.sets) {
    const machines = open.filter((one) => one.set === name).map(({ machine }) => machine)
    if (collection !== null && machines.length > 0)
      await writerOf(context).call('remove-members', { collection, machines }, signal)
  }
  const heard = await heardOf(context, [note], signal)
  const now = context.clock()
  for (const one of open) {
    if (one.takenBack === null) continue
    const state = one.added ? reachOf(note, one, heard, now) : 'stopped'
    note = replaced(note, { ...one, takenBack: { ...one.takenBack, state } })
  }
  await context.notes.save(key, note)
  return note
}

/** Makes the sets again as they were started, and says in sentences what was different. */
export async function compareSets(
  context: Context,
  key: string,
  first: StartNote,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const made = first.sets.filter(({ collection }) => collection !== null)
  if (made.length === 0) return []
  const deployments = await context.api.deployments(signal)
  const differences: string[] = []
  let note = first
  for (const set of made) {
    const { lost, found } = await membersCompared(context, note, set, signal)
    differences.push(...found)
    const reasons = new Map([...lost, ...(await changedGroup(context, note, set, signal))])
    differences.push(...new Set(reasons.values()))
    note = await without(context, key, note, reasons, signal)
    differences.push(...(await setBack(context, note, set, deployments, signal)))
  }
  return differences
}

/** Takes out whom others put in. `lost`: who is not in it any more, with the sentence. */
async function membersCompared(context: Context, note: StartNote, set: SetNote, signal: AbortSignal) {
  const { api } = context
  const collection = set.collection ?? ''
  const inside = note.assets.filter((one) => one.set === set.name && isInside(one))
  const rules = await api.rules(collection, signal)
  if (rules === null) {
    const lost = inside.map(
      (one) =>
        [
          one.asset,
          `Somebody deleted the collection "${set.name}" in Configuration Manager, and with it the rule for ${one.name}.`,
        ] as const,
    )
    return { lost, found: [] }
  }
  const members = await api.members(collection, signal)
  const found = await strangersOut(context, set, inside, rules, members, signal)
  const lost = inside.flatMap((one) => {
    const why = whyLost(context, set, one, rules, members)
    return why === null ? [] : [[one.asset, why] as const]
  })
  return { lost, found }
}

function whyLost(
  { clock, evaluatedWithinSeconds }: Context,
  set: SetNote,
  { name, machine, since }: AssetNote,
  rules: readonly Rule[],
  members: ReadonlyMap<number, string>,
): string | null {
  if (!rules.some((rule) => rule.kind === 'direct' && rule.machine === machine))
    return `Somebody took ${name} out of the collection "${set.name}" in Configuration Manager.`
  const isDue = clock().getTime() >= Date.parse(since) + evaluatedWithinSeconds * 1_000
  if (members.has(machine) || !isDue) return null
  return `${name} does not become a member of the collection "${set.name}" in Configuration Manager, though its rule is there: the limiting collection leaves it out, or collections are not evaluated.`
}

async function strangersOut(
  context: Context,
  set: SetNote,
  inside: readonly AssetNote[],
  rules: readonly Rule[],
  members: ReadonlyMap<number, string>,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const { api } = context
  const collection = set.collection ?? ''
  const meant = new Set(inside.map(({ machine }) => machine))
  const found: string[] = []
  const others = rules.flatMap(({ kind, name }) => (kind === 'query' || kind === 'include' ? [{ kind, name }] : []))
  if (others.length > 0) {
    await writerOf(context).call('remove-rules', { collection, rules: others }, signal)
    const names = [...members].filter(([id]) => !meant.has(id)).map(([, name]) => name)
    const whom = names.length === 0 ? '' : `; until then it had ${names.join(', ')} in it, too`
    for (const { kind, name } of others)
      found.push(
        `Somebody added the ${kind} rule "${name}" to the collection "${set.name}" in Configuration Manager. It was removed${whom}.`,
      )
  }
  const strangers = rules.flatMap((rule) => (rule.kind === 'direct' && !meant.has(rule.machine) ? [rule.machine] : []))
  if (strangers.length === 0) return found
  await writerOf(context).call('remove-members', { collection, machines: strangers }, signal)
  const contacts = await api.contacts(strangers, signal)
  const named = new Map((await api.machines(strangers, signal)).map((one) => [one.id, one.name.toLowerCase()]))
  for (const id of strangers) {
    const learned = whatItLearned(contacts.get(id) ?? null, context.clock())
    found.push(
      `Somebody added ${named.get(id) ?? id} to the collection "${set.name}" in Configuration Manager. It was taken out; ${learned}.`,
    )
  }
  return found
}

/** An update group that others changed would install what nobody voted on: all are taken out. */
async function changedGroup(
  { api }: Context,
  note: StartNote,
  set: SetNote,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, string>> {
  const inside = note.assets.filter((one) => one.set === set.name && isInside(one))
  if (set.group === null || inside.length === 0) return new Map()
  const updates = await api.updatesIn(set.group, signal)
  const meant = set.items.map(({ update }) => update)
  if (updates !== null && isSame(updates, meant)) return new Map()
  const what = updates === null ? 'deleted' : 'changed'
  const sentence = `Somebody ${what} the update group "${set.name}" in Configuration Manager, so its machines were taken out.`
  return new Map(inside.map(({ asset }) => [asset, sentence]))
}

/** Sets a deployment back that others changed. */
async function setBack(
  context: Context,
  note: StartNote,
  set: SetNote,
  deployments: readonly Deployment[],
  signal: AbortSignal,
): Promise<readonly string[]> {
  if (set.deployment === null || !note.assets.some((one) => one.set === set.name && isInside(one))) return []
  if (set.notAfter !== null && !isBefore(context.clock().toISOString(), set.notAfter)) return []
  const there = deployments.find(({ unique }) => unique === set.deployment?.unique)
  if (there === undefined) return []
  const difference = differenceOf(set, there)
  if (difference === null) return []
  const asked = { deployment: there.unique, name: set.name, ...timesOf(set) }
  await writerOf(context).call('set-deployment', asked, signal)
  return [`Somebody changed the deployment "${set.name}" in Configuration Manager: ${difference}. It was set back.`]
}

/** What was made is found by its name, so that what nobody noted is found too. Deployments first: a collection in use cannot go. */
export async function tidySets(context: Context, key: string, signal: AbortSignal): Promise<void> {
  const { api, notes } = context
  const mark = markOf(context, key)
  await endFirstContact(firstContactOf(context), key, signal)
  for (const { unique, name } of await api.deployments(signal))
    if (name.startsWith(mark)) await writerOf(context).call('delete-deployment', { deployment: unique, name }, signal)
  for (const { id, name } of await api.groups(mark, signal))
    if (name.startsWith(mark)) await writerOf(context).call('delete-group', { group: id, name }, signal)
  for (const { id, name } of await api.collections(mark, signal))
    if (name.startsWith(mark)) await writerOf(context).call('delete-collection', { collection: id, name }, signal)
  await notes.remove(key)
}

/** Takes the machines out of collections of ours whose start nobody knows, whoever put them there. The collections are kept. */
export async function reclaimSets(
  context: Context,
  unknown: (keys: readonly string[]) => Promise<readonly string[]>,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const { api } = context
  const mine = (await api.collections(markOfAll(context), signal)).flatMap((one) => {
    const key = keyIn(context, one.name)
    return key === null ? [] : [{ ...one, key }]
  })
  const keys = new Set(mine.length === 0 ? [] : await unknown([...new Set(mine.map(({ key }) => key))]))
  const found: string[] = []
  for (const { id, name, key } of mine) {
    if (!keys.has(key)) continue
    const rules = (await api.rules(id, signal)) ?? []
    const machines = rules.flatMap((rule) => (rule.kind === 'direct' ? [rule.machine] : []))
    const others = rules.flatMap(({ kind, name: rule }) =>
      kind === 'query' || kind === 'include' ? [{ kind, name: rule }] : [],
    )
    if (others.length > 0) await writerOf(context).call('remove-rules', { collection: id, rules: others }, signal)
    if (machines.length === 0) continue
    await writerOf(context).call('remove-members', { collection: id, machines }, signal)
    const names = (await api.machines(machines, signal)).map((one) => one.name.toLowerCase())
    found.push(reclaimedText(name, names))
  }
  return found
}
