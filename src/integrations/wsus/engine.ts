/** Tells a WSUS server what to install: by groups that belong to one start. docs/integrations/wsus.md */

import type { DeployEngine } from '../../core/ports.ts'
import { reclaimedText } from '../../core/reclaimed.ts'
import { recordedCalls } from '../delegating/call-book.ts'
import { endFirstContact, firstOnes } from '../delegating/first-contact.ts'
import { keyIn, markOf } from '../delegating/marks.ts'
import { aloneOnStart, following, forgetCalls, noteOf } from '../delegating/on-start.ts'
import { preflighted } from '../delegating/refused.ts'
import { openCallBook } from './call-book.ts'
import { WsusError } from './calls.ts'
import { type Context, serverProblem } from './context.ts'
import { look, stageGroups } from './groups.ts'
import { nameOf } from './machine.ts'
import { emptyNote, type GroupNote, isWhole, type StartNote } from './note.ts'
import { previewOf, viewOf } from './plan.ts'
import { plannedCallsOf } from './planned-calls.ts'
import { reportsOf, reportsOfAll } from './reports.ts'
import { firstContactOf, startBatch } from './start.ts'
import { compareGroups, takeBack } from './stops.ts'
import { type OwnTerms, termsFor } from './terms.ts'
import { withdraw } from './whole-approvals.ts'
import { namedClauses, oursAmong, reclaimWholeGroups, withdrawMarked } from './whole-reclaim.ts'
import { compareWholeGroups, takeGroupsBack } from './whole-stops.ts'

export interface WsusEngineOptions extends Context {
  readonly simulated: boolean
  readonly terms: OwnTerms
}

export function createWsusEngine(context: WsusEngineOptions): DeployEngine {
  const { name, wsus, known, simulated } = context
  return {
    name,
    describe:
      context.wholeGroups === null
        ? `Approves updates on ${wsus.describe}, for groups of exactly the approved machines`
        : `Approves updates on ${wsus.describe}, for whole groups that policies fill`,
    simulated,
    // What a machine needs follows from what it has; each one is asked again before it is told.
    previewsBySoftware: true,

    async check(signal) {
      const probe = await wsus.ask('probe', {}, signal)
      const problem = context.mayDeploy ? serverProblem(context, probe) : null
      if (problem !== null) throw new Error(problem)
      const rules = probe.automatic.filter(({ enabled }) => enabled).map((one) => `"${one.name}"`)
      const own = rules.length === 0 ? '' : `; approves by itself: ${rules.join(', ')}`
      const point = probe.approvals === 0 ? `; ${NO_APPROVALS}` : ''
      const standing = await standingApprovals(context, signal)
      const whole = await namedClauses(context, signal)
      return `${probe.server} ${probe.version}: ${probe.machines} machines, ${probe.updates ?? 'an unknown number of'} updates${whole}${own}${standing}${point}${context.mayDeploy ? '' : '; mode: read, so nothing is approved'}`
    },

    async preview(asset, changes, signal) {
      signal.throwIfAborted()
      return previewOf(await viewOf(wsus, known, [asset], changes, signal), asset.name, changes)
    },

    async terms(plans, signal) {
      signal.throwIfAborted()
      return termsFor(context, context.terms, plans, signal)
    },

    async preflight(batch, signal) {
      signal.throwIfAborted()
      return preflighted(
        await firstOnes(firstContactOf(context), batch.key, await look(context, batch, signal), signal),
      )
    },

    async plannedCalls(batch, signal) {
      signal.throwIfAborted()
      const looked = await firstOnes(firstContactOf(context), batch.key, await look(context, batch, signal), signal)
      return plannedCallsOf(context, batch.key, looked)
    },

    ...following({
      ...{ notes: context.notes, system: wsus.describe, hourSeconds: context.hourSeconds },
      reports: (note, signal) => reportsOf(context, note, signal),
      reportsOfAll: (starts, signal) => reportsOfAll(context, starts, signal),
    }),
    ...changing(context),
    calls: recordedCalls(context.notes),

    async reclaim(unknown, signal) {
      signal.throwIfAborted()
      return reclaimGroups(context, unknown, signal)
    },
  }
}

/** Each works on one start alone, and writes down what the server is asked for it. */
function changing(context: Context): Required<Pick<DeployEngine, 'stage' | 'start' | 'cancel' | 'compare' | 'tidy'>> {
  const { notes } = context

  async function onStart<T>(
    key: string,
    signal: AbortSignal,
    work: (own: Context, mine: AbortSignal) => Promise<T>,
  ): Promise<T> {
    signal.throwIfAborted()
    markOf(context, key)
    const open = (before: StartNote | null) => openCallBook(context, key, before)
    return aloneOnStart(notes, key, signal, open, ({ wsus }, mine) => work({ ...context, wsus }, mine))
  }

  return {
    stage: (batch, signal) =>
      onStart(batch.key, signal, async (own, mine) => {
        const before = (await notes.read(batch.key)) ?? emptyNote
        const looked = await firstOnes(firstContactOf(own), batch.key, await look(own, batch, mine), mine)
        return (await stageGroups(own, batch.key, before, looked, mine)).staged
      }),
    start: (batch, signal) => onStart(batch.key, signal, (own, mine) => startBatch(own, batch, mine)),
    cancel: ({ key }, signal, only) =>
      onStart(key, signal, async (own, mine) => {
        const note = await noteOf(own.notes, key, own.wsus.describe)
        return (note.groups.some(isWhole) ? takeGroupsBack : takeBack)(own, key, note, only, mine)
      }),
    compare: ({ key }, signal) =>
      onStart(key, signal, async (own, mine) => {
        const note = await noteOf(own.notes, key, own.wsus.describe)
        return (note.groups.some(isWhole) ? compareWholeGroups : compareGroups)(own, key, note, mine)
      }),
    async tidy(key, signal) {
      await onStart(key, signal, (own, mine) => tidyGroups(own, key, markOf(own, key), mine))
      await forgetCalls(notes, key)
    },
  }
}

/** So many groups are named. */
const GROUPS_NAMED = 5

/** A clause about what others have approved: machines of these groups, and of those below them, install it without a vote. */
async function standingApprovals(context: Context, signal: AbortSignal): Promise<string> {
  const { wsus } = context
  const counts = new Map<string, number>()
  try {
    const groups = new Map((await wsus.ask('groups', {}, signal)).map((group) => [group.id, group]))
    const approvals = await wsus.ask('approvals', { groups: null, updates: null }, signal)
    const ours = new Set(oursAmong(context, [...groups.values()], approvals))
    for (const one of approvals) {
      const found = groups.get(one.group)
      if (one.action !== 'Install' || found === undefined || keyIn(context, found.name) !== null || ours.has(one))
        continue
      counts.set(found.name, (counts.get(found.name) ?? 0) + 1)
    }
  } catch (error) {
    if (!(error instanceof WsusError)) throw error
    return '; what is approved for which groups is too much to be asked for'
  }
  if (counts.size === 0) return ''
  const names = [...counts].sort((a, b) => b[1] - a[1]).map(([name, count]) => `"${name}" (${count})`)
  const more = names.length > GROUPS_NAMED ? ` and ${names.length - GROUPS_NAMED} more` : ''
  return `; installs without a vote what is approved for ${names.slice(0, GROUPS_NAMED).join(', ')}${more}`
}

const NO_APPROVALS =
  'no approval stands: if it is a software update point of Configuration Manager, leave it at mode: read'

/**
 * Takes the machines out of groups of ours whose start nobody knows, whoever put them there, or takes back what such a start
 * approved for groups of the operator's. The groups are kept.
 */
async function reclaimGroups(
  context: Context,
  unknown: (keys: readonly string[]) => Promise<readonly string[]>,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const { wsus } = context
  const all = await wsus.ask('groups', {}, signal)
  const mine = all.flatMap((group) => {
    const key = keyIn(context, group.name)
    return key === null ? [] : [{ ...group, key }]
  })
  if (context.wholeGroups !== null) return reclaimWholeGroups(context, all, mine, unknown, signal)
  const keys = new Set(await unknown([...new Set(mine.map(({ key }) => key))]))
  const found: string[] = []
  for (const { id, name, key } of mine) {
    if (!keys.has(key)) continue
    const members = await wsus.ask('members', { group: id }, signal)
    for (const { id: machine } of members) await wsus.ask('remove-member', { group: id, machine }, signal)
    if (members.length > 0) found.push(reclaimedText(name, members.map(nameOf)))
  }
  return found
}

/** Groups are found by their names, so that those of a start that nobody noted are found too. */
async function tidyGroups(context: Context, key: string, mark: string, signal: AbortSignal): Promise<void> {
  const { wsus, notes } = context
  await endFirstContact(firstContactOf(context), key, signal)
  const ours = (await notes.read(key))?.groups ?? []
  // Before the marks, by which it is found.
  for (const group of ours.filter(isWhole)) if (!group.whole.gone) await withdraw(wsus, group, signal)
  if (context.wholeGroups !== null) await withdrawMarked(context, mark, signal)
  for (const { id, name } of await wsus.ask('groups', {}, signal)) {
    if (name.startsWith(mark)) await wsus.ask('delete-group', { group: id, name }, signal)
    // Somebody gave it another name, and may use it: what this start put into it is taken out, and the rest is theirs.
    else for (const one of ours) if (one.id === id) await emptied(context, key, one, signal)
  }
  await notes.remove(key)
}

async function emptied({ wsus, notes }: Context, key: string, group: GroupNote, signal: AbortSignal) {
  const { id, name, items } = group
  if (id === null) return
  // Nobody was added to one that only marks the start.
  const members = isWhole(group) ? [] : ((await notes.read(key))?.assets ?? [])
  for (const one of members)
    if (one.added && one.group === name) await wsus.ask('remove-member', { group: id, machine: one.machine }, signal)
  for (const { update } of items)
    await wsus.ask('approve', { update, group: id, action: 'NotApproved', deadline: null }, signal)
}
