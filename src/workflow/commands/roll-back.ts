/** A proposal and its rollback know each other. Both are written in one transaction. */

import { finalStatuses } from '../../core/proposal/proposal.ts'
import { undoing } from '../../core/rollback.ts'
import type { Tx } from '../../store/connection.ts'
import { nextProposalNumber } from '../../store/proposals.ts'
import { type Commanded, type Executed, runCommand } from './run-command.ts'

type Command = Commanded['command']
type Content = Extract<Command, { type: 'open' }>['content']

export interface Opening extends Pick<Commanded, 'parts' | 'actor'> {
  readonly team: string
  readonly content: Content
  readonly policy: Extract<Command, { type: 'open' }>['policy']
}

/** Opens a proposal under the next free number. */
export async function openProposal(tx: Tx, opening: Opening): Promise<Executed> {
  return openAs(tx, await nextProposalNumber(tx), opening)
}

function openAs(
  tx: Tx,
  number: number,
  { parts, actor, ...content }: Opening & { readonly reason?: string },
): Promise<Executed> {
  const id = `PW-${number}`
  return runCommand(tx, { parts, proposal: id, command: { type: 'open', id, number, ...content }, actor })
}

export interface OpeningBack extends Opening {
  /** Why the original is undone. */
  readonly reason: string
  /** The proposal that is undone. */
  readonly original: string
  /** True: if the original is stopped half way, it is also ended. */
  readonly end: boolean
}

/** Thrown so that the transaction writes nothing. */
export class RollBackRefused extends Error {
  readonly refused: Executed & { readonly ok: false }

  constructor(refused: Executed & { readonly ok: false }) {
    super(refused.refusal.sentence)
    this.refused = refused
  }
}

/** Opens the proposal that undoes another one. If two people ask at the same time, the second learns of the first. */
export async function openRollBack(tx: Tx, { original, end, ...opening }: OpeningBack): Promise<Executed> {
  const { parts, actor, reason } = opening
  const number = await nextProposalNumber(tx)
  const give = async (command: Command) => {
    const done = await runCommand(tx, { parts, proposal: original, command, actor })
    if (!done.ok) throw new RollBackRefused(done)
    return done.state
  }
  const { status } = await give({ type: 'open-roll-back', by: `PW-${number}` })
  // If only a part is undone, people decide about the rest, so the original is not ended.
  if (end && (status === 'halted' || status === 'paused'))
    await give({ type: 'withdraw', reason: `rolled back: ${reason}` })
  const opened = await openAs(tx, number, opening)
  if (!opened.ok) throw new RollBackRefused(opened)
  return opened
}

/** Runs a command. If it ends a rollback, the original proposal is told the result. */
export async function runAndTell(tx: Tx, commanded: Commanded): Promise<Executed> {
  const done = await runCommand(tx, commanded)
  if (!done.ok || !finalStatuses.includes(done.state.status)) return done
  const ended = undoing(done.state)
  if (ended === null) return done
  const { original, undone } = ended
  const command = { type: 'end-roll-back', by: done.state.id, undone } as const
  // A refusal is ignored: the original knows the result already, or does not exist any more.
  await runCommand(tx, {
    parts: commanded.parts,
    proposal: original,
    command,
    actor: { kind: 'system', part: 'rollout' },
  })
  return done
}
