/**
 * Which part of Patchwarden gives which command. No part gives a command of another part or of people, and none acts
 * for a person.
 */

import type { ProposalCommand } from '../proposal/command.ts'
import type { Actor } from '../proposal/proposal.ts'

type Part = Extract<Actor, { kind: 'system' }>['part']
type Type = ProposalCommand['type']

const parts = {
  open: 'assessment',
  revise: 'assessment',
  'compare-assets': 'assessment',
  supersede: 'assessment',
  'follow-up': 'assessment',
  remind: 'timer',
  expire: 'timer',
  'end-notice': 'timer',
  'ask-acknowledgement': 'timer',
  reschedule: 'timer',
  'announce-window': 'timer',
  start: 'rollout',
  'start-test': 'rollout',
  'start-batch': 'rollout',
  yield: 'timer',
  'take-over': 'rollout',
  'record-outcomes': 'rollout',
  'record-gate': 'rollout',
  'end-soak': 'rollout',
  complete: 'rollout',
  note: 'rollout',
  'record-calls': 'rollout',
  'note-taken-back': 'rollout',
  'end-roll-back': 'rollout',
  'record-verifications': 'verification',
  'note-drift': 'verification',
  'note-late-word': 'verification',
} as const satisfies Partial<Record<Type, Part>>

/** Commands that only a part of Patchwarden gives. The exception is `open`, which people give, too. */
export type PartsCommand = Extract<ProposalCommand, { type: keyof typeof parts }>
export type PeoplesCommand = Exclude<ProposalCommand, PartsCommand>

export function isOfParts(command: ProposalCommand): command is PartsCommand {
  return command.type in parts
}

/** The part that gives this command; `null`: people give it. */
export function partFor(type: Type): Part | null {
  return type in parts ? parts[type as keyof typeof parts] : null
}
