/** Tells a ManageEngine server what to install, by configurations that belong to one start. docs/integrations/manageengine.md */

import type { DeployEngine } from '../../core/ports.ts'
import { recordedCalls } from '../delegating/call-book.ts'
import { endFirstContact, firstOnes } from '../delegating/first-contact.ts'
import { markOf } from '../delegating/marks.ts'
import { aloneOnStart, following, forgetCalls, noteOf } from '../delegating/on-start.ts'
import { preflighted } from '../delegating/refused.ts'
import { openCalls } from './calls.ts'
import { type Context, lastingProblem, ONLY_LEGACY } from './context.ts'
import type { StartNote } from './note.ts'
import { previewOf, viewOf } from './plan.ts'
import { plannedCallsOf } from './planned-calls.ts'
import { reportsOf, reportsOfAll } from './reports.ts'
import { firstContactOf, look, startBatch } from './start.ts'
import { compareConfigurations, reclaimConfigurations, takeBack, tidyConfigurations } from './stops.ts'
import { type OwnTerms, termsFor } from './terms.ts'

export interface EngineOptions extends Context {
  readonly describe: string
  readonly simulated: boolean
  readonly terms: OwnTerms
}

export function createEngine(context: EngineOptions): DeployEngine {
  const { name, api, simulated } = context
  return {
    name,
    describe: `Deploys patches by ${context.describe}, to exactly the approved machines`,
    simulated,

    check: (signal) => checked(context, signal),

    async preview(asset, changes, signal) {
      signal.throwIfAborted()
      const problem = lastingProblem(context)
      if (problem !== null) throw new Error(problem)
      return previewOf(context, await viewOf(context, [asset], changes, 'known', signal), asset, changes)
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
      return plannedCallsOf(context, batch.key, looked, (await api.generation(signal)) === 'dcapi')
    },

    ...following({
      ...{ notes: context.notes, system: api.server, hourSeconds: context.hourSeconds },
      reports: (note, signal) => reportsOf(context, note, signal),
      reportsOfAll: (starts, signal) => reportsOfAll(context, starts, signal),
    }),
    ...changing(context),
    calls: recordedCalls(context.notes),

    async reclaim(unknown, signal) {
      signal.throwIfAborted()
      return reclaimConfigurations(context, unknown, signal)
    },
  }
}

/** One line about the server. Throws a sentence if nothing could be started on it. */
async function checked(context: Context, signal: AbortSignal): Promise<string> {
  const { api, policies, mayDeploy } = context
  const generation = await api.generation(signal)
  const there = (await api.policies(signal)).filter(({ isAlive }) => isAlive).map(({ name }) => name)
  const missing = Object.values(policies)
    .map(({ name }) => name)
    .filter((name) => !there.includes(name))
  if (mayDeploy && Object.keys(policies).length === 0)
    throw new Error(
      `No deployment policy is named for any window: write "policies" for the engine. ${api.server} has ${there.map((one) => `"${one}"`).join(', ') || 'none'}`,
    )
  if (mayDeploy && missing.length > 0)
    throw new Error(
      `${api.server} has no deployment policy called ${missing.map((one) => `"${one}"`).join(', ')}; it has ${there.map((one) => `"${one}"`).join(', ') || 'none'}`,
    )
  const tasks = (await api.tasks(signal)).filter(({ isActive }) => isActive).map(({ name }) => `"${name}"`)
  const machines = await context.known.machines(signal)
  const parts = [
    `${api.server}: ${machines.byId.size} Windows machines`,
    ...(tasks.length === 0
      ? []
      : [`installs without a vote: ${tasks.length === 1 ? 'the task' : 'the tasks'} ${tasks.join(', ')}`]),
    ...(generation === 'legacy' ? [`${ONLY_LEGACY}, so nothing can be taken back`] : []),
    ...(mayDeploy ? [] : ['mode: read, so nothing is deployed']),
  ]
  return parts.join('; ')
}

/** The differences, with those that nobody was told of. `keeps`: what of the found ones stays noted. */
async function compared(
  context: Context,
  key: string,
  signal: AbortSignal,
  keeps: (found: string[]) => Pick<StartNote, 'untold'>,
): Promise<readonly string[]> {
  const before = await noteOf(context.notes, key, context.api.server)
  const found = [...before.untold, ...(await compareConfigurations(context, key, before, signal))]
  const { untold } = keeps(found)
  if (untold.length + before.untold.length > 0)
    await context.notes.save(key, { ...(await noteOf(context.notes, key, context.api.server)), untold })
  return found
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
    const open = (before: StartNote | null) => openCalls(context, key, before)
    return aloneOnStart(notes, key, signal, open, ({ api }, mine) => work({ ...context, api }, mine))
  }

  return {
    // Nothing can be made here without telling the machines, so the server is asked whether all is there.
    async stage(batch, signal) {
      signal.throwIfAborted()
      markOf(context, batch.key)
      await look(context, batch, signal)
      return { ready: true }
    },
    start: (batch, signal) =>
      onStart(batch.key, signal, async (own, mine) => {
        const handle = await startBatch(own, batch, mine)
        // Who is in it is read back at once. What was different is told with the next comparison.
        await compared(own, batch.key, mine, (found) => ({ untold: found }))
        return handle
      }),
    cancel: ({ key }, signal, only) =>
      onStart(key, signal, async (own, mine) =>
        takeBack(own, key, await noteOf(own.notes, key, own.api.server), only, mine),
      ),
    compare: ({ key }, signal) => onStart(key, signal, (own, mine) => compared(own, key, mine, () => ({ untold: [] }))),
    async tidy(key, signal) {
      await onStart(key, signal, async (own, mine) => {
        await endFirstContact(firstContactOf(own), key, mine)
        await tidyConfigurations(own, key, mine)
      })
      await forgetCalls(notes, key)
    },
  }
}
