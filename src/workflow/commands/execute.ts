import type { Person } from '../../chat/desk.ts'
import { errorText } from '../../core/error-text.ts'
import type { Policy } from '../../core/policy.ts'
import { briefOf } from '../../core/proposal/brief.ts'
import type { ProposalCommand } from '../../core/proposal/command.ts'
import { keepingSubject, subjectStored } from '../../core/proposal/decision-content.ts'
import type { Content } from '../../core/proposal/event.ts'
import type { Actor, ProposalState } from '../../core/proposal/proposal.ts'
import { toOpen, withContents } from '../../core/proposal/written.ts'
import { type HandOver, handOver } from '../../core/rollout/hand-over.ts'
import { prepareContents } from '../../store/content.ts'
import { inSlices } from '../../store/in-slices.ts'
import { knowPersons } from '../../store/persons.ts'
import { findProposal } from '../../store/proposals.ts'
import { inTransaction } from '../../store/transaction.ts'
import type { Estimates } from '../estimates.ts'
import type { WorkflowParts } from '../ports.ts'
import { type CommandParts, freezesOf, standingGrant } from './context.ts'
import { freezeTeam } from './freeze-team.ts'
import { type Opening, type OpeningBack, openProposal, openRollBack, RollBackRefused, runAndTell } from './roll-back.ts'
import { type Executed, everybody } from './run-command.ts'

export type Execute = ReturnType<typeof createExecute>

type ExecuteParts = Pick<WorkflowParts, 'db' | 'clock' | 'teams' | 'platforms' | 'wake' | 'log'>

/** What executes commands, and what it has told already. */
interface Executing {
  readonly parts: ExecuteParts
  /** The parts that work in a transaction may be given. */
  readonly forCommands: CommandParts
  readonly afterCommit: () => void
  /** Which limits were reported for which proposals. */
  readonly told: Set<string>
}

/**
 * The one way anything happens to a proposal. A command is decided and its events, projections, outbox rows and timer
 * are written in one transaction: all of it, or nothing. Commands on one proposal come one after another.
 */
export function createExecute(parts: ExecuteParts, estimates: Estimates, afterCommit: () => void) {
  const forCommands: CommandParts = {
    clock: parts.clock,
    // What is configured may change, and platforms join, while the service runs.
    get teams() {
      return parts.teams
    },
    platforms: parts.platforms,
    wake: parts.wake,
    estimates,
  }
  const executing: Executing = { parts, forCommands, afterCommit, told: new Set() }

  return {
    execute: (proposal: string, command: ProposalCommand, actor: Actor) => execute(executing, proposal, command, actor),
    /** Opens a proposal under the next free number. */
    open: (team: string, content: Content, policy: Policy, actor: Actor) =>
      open(executing, { team, content, policy, actor }),
    /** Opens the one that undoes another, by the other's team and policy. */
    openRollBack: (
      { id, team, policy }: ProposalState,
      content: Content,
      actor: Actor,
      asked: Pick<OpeningBack, 'end' | 'reason'>,
    ) => open(executing, { team, content, policy, actor }, { original: id, ...asked }),
    /**
     * Freezes a team, or lifts its freezes, in a person's name. It is noted with every proposal of the team that is alive,
     * and each is scheduled anew.
     */
    async freezeTeam(
      team: string,
      change: { readonly until: string; readonly reason: string } | 'lift',
      person: Person,
    ) {
      const done = await freezeTeam(parts.db, forCommands, team, change, person)
      if (done.ok) afterCommit()
      return done
    },
    /**
     * Whether these assets of a start may begin now, asked directly before anything begins on them: with the state, people,
     * freezes and standing approval of this moment. `since`: when work on the start began.
     */
    askHandOver: (known: ProposalState, assets: readonly string[], since: string) =>
      askHandOver(executing, known, assets, since),
  }
}

async function execute(
  executing: Executing,
  proposal: string,
  command: ProposalCommand,
  actor: Actor,
): Promise<Executed> {
  const { parts, forCommands, afterCommit } = executing
  if (command.type === 'revise') await inSlices(keepingSubject(command.content.subject))
  const kept = withContents(command)
  await prepareContents(parts.db, kept.contents, parts.clock().toISOString())
  if (kept.command.type === 'revise') made(kept.command.content)
  const done = await inTransaction(parts.db, runAndTell, {
    parts: forCommands,
    proposal,
    command: kept.command,
    actor,
  })
  if (done.ok) afterCommit()
  else if (done.refusal.code === 'too large') await tellTooLarge(executing, proposal, done.refusal.sentence)
  return done
}

/** Tells the thread once that a limit is reached: the one who asked may be a part of Patchwarden itself. */
async function tellTooLarge(executing: Executing, proposal: string, sentence: string): Promise<void> {
  const { parts, told } = executing
  if (told.has(`${proposal} ${sentence}`)) return
  // Set first: if the note is too large, too, it must not be tried again.
  told.add(`${proposal} ${sentence}`)
  try {
    await execute(executing, proposal, { type: 'note', text: sentence }, { kind: 'system', part: 'rollout' })
  } catch (error) {
    told.delete(`${proposal} ${sentence}`)
    parts.log.warn(`${proposal} could not be told: ${sentence} ${errorText(error)}`)
  }
}

type ToOpen = Omit<Opening, 'parts'>

async function open(
  { parts, forCommands, afterCommit }: Executing,
  { team, content, policy, actor }: ToOpen,
  undone?: Pick<OpeningBack, 'original' | 'end' | 'reason'>,
): Promise<Executed> {
  await inSlices(keepingSubject(content.subject))
  const kept = toOpen(content, policy)
  const now = parts.clock().toISOString()
  await prepareContents(parts.db, kept.contents, now)
  await knowPersons(parts.db, everybody(actor, parts.teams.membersOf(team)), now)
  made(kept.content)
  const opening = { parts: forCommands, team, content: kept.content, policy, actor }
  const done =
    undone === undefined
      ? await inTransaction(parts.db, openProposal, opening)
      : await inTransaction(parts.db, openRollBack, { ...opening, ...undone }).catch(refusedBack)
  if (done.ok) afterCommit()
  return done
}

function refusedBack(error: unknown): Executed {
  if (error instanceof RollBackRefused) return error.refused
  throw error
}

async function askHandOver(
  { parts, forCommands }: Executing,
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
    estimates: await forCommands.estimates(parts.db, team, known.subject),
  }
  // Read last, so that a stop of a moment ago is in it.
  const state = await findProposal(parts.db, id)
  if (state === null) throw new Error(`There is no proposal ${id}.`)
  return handOver(state, assets, since, context)
}

/**
 * What is asked for is stored. What lists show of it is worked out now, because later a row would be locked meanwhile.
 */
function made(content: Content): void {
  briefOf(content.subject)
  subjectStored(content)
}
