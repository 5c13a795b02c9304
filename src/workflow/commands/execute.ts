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

/** What `createExecute` keeps for its functions. */
interface Executing {
  readonly parts: ExecuteParts
  /** The parts that may be used inside a transaction. */
  readonly forCommands: CommandParts
  readonly afterCommit: () => void
  /** The limits that the threads were already told of, with the proposal. */
  readonly told: Set<string>
}

/**
 * The only way to change a proposal. A command is decided, and its events, projections, outbox rows and timer are
 * written in one transaction. Commands on one proposal run one after the other.
 */
export function createExecute(parts: ExecuteParts, estimates: Estimates, afterCommit: () => void) {
  const forCommands: CommandParts = {
    clock: parts.clock,
    // The configuration may change, and platforms may join, while the service runs.
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
    /** Opens the proposal that undoes another one, with that one's team and policy. */
    openRollBack: (
      { id, team, policy }: ProposalState,
      content: Content,
      actor: Actor,
      asked: Pick<OpeningBack, 'end' | 'reason'>,
    ) => open(executing, { team, content, policy, actor }, { original: id, ...asked }),
    /**
     * Freezes a team, or lifts its freezes, in a person's name. Every living proposal of the team notes this and is
     * scheduled again.
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
     * Whether these assets of a start may begin now. Asked just before anything begins on them, so it reads the present
     * state, people, freezes and standing approval. `since`: when work on the start began, ISO 8601 UTC.
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

/** Tells the thread once that a limit is reached, because no person may have sent the command. */
async function tellTooLarge(executing: Executing, proposal: string, sentence: string): Promise<void> {
  const { parts, told } = executing
  if (told.has(`${proposal} ${sentence}`)) return
  // Set first, so that a note that is too large itself is not tried again.
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
  // Read last, so that it includes a stop from a moment ago.
  const state = await findProposal(parts.db, id)
  if (state === null) throw new Error(`There is no proposal ${id}.`)
  return handOver(state, assets, since, context)
}

/** Makes the stored form of the content and its brief before the transaction, because the transaction holds locks. */
function made(content: Content): void {
  briefOf(content.subject)
  subjectStored(content)
}
