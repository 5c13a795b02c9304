/** Everything a person can do. Buttons, slash commands, command line, help and manifests are made from this table. */

import type { ProposalCommand } from '../core/proposal/command.ts'

/** Undoes a rollout with a new proposal. So this is not a command to the old proposal. */
export interface RollBack {
  readonly type: 'roll-back'
  readonly reason: string | null
  /** An asset or `ring:NAME`; `null`: all of it. */
  readonly only: string | null
}

/** The values that a person gives with an action. */
export interface ActionInput {
  /** The number on the button (see `CardAction`); `null`: the person named only the proposal. */
  readonly revision: number | null
  readonly reason: string | null
  /** Person id. */
  readonly owner: string | null
  /** ISO 8601 date. */
  readonly until: string | null
  /** Name or id of an asset. */
  readonly asset: string | null
  /** Id or name of the person who is asked. Left out: none was named. */
  readonly person?: string | null
}

/**
 * `until`: a date. `owner`: the person who looks at the proposal again. `asset`: an asset of the proposal.
 * `person`: the person who is asked.
 */
export type Ask = 'reason' | 'until' | 'owner' | 'asset' | 'person'

/** One question of an action: a field in every form, and a part of every command. */
export interface Question {
  readonly ask: Ask
  /** False: the answer may be left out. */
  readonly required: boolean
  readonly label: string
}

export interface Action {
  /** The text of the button. It ends with three dots if the action asks questions first. */
  readonly label: string
  readonly style: 'primary' | 'danger' | 'plain'
  /** The date that a form suggests, in days from today. */
  readonly untilDays?: number
  /** What the action does, for the help. */
  readonly summary: string
  /** The answer when the action worked; empty if the action shows something instead. */
  readonly done: string
  /** `null`: the action only shows something. */
  readonly command: ((input: ActionInput) => ProposalCommand | RollBack) | null
  /** The command on the command line, if it differs from the action's name; `null`: it is a part of another command. */
  readonly commandLine?: string | null
}

interface Entry extends Action {
  /** The questions of the action, in this order. A question mark stands after an optional one. */
  readonly asks: readonly (Ask | `${Ask}?`)[]
  /** Labels that differ from `usualLabels`. They must be short enough for a field of Discord. */
  readonly labels?: Readonly<Partial<Record<Ask, string>>>
}

const usualLabels: Readonly<Record<Ask, string>> = {
  reason: 'Reason',
  until: 'Until when it holds',
  owner: 'Who looks at it again',
  asset: 'Which server',
  person: 'Whom you ask',
}

function vote(choice: 'approve' | 'reject' | 'abstain'): Action['command'] {
  return ({ revision, reason, owner, until }) => ({ type: 'vote', choice, revision, reason, owner, until })
}

const table = {
  approve: {
    label: 'Approve',
    style: 'primary',
    asks: [],
    summary: 'vote for it',
    done: 'Your approval is recorded.',
    command: vote('approve'),
    commandLine: null,
  },
  reject: {
    label: 'Reject…',
    style: 'danger',
    asks: ['reason', 'owner?', 'until'],
    untilDays: 30,
    summary: 'vote against it until a date, with a reason',
    done: 'Rejected; the reason is kept with it.',
    command: vote('reject'),
    commandLine: null,
  },
  abstain: {
    label: 'Abstain',
    style: 'plain',
    asks: [],
    summary: 'say that you do not vote',
    done: 'Your abstention is recorded.',
    command: vote('abstain'),
    commandLine: null,
  },
  'withdraw-vote': {
    label: 'Withdraw my vote',
    style: 'plain',
    asks: [],
    summary: 'take your vote back',
    done: 'Your vote is withdrawn.',
    command: () => ({ type: 'withdraw-vote' }),
    commandLine: null,
  },
  confirm: {
    label: 'Confirm it was me',
    style: 'primary',
    asks: [],
    summary: 'let a vote that came by a sign-in link or the command line count as your own',
    done: '',
    command: ({ revision }) => ({ type: 'confirm', act: revision }),
    commandLine: null,
  },
  postpone: {
    label: 'Postpone…',
    style: 'plain',
    asks: ['until', 'reason'],
    labels: { until: 'Not before' },
    untilDays: 1,
    summary: 'move it to a later window: the next one, or the first from a date on',
    done: 'Postponed to a later window.',
    command: ({ until, reason }) => ({ type: 'postpone', until, reason }),
  },
  acknowledge: {
    label: 'Acknowledge',
    style: 'primary',
    asks: [],
    summary: 'say, as the one on call, that you know of the rollout',
    done: 'Acknowledged.',
    command: ({ revision: turn }) => ({ type: 'acknowledge', turn }),
    commandLine: 'ack',
  },
  pause: {
    label: 'Pause',
    style: 'plain',
    asks: [],
    summary: 'start nothing more until it is resumed',
    done: 'Paused: no further batch starts.',
    command: ({ reason }) => ({ type: 'pause', reason }),
  },
  halt: {
    label: 'Halt…',
    style: 'danger',
    asks: ['reason'],
    summary: 'stop the rollout or test ring',
    done: 'Halted: nothing further is started.',
    command: ({ reason }) => ({ type: 'halt', reason }),
  },
  'end-waiting': {
    label: 'End the waiting…',
    style: 'danger',
    asks: ['reason'],
    summary: 'count servers that have not reported as silent, and halt',
    done: 'Servers that have not reported count as silent. It is halted until it is resumed.',
    command: ({ reason }) => ({ type: 'end-waiting', reason }),
  },
  resume: {
    label: 'Resume',
    style: 'primary',
    asks: [],
    summary: 'agree that what is stopped goes on',
    done: 'Your agreement to resume is recorded.',
    command: ({ revision: turn }) => ({ type: 'resume', turn }),
  },
  go: {
    label: 'Go',
    style: 'primary',
    asks: [],
    summary: 'let the ring that waits for it begin',
    done: 'Go: the ring begins.',
    command: ({ revision: turn }) => ({ type: 'go', turn }),
  },
  skip: {
    label: 'Skip a server…',
    style: 'plain',
    asks: ['asset', 'reason'],
    summary: 'leave a server out: it is not touched, or its failure no longer counts',
    done: 'Left out.',
    command: ({ asset, reason }) => ({ type: 'skip', asset, reason }),
  },
  retry: {
    label: 'Retry failed…',
    style: 'plain',
    asks: ['asset?'],
    labels: { asset: 'Which server (left empty: all that failed)' },
    summary: 'try what failed again; where it is stopped, that agrees to resume',
    done: 'What failed is tried again. Where the rollout was stopped, that counts as your agreement to resume.',
    command: ({ asset, revision: turn }) => ({ type: 'retry', asset, turn }),
  },
  extend: {
    label: 'Extend the window…',
    style: 'danger',
    asks: ['reason'],
    summary: 'let it run on for an hour although its window ends',
    done: 'The window is an hour longer.',
    command: ({ reason }) => ({ type: 'extend-window', until: null, reason }),
  },
  'roll-back': {
    label: 'Roll back…',
    style: 'danger',
    asks: ['asset?', 'reason'],
    labels: { asset: 'Server or ring:NAME (left empty: all of it)' },
    summary: 'put the versions from before back: on one server, a ring (ring:NAME), or all',
    done: 'It is being rolled back.',
    command: ({ reason, asset }) => ({ type: 'roll-back', reason, only: asset }),
    commandLine: 'rollback',
  },
  withdraw: {
    label: 'Withdraw…',
    style: 'danger',
    asks: ['reason'],
    summary: 'end it for good',
    done: 'Withdrawn.',
    command: ({ reason }) => ({ type: 'withdraw', reason }),
  },
  freeze: {
    label: 'Freeze…',
    style: 'danger',
    asks: ['until', 'reason'],
    labels: { until: 'Frozen until the end of' },
    untilDays: 7,
    summary: 'let nothing of its team start until a date, with a reason',
    done: 'Frozen: nothing of the team starts until then.',
    command: ({ until, reason }) => ({ type: 'freeze', until: until ?? '', reason: reason ?? '' }),
  },
  unfreeze: {
    label: 'Lift the freeze',
    style: 'plain',
    asks: [],
    summary: 'end the freeze of its team',
    done: 'The freeze is lifted.',
    command: () => ({ type: 'unfreeze' }),
  },
  'break-glass': {
    label: 'Break glass…',
    style: 'danger',
    asks: ['reason'],
    summary: 'approve it at once and outside its window, for everybody to see',
    done: 'Approved by break-glass. Somebody else will be asked to review it.',
    command: ({ reason }) => ({ type: 'break-glass', reason }),
  },
  'review-break-glass': {
    label: 'Review break-glass',
    style: 'plain',
    asks: [],
    summary: "confirm that you have reviewed somebody else's break-glass",
    done: 'Reviewed.',
    command: () => ({ type: 'review-break-glass' }),
  },
  ask: {
    label: 'Ask somebody…',
    style: 'plain',
    asks: ['person', 'reason?'],
    labels: { reason: 'Your question' },
    summary: 'ask somebody who can act on it',
    done: 'Asked.',
    command: ({ person = null, reason }) => ({ type: 'ask', person, reason }),
  },
  explain: {
    label: 'Explain',
    style: 'plain',
    asks: [],
    summary: 'show the evidence behind its priority',
    done: '',
    command: null,
    commandLine: null,
  },
  assets: {
    label: 'Servers',
    style: 'plain',
    asks: [],
    summary: 'show its servers, what changes on each and how each ended',
    done: '',
    command: null,
    commandLine: null,
  },
  plan: {
    label: 'Plan',
    style: 'plain',
    asks: [],
    summary: 'show rings, windows and the exact transaction',
    done: '',
    command: null,
    commandLine: null,
  },
  report: {
    label: 'Report',
    style: 'plain',
    asks: [],
    summary: 'show it as a document',
    done: '',
    command: null,
    commandLine: null,
  },
} as const satisfies Readonly<Record<string, Entry>>

/** An action has the same name on every platform. */
export type ActionName = keyof typeof table

export const actions: Readonly<Record<ActionName, Action>> = table

const entries: Readonly<Record<ActionName, Entry>> = table

/** The questions of an action, in their order. */
export function questionsOf(name: ActionName): readonly Question[] {
  const { asks, labels = {} } = entries[name]
  return asks.map((asked) => {
    const ask = asked.replace('?', '') as Ask
    return { ask, required: asked === ask, label: labels[ask] ?? usualLabels[ask] }
  })
}

const names: readonly string[] = Object.keys(table)

export function isActionName(name: string): name is ActionName {
  return names.includes(name)
}

/**
 * The number that a command carries when it names only the proposal. A vote answers the present revision. `null`: any
 * other action answers whatever the proposal asks now.
 */
export function numberNamedAlone(name: ActionName, revision: number): number | null {
  return name === 'approve' || name === 'reject' || name === 'abstain' ? revision : null
}

/** All actions, in the order of the help. */
export const actionNames: readonly ActionName[] = names.filter(isActionName)

/** Commands that are not about one proposal. */
const looks = {
  list: { summary: 'show what is open in this channel' },
  mine: { summary: 'show what waits for you, and what you decided' },
  running: { summary: 'show what is being rolled out, and what starts next' },
  link: { summary: 'get a code that links this account with you, or type one' },
  accounts: { summary: 'show the accounts that speak and vote for you, and since when' },
  unlink: { summary: 'revoke an account that was linked with you', follows: ' <platform> [account]' },
  away: {
    summary: 'say until when you are away, and who stands in',
    follows: ' [person] until <date> [deputy <person>]',
  },
  back: { summary: 'say that you are back' },
  help: { summary: 'show these commands' },
} as const satisfies Readonly<Record<string, Look>>

interface Look {
  readonly summary: string
  /** The arguments after the name. */
  readonly follows?: string
}

export type LookName = keyof typeof looks

export const lookSummaries: Readonly<Record<LookName, Look>> = looks

export function isLookName(name: string): name is LookName {
  return lookNames.some((known) => known === name)
}

export const lookNames: readonly LookName[] = Object.keys(looks) as LookName[]
