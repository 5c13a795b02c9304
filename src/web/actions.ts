/** Buttons and slash commands become commands here, the same for the console and the command line. */

import type { ActionName } from '../chat/card.ts'
import type { ProposalCommand } from '../core/proposal/command.ts'
import type { ActRequest } from './console-port.ts'

/** The command a button stands for; `null` for the ones that only show something. */
export function commandFor(request: ActRequest): ProposalCommand | null {
  const { revision, reason, owner, until } = request
  switch (request.action) {
    case 'approve':
    case 'reject':
    case 'abstain':
      return { type: 'vote', choice: request.action, revision, reason, owner, until }
    case 'withdraw-vote':
      return { type: 'withdraw-vote' }
    case 'break-glass':
      return { type: 'break-glass', reason }
    case 'review-break-glass':
      return { type: 'review-break-glass' }
    case 'acknowledge':
      return { type: 'acknowledge' }
    case 'pause':
    case 'halt':
      return { type: request.action, reason }
    case 'resume':
      return { type: 'resume' }
    case 'withdraw':
      return { type: 'withdraw', reason }
    case 'assets':
    case 'explain':
    case 'plan':
    case 'report':
      return null
  }
}

/** What the person who clicked is told when it worked. */
export const confirmations: Readonly<Record<ActionName, string>> = {
  approve: 'Your approval is recorded.',
  reject: 'Rejected; the reason is kept with it.',
  abstain: 'Your abstention is recorded.',
  'withdraw-vote': 'Your vote is withdrawn.',
  'break-glass': 'Approved by break-glass. Somebody else will be asked to review it.',
  'review-break-glass': 'Reviewed.',
  acknowledge: 'Acknowledged.',
  pause: 'Paused: no further batch starts.',
  resume: 'Your agreement to resume is recorded.',
  halt: 'Halted: nothing further is started.',
  withdraw: 'Withdrawn.',
  assets: '',
  explain: '',
  plan: '',
  report: '',
}

export const slashHelp = [
  '/patch list: what is open in this channel',
  '/patch approve PW-1, /patch abstain PW-1, /patch withdraw-vote PW-1',
  '/patch reject PW-1 until 2026-12-31 because <reason>',
  '/patch acknowledge | pause | resume | halt PW-1 [because <reason>]',
  '/patch withdraw PW-1 because <reason>',
  '/patch assets | explain | plan | report PW-1',
  '/patch help',
]

const actionNames: readonly string[] = Object.keys(confirmations)

export type SlashCommand =
  | { readonly kind: 'help'; readonly problem: string | null }
  | { readonly kind: 'list' }
  | {
      readonly kind: 'act'
      readonly action: ActionName
      readonly proposal: string
      readonly reason: string | null
      readonly until: string | null
    }

/** Reads `/patch <verb> [PW-n] [until DATE] [because REASON]`. `current` is the proposal the person is looking at. */
export function parseSlash(text: string, current: string | null): SlashCommand {
  const words = text.trim().split(/\s+/).slice(1)
  const verb = words[0]?.toLowerCase() ?? 'help'
  if (verb === 'help') return { kind: 'help', problem: null }
  if (verb === 'list') return { kind: 'list' }
  const action = actionNames.find((name): name is ActionName => name === verb)
  if (!action) return { kind: 'help', problem: `There is no command "${verb.slice(0, 40)}".` }
  const proposal = words.find((word) => /^pw-\d+$/i.test(word))?.toUpperCase() ?? current
  if (proposal === null) return { kind: 'help', problem: `Name the proposal: /patch ${verb} PW-1.` }
  const until = /\buntil\s+(\d{4}-\d{2}-\d{2})\b/i.exec(text)?.[1] ?? null
  const reason = /\bbecause\s+([\s\S]+)$/i.exec(text)?.[1]?.trim() ?? null
  return { kind: 'act', action, proposal, reason, until }
}
