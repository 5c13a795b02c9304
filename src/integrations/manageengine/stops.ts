/**
 * Takes back what was told. A configuration is suspended as a whole, so what is left of it is told again by a new one. See
 * docs/decisions/0036-suspended-and-made-again.md.
 */

import { firstNames } from '../../core/first-names.ts'
import { isOver } from '../../core/not-begun.ts'
import type { StopReport } from '../../core/ports.ts'
import { reclaimedText } from '../../core/reclaimed.ts'
import { isBefore } from '../../core/time/instant.ts'
import { keyIn, markOf } from '../delegating/marks.ts'
import type { Configuration, Execution, Machine } from './api.ts'
import { type Context, isOpen, ONLY_LEGACY } from './context.ts'
import { type AssetNote, type ConfigurationNote, replaced, type StartNote, withConfiguration } from './note.ts'
import { executionsFor } from './reports.ts'
import { sendAll, withNewConfiguration } from './start.ts'

const STOPPED = 'It was taken back before it began.'

/** `only`: these assets; left out: all of the start. */
export async function takeBack(
  context: Context,
  key: string,
  note: StartNote,
  only: readonly string[] | undefined,
  signal: AbortSignal,
): Promise<readonly StopReport[]> {
  const wanted = note.assets.filter(({ asset }) => only === undefined || only.includes(asset))
  const reasons = new Map(wanted.map(({ asset }) => [asset, STOPPED]))
  const after = await without(context, key, note, reasons, signal)
  return after.assets
    .filter(({ asset }) => reasons.has(asset))
    .map(({ asset, takenBack }) => ({ asset, state: takenBack?.state ?? 'stopped' }))
}

/**
 * Writes down who is taken back, suspends their configurations, reads that back, and asks what their agents have learned until
 * then. Others who were told by these configurations, and have not begun, are told again. `reasons`: by asset.
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
  note = await unsent(context, key, note, open)
  const ids = new Set(open.map(({ machine }) => machine))
  const meant = note.configurations.filter(
    ({ state, machines }) => state === 'made' && machines.some((id) => ids.has(id)),
  )
  note = await suspended(context, key, note, meant, signal)
  const reach = await reachOf(context, note, signal)
  for (const one of open) {
    const { takenBack } = one
    if (takenBack !== null) note = replaced(note, { ...one, takenBack: { ...takenBack, state: reach(one) } })
  }
  note = toldAgain(context, key, note, meant, reach)
  await context.notes.save(key, note)
  return sendAll(context, key, note, signal)
}

/** Whoever was not told yet is taken out of what is to be sent. */
async function unsent(context: Context, key: string, first: StartNote, open: readonly AssetNote[]): Promise<StartNote> {
  const ids = new Set(open.map(({ machine }) => machine))
  let note = first
  for (const one of first.configurations)
    if (one.state === 'planned' && one.machines.some((id) => ids.has(id)))
      note = withConfiguration(note, { ...one, machines: one.machines.filter((id) => !ids.has(id)) })
  if (note !== first) await context.notes.save(key, note)
  return note
}

/** Suspends what is not suspended, and reads it back. */
async function suspended(
  context: Context,
  key: string,
  first: StartNote,
  meant: readonly ConfigurationNote[],
  signal: AbortSignal,
): Promise<StartNote> {
  const { api, notes } = context
  if (meant.length === 0 || (await api.generation(signal)) === 'legacy') return first
  let note = first
  const list = new Map((await api.configurations(signal)).map((one) => [one.id, one]))
  const asked: string[] = []
  for (const { id } of meant) {
    const there = list.get(id ?? '')
    if (id === null || there === undefined || !isOpen(there)) continue
    await api.suspend(id, signal)
    asked.push(id)
  }
  if (asked.length > 0) {
    const after = await api.configurations(signal)
    const still = after.find((one) => asked.includes(one.id) && isOpen(one))
    if (still !== undefined)
      throw new Error(`${api.server} was asked to suspend "${still.name}", and still calls it ${still.status}`)
  }
  for (const one of meant) note = withConfiguration(note, { ...one, suspended: true })
  await notes.save(key, note)
  return note
}

type Reach = (one: AssetNote) => StopReport['state']

/** What taking it back reaches: an agent that has not asked since it was told has not learned of it. */
async function reachOf({ api, known }: Context, note: StartNote, signal: AbortSignal): Promise<Reach> {
  const machines = (await known.machines(signal, 'fresh')).byId
  const executions = new Map<string, ReadonlyMap<string, Execution> | null>()
  for (const { id } of note.configurations) {
    if (id === null) continue
    const list = await api.executions(id, signal)
    executions.set(id, list === null ? null : new Map(list.map((one) => [one.machine, one])))
  }
  const canSuspend = (await api.generation(signal)) === 'dcapi'
  return (one) => {
    const told = note.configurations.some(
      ({ state, machines: own }) => state !== 'planned' && own.includes(one.machine),
    )
    if (!told) return 'stopped'
    if (executionsFor(note, one, executions).some(({ status }) => status !== 'yet to deploy')) return 'at work'
    // What cannot be suspended goes on, whether or not its agent has asked.
    return canSuspend && !hasAsked(machines.get(one.machine), one) ? 'stopped' : 'may still begin'
  }
}

function hasAsked(machine: Machine | undefined, { since }: AssetNote): boolean {
  const contactedAt = machine?.contactedAt ?? null
  return contactedAt !== null && !isBefore(contactedAt, since)
}

/** A new configuration for those whose configuration was suspended because of others. */
function toldAgain(
  context: Context,
  key: string,
  first: StartNote,
  meant: readonly ConfigurationNote[],
  reach: Reach,
): StartNote {
  let note = first
  for (const { machines, policy, patches, undone, suspended: isSuspended } of note.configurations.filter((one) =>
    meant.some(({ name }) => name === one.name),
  )) {
    if (!isSuspended) continue
    const left = note.assets.filter(
      (one) =>
        machines.includes(one.machine) &&
        one.takenBack === null &&
        one.refused === null &&
        !isOver(one.notAfter, context.clock()) &&
        reach(one) !== 'at work' &&
        !note.configurations.some(
          (other) => !other.suspended && other.machines.includes(one.machine) && other.undone === undone,
        ),
    )
    if (left.length === 0) continue
    note = withNewConfiguration(context, key, note, {
      policy,
      patches,
      undone,
      machines: left.map(({ machine }) => machine),
    })
  }
  return note
}

/** Makes the configurations again as they were sent, and says in sentences what was different. */
export async function compareConfigurations(
  context: Context,
  key: string,
  first: StartNote,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const { api } = context
  let note = await sendAll(context, key, first, signal)
  const differences: string[] = []
  const list = await api.configurations(signal)
  for (const one of note.configurations) {
    if (one.state !== 'made' || one.suspended) continue
    const there = list.find(({ id }) => id === one.id)
    if (there === undefined || !isOpen(there)) {
      note = await endedByHand(context, key, note, one, there, differences, signal)
    } else {
      note = await comparedMembers(context, key, note, one, there, differences, signal)
    }
  }
  const now = differences.length === 0 ? list : await api.configurations(signal)
  return [...differences, ...(await straysSuspended(context, key, note, now, signal))]
}

/** Somebody removed or suspended it: it is not made again. */
async function endedByHand(
  context: Context,
  key: string,
  note: StartNote,
  one: ConfigurationNote,
  there: Configuration | undefined,
  differences: string[],
  signal: AbortSignal,
): Promise<StartNote> {
  const what = there === undefined ? 'removed' : `stopped (${there.status})`
  const sentence = `Somebody ${what} the configuration "${one.name}" in ManageEngine.`
  differences.push(sentence)
  const noted = withConfiguration(note, { ...one, suspended: true })
  await context.notes.save(key, noted)
  const own = noted.assets.filter(
    ({ machine, takenBack, refused }) => one.machines.includes(machine) && takenBack === null && refused === null,
  )
  return without(context, key, noted, new Map(own.map(({ asset }) => [asset, sentence])), signal)
}

async function comparedMembers(
  context: Context,
  key: string,
  first: StartNote,
  one: ConfigurationNote,
  there: Configuration,
  differences: string[],
  signal: AbortSignal,
): Promise<StartNote> {
  const { api } = context
  const members = await api.targets(there.id, signal)
  if (members === null) {
    const isSame = there.targets === null || there.targets === one.machines.length
    if (!isSame && !first.strays.includes(one.name)) {
      differences.push(
        `The configuration "${one.name}" in ManageEngine has ${there.targets} machines, and was made for ${one.machines.length}. It cannot be taken back: ${ONLY_LEGACY}.`,
      )
      const note = { ...first, strays: [...first.strays, one.name] }
      await context.notes.save(key, note)
      return note
    }
    return first
  }
  const present = new Set(members)
  const lost = first.assets.filter(
    ({ machine, takenBack, refused }) =>
      one.machines.includes(machine) && !present.has(machine) && takenBack === null && refused === null,
  )
  const reasons = new Map(
    lost.map(({ asset, name }) => [
      asset,
      `Somebody took ${name} out of the configuration "${one.name}" in ManageEngine.`,
    ]),
  )
  differences.push(...reasons.values())
  const strangers = members.filter((id) => !one.machines.includes(id))
  const note =
    strangers.length === 0 ? first : await withoutStrangers(context, key, first, one, strangers, differences, signal)
  return lost.length === 0 ? note : withoutLost(context, key, note, reasons, signal)
}

/** The approved machines are told again once. Where somebody is added to that, too, nothing more is sent. */
async function withoutStrangers(
  context: Context,
  key: string,
  first: StartNote,
  one: ConfigurationNote,
  strangers: readonly string[],
  differences: string[],
  signal: AbortSignal,
): Promise<StartNote> {
  const machines = (await context.known.machines(signal, 'fresh')).byId
  const names = firstNames(strangers.map((id) => machines.get(id)?.name.toLowerCase() ?? `machine ${id}`))
  const learned = strangers.some((id) => hasAskedSince(machines.get(id), one.sentAt))
  const reached = learned ? 'they may have learned of it, and may install it' : 'they were told nothing'
  const isAgain = first.configurations.some(({ hadStrangers }) => hadStrangers)
  const also = `The configuration "${one.name}" in ManageEngine also had ${names} (${reached}). It was suspended`
  const marked = { ...one, hadStrangers: true }
  let note = await suspended(context, key, withConfiguration(first, marked), [marked], signal)
  if (isAgain) {
    const reason = `${also}, and as this was so before, nothing more is sent.`
    differences.push(reason)
    const own = note.assets.filter(
      ({ machine, takenBack, refused }) => one.machines.includes(machine) && takenBack === null && refused === null,
    )
    return without(context, key, note, new Map(own.map(({ asset }) => [asset, reason])), signal)
  }
  differences.push(`${also}, and a new one made for the approved machines.`)
  note = toldAgain(context, key, note, [marked], await reachOf(context, note, signal))
  await context.notes.save(key, note)
  return sendAll(context, key, note, signal)
}

/** Who is no member any more is not told by what is there, so nothing needs to be suspended for it. */
async function withoutLost(
  context: Context,
  key: string,
  first: StartNote,
  reasons: ReadonlyMap<string, string>,
  signal: AbortSignal,
): Promise<StartNote> {
  const reach = await reachOf(context, first, signal)
  const at = context.clock().toISOString()
  let note = first
  for (const one of first.assets) {
    const reason = reasons.get(one.asset)
    if (reason === undefined) continue
    note = replaced(note, { ...one, takenBack: { at, state: reach(one), reason } })
    for (const own of note.configurations)
      if (own.machines.includes(one.machine) && !own.suspended)
        note = withConfiguration(note, { ...own, machines: own.machines.filter((id) => id !== one.machine) })
  }
  await context.notes.save(key, note)
  return note
}

function hasAskedSince(machine: Machine | undefined, at: string | null): boolean {
  const contactedAt = machine?.contactedAt ?? null
  return contactedAt !== null && at !== null && !isBefore(contactedAt, at)
}

/** Configurations with our mark that this start does not know, such as the second of two: they are suspended. */
async function straysSuspended(
  context: Context,
  key: string,
  note: StartNote,
  list: readonly Configuration[],
  signal: AbortSignal,
): Promise<readonly string[]> {
  const mark = markOf(context, key)
  const own = new Set(
    note.configurations.flatMap(({ id, state, suspended: isSuspended }) =>
      state === 'made' && !isSuspended ? (id ?? []) : [],
    ),
  )
  const strays = list.filter(
    ({ id, name, status }) => name.startsWith(mark) && !own.has(id) && isOpen({ status }) && !/executed/.test(status),
  )
  const found: string[] = []
  for (const { id, name } of strays) {
    if (!(await context.api.suspend(id, signal))) continue
    found.push(
      `A configuration "${name}" stood in ManageEngine that this start did not make, or had lost. It was suspended.`,
    )
  }
  return found
}

/** Suspends configurations of ours whose start nobody knows. They are kept. */
export async function reclaimConfigurations(
  context: Context,
  unknown: (keys: readonly string[]) => Promise<readonly string[]>,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const { api, known } = context
  const mine = (await api.configurations(signal)).flatMap((one) => {
    const key = keyIn(context, one.name)
    return key === null ? [] : [{ ...one, key }]
  })
  const keys = new Set(await unknown([...new Set(mine.map(({ key }) => key))]))
  const found: string[] = []
  for (const one of mine) {
    if (!keys.has(one.key) || !isOpen(one) || /executed/.test(one.status)) continue
    const members = await api.targets(one.id, signal)
    if (!(await api.suspend(one.id, signal))) continue
    const machines = (await known.machines(signal)).byId
    found.push(
      reclaimedText(
        one.name,
        (members ?? []).map((id) => machines.get(id)?.name.toLowerCase() ?? id),
      ),
    )
  }
  return found
}

/** Configurations are found by their names, so that those of a start that nobody noted are found too. */
export async function tidyConfigurations(context: Context, key: string, signal: AbortSignal): Promise<void> {
  const { api, notes } = context
  const mark = markOf(context, key)
  const mine = (await api.configurations(signal)).filter(({ name }) => name.startsWith(mark))
  for (const one of mine) if (isOpen(one) && !/executed/.test(one.status)) await api.suspend(one.id, signal)
  await api.moveToTrash(
    mine.map(({ id }) => id),
    signal,
  )
  await notes.remove(key)
}
