/**
 * Decides a command and writes its events, projections, outbox rows and timer in a transaction. Nothing here knows the
 * pool.
 */

import type { ThreadEntry } from '../../chat/card.ts'
import { listedFrom, shownFrom } from '../../chat/card-pace.ts'
import { listedFor, loudWords, type Notice, noticesInName, noticesOf } from '../../chat/notices.ts'
import { storyOf } from '../../chat/story/story.ts'
import { logsTold } from '../../chat/story/verification.ts'
import { GENESIS } from '../../core/audit.ts'
import type { HashedContent } from '../../core/content.ts'
import { waitsForDigest } from '../../core/digest.ts'
import { isExploited } from '../../core/follow-up.ts'
import type { Member } from '../../core/policy.ts'
import type { Context, ProposalCommand, Refusal } from '../../core/proposal/command.ts'
import { decide } from '../../core/proposal/decide.ts'
import { entryOf } from '../../core/proposal/entry.ts'
import type { ProposalEvent, RecordedEvent } from '../../core/proposal/event.ts'
import { entryProblem, stateProblem } from '../../core/proposal/event-size.ts'
import { evolve } from '../../core/proposal/evolve.ts'
import { wakeAt } from '../../core/proposal/next-step.ts'
import type { Actor, ProposalState } from '../../core/proposal/proposal.ts'
import { isHeld } from '../../core/proposal/since.ts'
import { policyContent, recordable } from '../../core/proposal/written.ts'
import { contentsOfFacts } from '../../core/record/content-facts.ts'
import type { SealedEntry } from '../../core/record/entry.ts'
import { pageOf } from '../../core/rollout/results-page.ts'
import { storable } from '../../core/storable.ts'
import { lockTeam, waitingForAssets } from '../../store/at-work.ts'
import { carry } from '../../store/carry-over.ts'
import type { Tx } from '../../store/connection.ts'
import { nameContents, readLogs } from '../../store/content.ts'
import { noteDirtyTeam } from '../../store/dirty.ts'
import { insertEntries, sealNext } from '../../store/entries.ts'
import { sameContent } from '../../store/live-contents.ts'
import { tellChange } from '../../store/notify.ts'
import { type OutboxMessage, putMessages } from '../../store/outbox.ts'
import { type KnownPerson, knowPersonsIn, personsOf, type VersionedRegister } from '../../store/persons.ts'
import { hasCard } from '../../store/posts.ts'
import { isCarried, lockProposal, type StoredProposal, saveProposal, teamOf } from '../../store/proposals.ts'
import { setTimer } from '../../store/timers.ts'
import { together } from '../../store/transaction.ts'
import { withPictures } from '../entry-pictures.ts'
import { type CommandParts, contextOf } from './context.ts'

export type Executed =
  | { readonly ok: true; readonly state: ProposalState; readonly events: readonly ProposalEvent[] }
  | { readonly ok: false; readonly refusal: Refusal; readonly state: ProposalState | null }

export interface Commanded {
  readonly parts: CommandParts
  readonly proposal: string
  readonly command: ProposalCommand
  readonly actor: Actor
}

/** Commands that are never refused because the proposal has become too large: stops, and the end of a rollback. */
const stops: readonly ProposalCommand['type'][] = [
  'pause',
  'halt',
  'end-waiting',
  'withdraw',
  'freeze',
  'unfreeze',
  'end-roll-back',
]

export async function runCommand(tx: Tx, { parts, proposal, command, actor }: Commanded): Promise<Executed> {
  if (command.type === 'start-batch') {
    const team = await teamOf(tx, proposal)
    if (team !== null) await lockTeam(tx, team)
  }
  const now = parts.clock().toISOString()
  const locked = await lockProposal(tx, proposal)
  const stored = locked === null || isCarried(locked) ? locked : await carry(tx, locked, now)
  if (stored !== null && 'problem' in stored) return refused(locked?.state ?? null, 'not now', stored.problem)
  const before = stored?.state ?? null
  const team = command.type === 'open' ? command.team : before?.team
  if (team === undefined) return refused(null, 'unknown', `There is no proposal ${proposal}.`)
  const { context, rights } = await contextOf(tx, parts, stored, { team, command, actor, now })
  const decision = decide(before, command, context)
  if (!decision.ok) return { ok: false, state: before, refusal: decision.refusal }

  const register = await registerFor(tx, stored?.register ?? null, context)
  const writing = beginWriting({ parts, proposal, team, stored, context, rights, register })
  for (const event of decision.events) {
    const problem = await add(tx, writing, event)
    if (problem !== null) return refused(before, 'too large', problem)
  }
  const { state } = writing
  if (state === null) throw new Error(`${command.type} on ${proposal} was accepted without an event.`)
  if (state.contentHash !== before?.contentHash) {
    const other = await sameContent(tx, state)
    if (other !== null) return refused(before, 'already', asksAlready(other))
  }
  const problem = stops.includes(command.type) ? null : stateProblem(state)
  if (problem !== null) return refused(before, 'too large', problem)
  tellPeople(writing, state)
  await write(tx, writing, state)
  return { ok: true, state, events: decision.events }
}

function refused(state: ProposalState | null, code: Refusal['code'], sentence: string): Executed {
  return { ok: false, state, refusal: { code, sentence } }
}

/** What a command will write. It grows with each event. */
interface Writing {
  readonly parts: CommandParts
  readonly proposal: string
  /** The proposal's channel. */
  readonly channel: string
  readonly team: string
  readonly before: ProposalState | null
  readonly context: Context
  readonly rights: number | null
  readonly register: VersionedRegister
  /** Names of all platforms. */
  readonly everywhere: readonly string[]
  /** The state after the events so far. */
  state: ProposalState | null
  hash: string
  /** Platforms that will show the card of that state. */
  shown: readonly string[]
  readonly sealed: SealedEntry[]
  readonly messages: OutboxMessage[]
  /** The events so far, with their thread entries and the platforms that have the thread. */
  readonly told: {
    readonly recorded: RecordedEvent
    readonly entries: readonly ThreadEntry[]
    readonly heard: readonly string[]
  }[]
  readonly pages: HashedContent[]
  /** Hashes of contents that the events name. */
  readonly named: string[]
}

function beginWriting({
  stored,
  ...given
}: Pick<Writing, 'parts' | 'proposal' | 'team' | 'context' | 'rights' | 'register'> & {
  readonly stored: StoredProposal | null
}): Writing {
  const { teams, platforms } = given.parts
  const before = stored?.state ?? null
  const everywhere = platforms.map(({ name }) => name)
  return {
    ...given,
    channel: teams.channelOf(given.team),
    before,
    everywhere,
    state: before,
    hash: stored?.headHash ?? GENESIS,
    shown: everywhere,
    sealed: [],
    messages: [],
    told: [],
    pages: [],
    named: [],
  }
}

/** Adds one event with its entry and messages. Returns why it cannot be recorded; `null`: it was added. */
async function add(tx: Tx, writing: Writing, event: ProposalEvent): Promise<string | null> {
  const { proposal, before, context, register, rights, state, hash } = writing
  const { now, actor, members } = context
  const recorded = recordable({ stream: proposal, seq: (state?.seq ?? 0) + 1, at: now, actor, event })
  const next = evolve(state, recorded)
  const moment = { content: next.contentHash, policy: policyContent(next.policy).hash, rights, rule: next.policy }
  const said = entryOf(recorded, register, { ...moment, members })
  const item = sealNext(proposal, { seq: state?.seq ?? 0, hash }, { at: now, ...said })
  const problem = entryProblem(event.type, item)
  if (problem !== null) return problem
  const page = pageOf(event)
  if (page !== null) writing.pages.push(page)
  // The earlier content is stored already.
  for (const { hash: content } of contentsOfFacts(said.facts))
    if (content !== before?.contentHash) writing.named.push(content)
  writing.sealed.push(item)
  writing.hash = item.hash
  writing.shown = await tell(tx, writing, { event, recorded, next })
  writing.state = next
  return null
}

/** Makes the thread entries of an event. Returns the platforms that have the thread. */
async function tell(
  tx: Tx,
  { parts, proposal, team, everywhere, context, state, told }: Writing,
  {
    event,
    recorded,
    next,
  }: { readonly event: ProposalEvent; readonly recorded: RecordedEvent; readonly next: ProposalState },
): Promise<readonly string[]> {
  const { members } = context
  const consoleOnly = everywhere.filter((name) => name === CONSOLE)
  const heard =
    waitsForDigest(parts.teams.digestOf(team), state, next) && !(await hasCard(tx, proposal)) ? consoleOnly : everywhere
  const logs = await readLogs(tx, logsTold(recorded, state, next))
  const entries = withPictures(storyOf(recorded, state, next, members, logs), event, next, context)
  told.push({ recorded, entries, heard })
  return heard
}

/**
 * Writes the thread entries and direct messages of the command's events. People are told, and asked, by the state after
 * all of them.
 */
function tellPeople(
  { proposal, channel, everywhere, before, context, told, messages }: Writing,
  state: ProposalState,
): void {
  const at = context.now
  const chats = everywhere.filter((name) => name !== CONSOLE)
  const notices: Notice[] = []
  const reminded = new Set<string>()
  for (const { recorded, entries, heard } of told) {
    const occasion = { recorded, before, state, moment: context }
    const loud = loudWords(occasion)
    for (const [index, entry] of entries.entries()) {
      const said = index === 0 && loud !== null ? { ...entry, loud } : entry
      for (const platform of heard) messages.push({ platform, channel, proposal, at, entry: said })
    }
    notices.push(...noticesOf(occasion))
    // Of what waits for the digest, nobody is reminded: the digest names it. What is exploited cannot wait.
    if (heard === everywhere || isExploited(state)) for (const person of listedFor(occasion)) reminded.add(person)
    notices.push(...noticesInName(recorded, state, context, entries))
  }
  const list = { proposal: null, at, entry: null, notBefore: listedFrom(at) }
  for (const person of reminded)
    for (const platform of chats) messages.push({ ...list, platform, channel: `@${person}` })
  for (const { person, entry } of notices)
    for (const platform of chats) messages.push({ platform, channel: `@${person}`, proposal, at, entry })
}

async function write(tx: Tx, writing: Writing, state: ProposalState): Promise<void> {
  const { parts, proposal, channel, before, context, register, hash, messages } = writing
  const { now, actor } = context
  // The driver reads the state again after its own commands, so they need no timer for what is due now.
  const walking = actor.kind === 'system' && (actor.part === 'rollout' || actor.part === 'verification')
  const notBefore = walking ? shownFrom(before, state, now) : null
  for (const platform of writing.shown) {
    const card = { platform, channel, proposal, at: now, entry: null }
    messages.push(notBefore === null ? card : { ...card, notBefore })
  }
  await nameContents(tx, writing.named, { contents: writing.pages, now })
  const dueAt = wakeAt(state, now)
  const [, { freed }] = await together(
    insertEntries(tx, writing.sealed),
    saveProposal(tx, { state, headHash: hash, register }, before),
    putMessages(tx, storable(messages)),
    setTimer(tx, proposal, dueAt),
    ...(dueAt !== null && !(walking && dueAt <= now) ? [parts.wake(tx, proposal, dueAt)] : []),
    ...(changesDrafts(before, state) ? [noteDirtyTeam(tx, state.team, 'decision', now)] : []),
    tellChange(tx, { channel, proposal }),
  )
  if (freed) for (const waiting of await waitingForAssets(tx, state)) await parts.wake(tx, waiting, now)
}

const CONSOLE = 'console'

/**
 * True if the change matters to the team's drafts: the proposal has started or ended, or people's votes hold it now.
 */
function changesDrafts(before: ProposalState | null, now: ProposalState): boolean {
  if (now.subject.kind !== 'patches') return false
  // The code that drafts knows what it opens itself, but not the rollbacks that others open.
  if (before === null) return now.subject.rollsBack !== undefined
  return before.status !== now.status || isHeld(before) !== isHeld(now)
}

/** Everybody whom events may name when this actor does something for a team. */
export function everybody(actor: Actor, members: readonly Member[]): readonly KnownPerson[] {
  return [...personsOf(actor), ...members.map(({ id, name }) => ({ id, name }))]
}

/** The register, with everybody whom events of the command may name. */
async function registerFor(
  tx: Tx,
  known: VersionedRegister | null,
  { actor, members, now }: Pick<Context, 'actor' | 'members' | 'now'>,
): Promise<VersionedRegister> {
  const people = everybody(actor, members)
  return known !== null && people.every(({ id }) => known.has(id)) ? known : knowPersonsIn(tx, people, now)
}

function asksAlready(other: string): string {
  return `${other} asks for exactly this already; decide there.`
}
