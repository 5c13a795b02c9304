/**
 * A ManageEngine server that is kept in a JSON file and answers the same requests as a real one, so that all of the client is
 * at work: sign-in, pages, both generations of the API. It refuses what a real one refuses, and has its traps, each with a
 * switch in the file (`traps`).
 *
 * What it rests on, and how sure that is:
 * - Seen in recorded answers of a real server of the cloud (2023): text/plain, texts and numbers for the same field, "--", "NA",
 *   keys of words ("dc.common.IMPORTANT"), 201 installed and 202 missing, 211 approved.
 * - In the vendor's documentation (2025 and 2026): the addresses, the fields of installpatch, both envelopes, the parameters of
 *   pages, suspend, moveToTrash, getTargets, executionStatus, lists of tasks, dotted keys of viewconfig, last_successful_scan.
 * - Told by users of live servers: an error with HTTP 200, a page for people with HTTP 200, pages of 25 rows whatever is asked
 *   for, no id in the answer of installpatch, empty lists that mean all.
 * - Guessed, and asked for by `check`: the words of executionStatus, that remarks tell of a missing restart, which name
 *   collection_name has while a configuration waits, how soon a new one stands in the list, the words of superceded_by.
 */

import { toIso } from '../../core/time/instant.ts'
import type { Pace } from '../simulated-system/pace.ts'
import type { StateStore } from '../simulated-system/store.ts'
import { dcapiAnswer, legacyAnswer } from './answers.ts'
import { advance } from './course.ts'
import { type Asked, error, json } from './envelope.ts'
import type { ManageEngineState, SimulatedConfiguration } from './state.ts'

/** The token that it takes. */
export const SIMULATED_TOKEN = 'SIMULATED-0000'
/** Where it is. Nothing is sent there. */
export const SIMULATED_URL = 'https://manageengine.invalid'

/** Answers requests as `fetch` would. */
export function createSimulatedServer(
  store: StateStore<ManageEngineState>,
  pace: Pace,
  clock: () => Date,
): typeof fetch {
  return async (input, init) => {
    init?.signal?.throwIfAborted()
    const url = new URL(input instanceof Request ? input.url : input)
    const asked = { path: url.pathname, query: url.searchParams }
    const token = new Headers(init?.headers).get('authorization')
    const now = clock()
    if (init?.method !== 'POST') {
      const before = advance(await store.read(), pace, now)
      if (isAway(before, now)) throw refusedConnection()
      const trapped = before.traps.signInPages > 0 || before.traps.tooMany > 0
      if (trapped) return store.change((state) => trap(advance(state, pace, now)) ?? [state, page()])
      return refusal(before, token, asked) ?? read(before, asked, now)
    }
    const body = JSON.parse(String(init.body ?? '{}')) as Readonly<Record<string, unknown>>
    const { response, lost } = await store.change<Sent>((before) => {
      const state = advance(before, pace, now)
      if (isAway(state, now)) return [state, { response: null, lost: false }]
      const trapped = trap(state)
      if (trapped !== null) return [trapped[0], { response: trapped[1], lost: false }]
      const refused = refusal(state, token, asked)
      if (refused !== null) return [state, { response: refused, lost: false }]
      const [next, answer] = write(state, asked.path, body, now, pace)
      const { loseAnswers } = next.traps
      if (loseAnswers === 0) return [next, { response: answer, lost: false }]
      return [
        { ...next, traps: { ...next.traps, loseAnswers: loseAnswers - 1 } },
        { response: answer, lost: true },
      ]
    })
    if (response === null) throw refusedConnection()
    if (lost) throw new TypeError('terminated')
    return response
  }
}

interface Sent {
  readonly response: Response | null
  readonly lost: boolean
}

function isAway({ traps }: ManageEngineState, now: Date): boolean {
  return traps.away.some(({ from, until }) => Date.parse(from) <= now.getTime() && now.getTime() < Date.parse(until))
}

function refusedConnection(): Error {
  return new TypeError('fetch failed', {
    cause: Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' }),
  })
}

/** Answers that have nothing to do with the question; `null`: none is due. */
function trap(state: ManageEngineState): readonly [ManageEngineState, Response] | null {
  const { signInPages, tooMany } = state.traps
  if (tooMany > 0)
    return [
      { ...state, traps: { ...state.traps, tooMany: tooMany - 1 } },
      new Response('{}', { status: 429, headers: { 'retry-after': '1' } }),
    ]
  return signInPages > 0 ? [{ ...state, traps: { ...state.traps, signInPages: signInPages - 1 } }, page()] : null
}

/** The page for signing in, in the name of success. */
function page(): Response {
  return new Response('<!DOCTYPE html><html><body>Sign in</body></html>', { headers: { 'content-type': 'text/html' } })
}

function refusal({ traps }: ManageEngineState, token: string | null, { path }: Asked): Response | null {
  if (traps.tokenOver || token !== SIMULATED_TOKEN) return error('10002', 'Invalid or expired token')
  return traps.onlyLegacy && path.startsWith('/dcapi/') ? page() : null
}

function read(state: ManageEngineState, asked: Asked, now: Date): Response {
  const found = asked.path.startsWith('/dcapi/') ? dcapiAnswer(state, asked, now) : legacyAnswer(state, asked, now)
  return found ?? json({ error_code: 'URL_NOT_FOUND' }, 404)
}

type Written = readonly [ManageEngineState, Response]
type Body = Readonly<Record<string, unknown>>

function write(state: ManageEngineState, path: string, body: Body, now: Date, pace: Pace): Written {
  if (/^\/api\/1\.[34]\/patch\/(?:un)?installpatch$/.test(path))
    return install(state, path.includes('/uninstall'), body, now, pace)
  const suspended = /^\/dcapi\/configuration\/(\d+)\/suspend$/.exec(path)?.[1]
  if (suspended !== undefined) return edited(state, [suspended], { suspended: true })
  if (path === '/dcapi/configuration/moveToTrash') return edited(state, ids(body.collectionIds), { trashed: true })
  return [state, json({ error_code: 'URL_NOT_FOUND' }, 404)]
}

function ids(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.map(String) : []
}

function edited(state: ManageEngineState, changed: readonly string[], edit: Partial<SimulatedConfiguration>): Written {
  const there = state.configurations.filter(({ id, trashed }) => changed.includes(id) && !trashed)
  if (there.length < changed.length) return [state, error('INVALID_COLLECTION', 'No such configuration', 400)]
  const configurations = state.configurations.map((one) => (changed.includes(one.id) ? { ...one, ...edit } : one))
  return [{ ...state, configurations }, json({ status: 'Success' })]
}

function install(state: ManageEngineState, undone: boolean, body: Body, now: Date, pace: Pace): Written {
  const name = typeof body.ConfigName === 'string' ? body.ConfigName : ''
  const policy = state.policies.find(({ id, isAlive }) => isAlive && id === String(body.DeploymentPolicyTemplateID))
  if (name === '' || policy === undefined)
    return [state, error('INVALID_INPUT', 'A name and a deployment policy are needed', 400)]
  // What a real one does with a list that is left out or empty: it takes all.
  const patches = ids(body.PatchIDs).length === 0 ? state.patches.map(({ id }) => id) : ids(body.PatchIDs)
  const wanted = ids(body.ResourceIDs).length === 0 ? state.machines.map(({ id }) => id) : ids(body.ResourceIDs)
  const machines = state.traps.adds === null ? wanted : [...wanted, state.traps.adds]
  const open = (machine: string) => {
    const said = state.machines.find(({ id }) => id === machine)?.said?.states ?? {}
    return patches.some((patch) =>
      undone ? said[patch]?.state === 'installed' : said[patch] !== undefined && said[patch]?.state !== 'installed',
    )
  }
  if (!machines.some(open)) return [state, error('3010', 'No patches to deploy')]
  const configuration: SimulatedConfiguration = {
    ...{
      id: String(900_001 + state.made),
      name,
      patches: [...patches],
      machines: [...machines],
      policy: policy.id,
      undone,
    },
    ...{ createdAt: now.toISOString(), shownAt: toIso(now.getTime() + pace.hours(state.traps.shownAfterMinutes / 60)) },
    ...{ suspended: false, trashed: false },
  }
  const answer = json({
    message_type: 'installpatch',
    message_response: { installpatch: {} },
    message_version: '1.4',
    status: 'success',
  })
  return [{ ...state, configurations: [...state.configurations, configuration], made: state.made + 1 }, answer]
}
