/** Everything a person can do to a proposal, once: buttons, slash commands, command line and their help come from here. */

import type { ProposalCommand } from '../core/proposal/command.ts'

/** What a person says with an action. */
export interface ActionInput {
  /** The revision the person saw; a click on an old one gets the new card, not a vote. */
  readonly revision: number | null
  readonly reason: string | null
  /** Person id. */
  readonly owner: string | null
  /** ISO 8601 date. */
  readonly until: string | null
}

export interface Action {
  /** On a button; three dots where something is asked first. */
  readonly label: string
  readonly style: 'primary' | 'danger' | 'plain'
  /** `deferral`: reason, owner and date. */
  readonly asks: 'nothing' | 'reason' | 'deferral'
  /** For help: what it does. */
  readonly summary: string
  /** What the person is told when it worked; empty where something is shown instead. */
  readonly done: string
  /** `null`: it only shows something. */
  readonly command: ((input: ActionInput) => ProposalCommand) | null
  /** Its command on the command line, where that is not the name; `null`: part of another command. */
  readonly commandLine?: string | null
}

function vote(choice: 'approve' | 'reject' | 'abstain'): Action['command'] {
  return ({ revision, reason, owner, until }) => ({ type: 'vote', choice, revision, reason, owner, until })
}

const table = {
  approve: {
    label: 'Approve',
    style: 'primary',
    asks: 'nothing',
    summary: 'vote for it',
    done: 'Your approval is recorded.',
    command: vote('approve'),
    commandLine: null,
  },
  reject: {
    label: 'Reject…',
    style: 'danger',
    asks: 'deferral',
    summary: 'vote against it until a date, with a reason and somebody who looks again',
    done: 'Rejected; the reason is kept with it.',
    command: vote('reject'),
    commandLine: null,
  },
  abstain: {
    label: 'Abstain',
    style: 'plain',
    asks: 'nothing',
    summary: 'say that you do not vote',
    done: 'Your abstention is recorded.',
    command: vote('abstain'),
    commandLine: null,
  },
  'withdraw-vote': {
    label: 'Withdraw my vote',
    style: 'plain',
    asks: 'nothing',
    summary: 'take your vote back',
    done: 'Your vote is withdrawn.',
    command: () => ({ type: 'withdraw-vote' }),
    commandLine: null,
  },
  acknowledge: {
    label: 'Acknowledge',
    style: 'primary',
    asks: 'nothing',
    summary: 'say, as the one on call, that you know of the rollout',
    done: 'Acknowledged.',
    command: () => ({ type: 'acknowledge' }),
    commandLine: 'ack',
  },
  pause: {
    label: 'Pause',
    style: 'plain',
    asks: 'nothing',
    summary: 'start no further batch until it is resumed',
    done: 'Paused: no further batch starts.',
    command: ({ reason }) => ({ type: 'pause', reason }),
  },
  halt: {
    label: 'Halt…',
    style: 'danger',
    asks: 'reason',
    summary: 'stop the rollout',
    done: 'Halted: nothing further is started.',
    command: ({ reason }) => ({ type: 'halt', reason }),
  },
  resume: {
    label: 'Resume',
    style: 'primary',
    asks: 'nothing',
    summary: 'agree that a stopped rollout goes on',
    done: 'Your agreement to resume is recorded.',
    command: () => ({ type: 'resume' }),
  },
  withdraw: {
    label: 'Withdraw…',
    style: 'danger',
    asks: 'reason',
    summary: 'end it for good',
    done: 'Withdrawn.',
    command: ({ reason }) => ({ type: 'withdraw', reason }),
  },
  'break-glass': {
    label: 'Break glass…',
    style: 'danger',
    asks: 'reason',
    summary: 'approve it at once and outside its window, for everybody to see',
    done: 'Approved by break-glass. Somebody else will be asked to review it.',
    command: ({ reason }) => ({ type: 'break-glass', reason }),
  },
  'review-break-glass': {
    label: 'Review break-glass',
    style: 'plain',
    asks: 'nothing',
    summary: 'confirm that you have reviewed a break-glass of somebody else',
    done: 'Reviewed.',
    command: () => ({ type: 'review-break-glass' }),
  },
  explain: {
    label: 'Explain',
    style: 'plain',
    asks: 'nothing',
    summary: 'show the evidence behind its priority',
    done: '',
    command: null,
    commandLine: null,
  },
  assets: {
    label: 'Assets',
    style: 'plain',
    asks: 'nothing',
    summary: 'show its assets, what changes on each and how each ended',
    done: '',
    command: null,
    commandLine: null,
  },
  plan: {
    label: 'Plan',
    style: 'plain',
    asks: 'nothing',
    summary: 'show rings, windows and the exact transaction',
    done: '',
    command: null,
    commandLine: null,
  },
  report: {
    label: 'Report',
    style: 'plain',
    asks: 'nothing',
    summary: 'show it as a document',
    done: '',
    command: null,
    commandLine: null,
  },
} as const satisfies Readonly<Record<string, Action>>

/** One name each on every platform. */
export type ActionName = keyof typeof table

export const actions: Readonly<Record<ActionName, Action>> = table

const names: readonly string[] = Object.keys(table)

export function isActionName(name: string): name is ActionName {
  return names.includes(name)
}

/** In the order in which help lists them. */
export const actionNames: readonly ActionName[] = names.filter(isActionName)
