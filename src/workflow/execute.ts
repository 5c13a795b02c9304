import type { ThreadEntry } from '../chat/card.ts'
import type { Person } from '../chat/desk.ts'
import { noticesInName, noticesOf } from '../chat/notices.ts'
import type { ChatPlatform } from '../chat/platform.ts'
import { storyOf } from '../chat/story/story.ts'
import { logsTold } from '../chat/story/verification.ts'
import { GENESIS } from '../core/audit.ts'
import type { HashedContent } from '../core/content.ts'
import { waitsForDigest } from '../core/digest.ts'
import { errorText } from '../core/error-text.ts'
import { freezeProblem } from '../core/freeze.ts'
import type { Member, Policy } from '../core/policy.ts'
import { briefOf } from '../core/proposal/brief.ts'
import type { Context, ProposalCommand, Refusal } from '../core/proposal/command.ts'
import { decide } from '../core/proposal/decide.ts'
import { keepingSubject, subjectStored } from '../core/proposal/decision-content.ts'
import { entryOf } from '../core/proposal/entry.ts'
import type { Content, ProposalEvent } from '../core/proposal/event.ts'
import { entryProblem, stateProblem } from '../core/proposal/event-size.ts'
import { evolve } from '../core/proposal/evolve.ts'
import { type HandOver, handOver } from '../core/proposal/hand-over.ts'
import { wakeAt } from '../core/proposal/next-step.ts'
import type { Actor, ProposalState } from '../core/proposal/proposal.ts'
import { pageOf } from '../core/proposal/results-page.ts'
import { isHeld, stillToStart } from '../core/proposal/since.ts'
import { down } from '../core/proposal/turn.ts'
import { policyContent, recordable, toOpen, withContents } from '../core/proposal/written.ts'
import { contentsOfFacts } from '../core/record/content-facts.ts'
import type { SealedEntry } from '../core/record/entry.ts'
import { storable } from '../core/storable.ts'
import type { Freeze } from '../core/window.ts'
import { lockTeam, waitingForAssets, workOfOthers } from '../store/at-work.ts'
import { carry } from '../store/carry-over.ts'
import { tellChange } from '../store/changes.ts'
import type { Queryable, Tx } from '../store/connection.ts'
import { nameContents, prepareContents, readLogs } from '../store/content.ts'
import { noteDirtyTeam } from '../store/dirty.ts'
import { insertEntries, rightsInForce, sealNext } from '../store/entries.ts'
import { addFreeze, declaredFreezes, liftFreezes } from '../store/freezes.ts'
import { inSlices } from '../store/in-slices.ts'
import { oldestLook } from '../store/inventory.ts'
import { sameContent } from '../store/live-contents.ts'
import { type OutboxMessage, putMessages } from '../store/outbox.ts'
import { type KnownPerson, knowPersons, knowPersonsIn, personsOf, type VersionedRegister } from '../store/persons.ts'
import { hasCard } from '../store/posts.ts'
import { standingRuleOf } from '../store/precedents.ts'
import {
  findProposal,
  isCarried,
  lockProposal,
  nextProposalNumber,
  openHeads,
  proposalsWithStatus,
  saveProposal,
  teamOf,
} from '../store/proposals.ts'
import { setTimer } from '../store/timers.ts'
import { inTransaction, together } from '../store/transaction.ts'
import { withPictures } from './entry-pictures.ts'
import type { Estimates } from './estimates.ts'
import type { WorkflowParts } from './ports.ts'

export type Executed =
  | { readonly ok: true; readonly state: ProposalState; readonly events: readonly ProposalEvent[] }
  | { readonly ok: false; readonly refusal: Refusal; readonly state: ProposalState | null }

export type Execute = ReturnType<typeof createExecute>

/** What commands need besides their transaction. */
export interface CommandParts extends Pick<WorkflowParts, 'clock' | 'teams' | 'wake'> {
  readonly platforms: readonly Pick<ChatPlatform, 'name'>[]
  readonly estimates: Estimates
}

/**
 * The one way anything happens to a proposal. A command is decided and its events, projections, outbox rows and timer
 * are written in one transaction: all of it, or nothing. Commands on one proposal come one after another.
 */
export function createExecute(parts: WorkflowParts, estimates: Estimates, afterCommit: () => void) {
  const mine: CommandParts = {
    clock: parts.clock,
    // What is configured may change, and platforms join, while the service runs.
    get teams() {
      return parts.teams
    },
    platforms: parts.platforms,
    wake: parts.wake,
    estimates,
  }

  const told = new Set<string>()

  async function execute(proposal: string, command: ProposalCommand, actor: Actor): Promise<Executed> {
    if (command.type === 'revise') await inSlices(keepingSubject(command.content.subject))
    const kept = withContents(command)
    await prepareContents(parts.db, kept.contents, parts.clock().toISOString())
    if (kept.command.type === 'revise') made(kept.command.content)
    const done = await inTransaction(parts.db, runCommand, { parts: mine, proposal, command: kept.command, actor })
    if (done.ok) afterCommit()
    else if (done.refusal.code === 'too large') await tellTooLarge(proposal, done.refusal.sentence)
    return done
  }

  /** That a limit is reached is told in the thread, once: whoever asked may be a part of Patchwarden itself. */
  async function tellTooLarge(proposal: string, sentence: string): Promise<void> {
    if (told.has(`${proposal} ${sentence}`)) return
    // First: where the note is too large, too, it is not tried again.
    told.add(`${proposal} ${sentence}`)
    try {
      await execute(proposal, { type: 'note', text: sentence }, { kind: 'system', part: 'rollout' })
    } catch (error) {
      told.delete(`${proposal} ${sentence}`)
      parts.log.warn(`${proposal} could not be told: ${sentence} ${errorText(error)}`)
    }
  }

  /** Opens a proposal under the next free number. */
  async function open(
    team: string,
    content: Content,
    policy: Policy,
    actor: Actor,
    /** Why an earlier rollout is undone. */
    reason?: string,
  ): Promise<Executed> {
    await inSlices(keepingSubject(content.subject))
    const kept = toOpen(content, policy)
    const now = parts.clock().toISOString()
    await prepareContents(parts.db, kept.contents, now)
    await knowPersons(parts.db, everybody(actor, parts.teams.membersOf(team)), now)
    made(kept.content)
    const done = await inTransaction(parts.db, openProposal, {
      parts: mine,
      team,
      content: kept.content,
      policy,
      actor,
      ...(reason === undefined ? {} : { reason }),
    })
    if (done.ok) afterCommit()
    return done
  }

  /**
   * Freezes a team, or lifts its freezes, in a person's name. It is noted with every proposal of the team that is alive,
   * and each is scheduled anew.
   */
  async function freezeTeam(
    team: string,
    change: { readonly until: string; readonly reason: string } | 'lift',
    person: Person,
  ): Promise<{ readonly ok: boolean; readonly sentence: string }> {
    const now = parts.clock().toISOString()
    const policy = parts.teams.policyOf(team)
    const members = parts.teams.membersOf(team)
    const problem = freezeProblem({ team, change, now, person: person.id, through: person.through, policy, members })
    if (problem !== null) return { ok: false, sentence: problem }
    await knowPersons(parts.db, everybody(person, members), now)
    const command: FreezeCommand =
      change === 'lift' ? { type: 'unfreeze' } : { type: 'freeze', until: endOf(change.until), reason: change.reason }
    if (!(await inTransaction(parts.db, freezeOrLift, { parts: mine, team, command, person, now })))
      return { ok: false, sentence: `Nobody has frozen ${team}. What the configuration freezes ends there.` }
    afterCommit()
    return {
      ok: true,
      sentence:
        command.type === 'freeze'
          ? `Nothing of ${team} starts before ${command.until}.`
          : `The freeze of ${team} is lifted.`,
    }
  }

  /**
   * Whether these assets of a start may begin now, asked directly before anything begins on them: with the state, people,
   * freezes and standing approval of this moment. `since`: when work on the start began.
   */
  async function askHandOver(
    known: ProposalState,
    assets: readonly string[],
    since: string,
  ): Promise<ReadonlyMap<string, HandOver>> {
    const { id, team } = known
    const now = parts.clock().toISOString()
    const context = {
      now,
      members: parts.teams.membersOf(team),
      freezes: await freezesOf(parts.db, parts, team, now),
      standing: await standingGrant(parts.db, known),
      estimates: await estimates(parts.db, team, known.subject),
    }
    // Read last, so that a stop of a moment ago is in it.
    const state = await findProposal(parts.db, id)
    if (state === null) throw new Error(`There is no proposal ${id}.`)
    return handOver(state, assets, since, context)
  }

  return { execute, open, freezeTeam, askHandOver }
}

interface Given {
  readonly parts: CommandParts
  readonly proposal: string
  readonly command: ProposalCommand
  readonly actor: Actor
}

interface OpenGiven extends Pick<Given, 'parts' | 'actor'> {
  readonly team: string
  readonly content: Content
  readonly policy: Policy
  readonly reason?: string
}

async function openProposal(tx: Tx, { parts, team, actor, ...asked }: OpenGiven): Promise<Executed> {
  const number = await nextProposalNumber(tx)
  const id = `PW-${number}`
  return runCommand(tx, {
    parts,
    proposal: id,
    command: { type: 'open', id, number, team, ...asked },
    actor,
  })
}

type FreezeCommand = Extract<ProposalCommand, { type: 'freeze' | 'unfreeze' }>

interface FreezeGiven extends Pick<Given, 'parts'> {
  readonly team: string
  readonly command: FreezeCommand
  readonly person: Person
  readonly now: string
}

/** False where there was nothing to lift. */
async function freezeOrLift(tx: Tx, { parts, team, command, person, now }: FreezeGiven): Promise<boolean> {
  const by = { actor: person, register: await knowPersonsIn(tx, personsOf(person), now) }
  if (command.type === 'freeze') {
    const { until: untilAt, reason } = command
    await addFreeze(tx, { team, reason, fromAt: now, untilAt }, by)
  } else if ((await liftFreezes(tx, { team, now }, by)) === 0) return false
  for (const [id] of await openHeads(tx, team)) await runCommand(tx, { parts, proposal: id, command, actor: person })
  return true
}

/** Whoever stops something is never refused for how much was written before. */
const stops: readonly ProposalCommand['type'][] = ['pause', 'halt', 'withdraw', 'freeze', 'unfreeze']

/** Decides a command and writes what follows from it. */
async function runCommand(tx: Tx, { parts, proposal, command, actor }: Given): Promise<Executed> {
  if (command.type === 'start-batch') {
    const team = await teamOf(tx, proposal)
    if (team !== null) await lockTeam(tx, team)
  }
  const now = parts.clock().toISOString()
  const locked = await lockProposal(tx, proposal)
  const stored = locked === null || isCarried(locked) ? locked : await carry(tx, locked, now)
  if (stored !== null && 'problem' in stored)
    return { ok: false, state: locked?.state ?? null, refusal: { code: 'not now', sentence: stored.problem } }
  const before = stored?.state ?? null
  const team = command.type === 'open' ? command.team : before?.team
  if (team === undefined) {
    return { ok: false, state: null, refusal: { code: 'unknown', sentence: `There is no proposal ${proposal}.` } }
  }
  // Asked for together: each is a way to the database and back.
  const [freezes, standing, estimates, rights] = await Promise.all([
    freezesOf(tx, parts, team, now),
    standingGrant(tx, before),
    parts.estimates(tx, team, command.type === 'open' ? command.content.subject : before?.subject),
    stored === null ? rightsInForce(tx) : stored.rights,
  ])
  const context: Context = {
    now,
    actor,
    members: parts.teams.membersOf(team),
    teamPolicy: parts.teams.policyOf(team),
    freezes,
    standing,
    estimates,
    ...(before === null || command.type !== 'start-batch' ? {} : await elsewhere(tx, before)),
    ...(before === null || command.type !== 'start' ? {} : await lookedAt(tx, before)),
  }
  const decision = decide(before, command, context)
  if (!decision.ok) return { ok: false, state: before, refusal: decision.refusal }

  const channel = parts.teams.channelOf(team)
  const everywhere = parts.platforms.map(({ name }) => name)
  const consoleOnly = everywhere.filter((name) => name === CONSOLE)
  const chats = everywhere.filter((name) => name !== CONSOLE)
  const register = await registerFor(tx, stored?.register ?? null, { actor, members: context.members, now })
  const sealed: SealedEntry[] = []
  const messages: OutboxMessage[] = []
  const pages: HashedContent[] = []
  const named: string[] = []
  let state = before
  let hash = stored?.headHash ?? GENESIS
  let shown: readonly string[] = everywhere
  for (const event of decision.events) {
    const recorded = recordable({ stream: proposal, seq: (state?.seq ?? 0) + 1, at: now, actor, event })
    const next = evolve(state, recorded)
    const moment = { content: next.contentHash, policy: policyContent(next.policy).hash, rights, rule: next.policy }
    const said = entryOf(recorded, register, { ...moment, members: context.members })
    const item = sealNext(proposal, { seq: state?.seq ?? 0, hash }, { at: now, ...said })
    const problem = entryProblem(event.type, item)
    if (problem !== null) return { ok: false, state: before, refusal: { code: 'too large', sentence: problem } }
    const page = pageOf(event)
    if (page !== null) pages.push(page)
    // What the proposal asked for before is kept already.
    for (const { hash: content } of contentsOfFacts(said.facts))
      if (content !== before?.contentHash) named.push(content)
    sealed.push(item)
    hash = item.hash
    const heard =
      waitsForDigest(parts.teams.digestOf(team), state, next) && !(await hasCard(tx, proposal))
        ? consoleOnly
        : everywhere
    const tell = (to: string, entry: ThreadEntry | null, platforms: readonly string[]) => {
      for (const platform of platforms) messages.push({ platform, channel: to, proposal, at: now, entry })
    }
    const logs = await readLogs(tx, logsTold(recorded, state, next))
    const told = withPictures(storyOf(recorded, state, next, context.members, logs), event, next, context)
    for (const entry of told) tell(channel, entry, heard)
    const notices = [...noticesOf(recorded, next, context.members), ...noticesInName(recorded, next, told)]
    for (const { person, entry } of notices) tell(`@${person}`, entry, chats)
    shown = heard
    state = next
  }
  if (state === null) throw new Error(`${command.type} on ${proposal} was accepted without an event.`)
  if (state.contentHash !== before?.contentHash) {
    const other = await sameContent(tx, state)
    if (other !== null) return { ok: false, state: before, refusal: { code: 'already', sentence: asksAlready(other) } }
  }
  const problem = stops.includes(command.type) ? null : stateProblem(state)
  if (problem !== null) return { ok: false, state: before, refusal: { code: 'too large', sentence: problem } }
  for (const platform of shown) messages.push({ platform, channel, proposal, at: now, entry: null })

  await nameContents(tx, named, { contents: pages, now })
  const dueAt = wakeAt(state, now)
  // While the driver walks it needs no waking for what is due now: it reads the state again by itself.
  const walking = actor.kind === 'system' && (actor.part === 'rollout' || actor.part === 'verification')
  const [, { freed }] = await together(
    insertEntries(tx, sealed),
    saveProposal(tx, { state, headHash: hash, register }, before),
    putMessages(tx, storable(messages)),
    setTimer(tx, proposal, dueAt),
    ...(dueAt !== null && !(walking && dueAt <= now) ? [parts.wake(tx, proposal, dueAt)] : []),
    ...(changesDrafts(before, state) ? [noteDirtyTeam(tx, state.team, 'decision', now)] : []),
    tellChange(tx, { channel, proposal }),
  )
  if (freed) for (const waiting of await waitingForAssets(tx, state)) await parts.wake(tx, waiting, now)
  return { ok: true, state, events: decision.events }
}

/** What is asked for is stored. What lists show of it is worked out now, and not while a row is locked. */
function made(content: Content): void {
  briefOf(content.subject)
  subjectStored(content)
}

/** Does it change what the team's drafts go by: that it is over, that it runs, that it is held as people voted on it? */
function changesDrafts(before: ProposalState | null, now: ProposalState): boolean {
  if (now.subject.kind !== 'patches') return false
  // Whoever drafts knows what it opens, but for what others open to undo a rollout.
  if (before === null) return now.subject.rollsBack !== undefined
  return before.status !== now.status || isHeld(before) !== isHeld(now)
}

/** Everybody whom events of what an actor does for a team may name. */
function everybody(actor: Actor, members: readonly Member[]): readonly KnownPerson[] {
  return [...personsOf(actor), ...members.map(({ id, name }) => ({ id, name }))]
}

/** The register with everybody in it whom events of the command may name. */
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

/** How old the facts are on which a rollout would start. What rolls back goes by what was previewed when it opened. */
export async function lookedAt(db: Queryable, state: ProposalState): Promise<Pick<Context, 'lookedAt'>> {
  const { subject } = state
  if (subject.kind !== 'patches' || subject.rollsBack !== undefined) return {}
  const assets = stillToStart(state)
  return assets.length === 0 ? {} : { lookedAt: await oldestLook(db, assets) }
}

/** What other rollouts do to what this one would begin. */
async function elsewhere(tx: Tx, state: ProposalState): Promise<Pick<Context, 'others' | 'downElsewhere'>> {
  const others = await workOfOthers(tx, state)
  if (state.subject.kind !== 'patches' || (state.subject.clusters ?? []).length === 0) return { others }
  const rollouts = await proposalsWithStatus(tx, ['rolling out', 'paused', 'halted', 'verifying'], { team: state.team })
  const elsewhereDown = rollouts.flatMap(({ id, rollout }) =>
    id === state.id || rollout === null ? [] : [...down(rollout)],
  )
  return { others, downElsewhere: new Set(elsewhereDown) }
}

/** A date means its last minute: when in doubt, frozen. */
function endOf(until: string): string {
  const at = Date.parse(until) + (until.includes('T') ? 0 : 86_400_000)
  return new Date(at).toISOString()
}

const CONSOLE = 'console'

/** The configuration's freezes and those that people declared. */
export async function freezesOf(
  db: Queryable,
  { teams }: Pick<WorkflowParts, 'teams'>,
  team: string,
  now: string,
): Promise<readonly Freeze[]> {
  return [...teams.freezes, ...(await declaredFreezes(db, team, now))]
}

/** The standing approval the proposal's policy names, if it was voted and is in force. */
async function standingGrant(db: Queryable, state: ProposalState | null) {
  if (state === null || state.policy.approval.kind !== 'standing') return null
  return standingRuleOf(db, state.team, state.policy.approval.rule)
}
