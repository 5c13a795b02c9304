/** Handles clicks, dialogs and commands of every platform. The platforms only read the request and show the result. */

import { DAY_MS } from '../core/time/instant.ts'
import type { Account, Accounts } from './accounts.ts'
import { type ActionName, actions, isActionName, questionsOf } from './actions.ts'
import type { ActRequest, Answer, Asking, Click, Desk, Overview, Person, Suggestion } from './desk.ts'
import { createReception, type Reception } from './reception.ts'
import { rich } from './rich-text.ts'

/** Finds out which account asks. `problem`: why this account may not ask, as a sentence for its owner. */
export type Who = () => Promise<{ readonly account: Account } | { readonly problem: string }>

/** An answer that only the person who asked sees. */
export interface Reply {
  readonly answer: Answer
  /** Path of the console page with more about this; `null`: none. */
  readonly link: string | null
}

/** A dialog with the questions of an action that the person may do. */
export interface Dialog extends Click, Asking {
  /** The date that the form suggests, ISO 8601. */
  readonly until: string
}

/** The text after `/patch`. */
export interface Typed {
  readonly text: string
  /** The proposal that the text names; `null`: none. */
  readonly named: string | null
}

export type Where = Parameters<Desk['slash']>[1]

export interface InteractionParts {
  readonly desk: Desk
  readonly accounts: Accounts
  readonly clock: () => Date
  readonly log: { warn(message: string): void }
}

export interface Interaction {
  /** Somebody clicked the test button of `patchwarden check`. */
  tested(nonce: string, who: Who): Promise<Answer>
  /** Somebody clicked a button without questions. */
  clicked(click: Click, who: Who): Promise<Reply>
  /** Somebody clicked a button with questions. Returns the dialog, or an answer that says why it would be refused. */
  asked(click: Click, who: Who): Promise<Dialog | Reply>
  /** Somebody sent a dialog. */
  submitted(request: ActRequest, who: Who): Promise<Reply>
  /** `where`: the channel, and the proposal if its thread was used. */
  typed(typed: Typed, where: () => Promise<Where>, who: Who): Promise<Reply>
  overview(who: Who): Promise<Overview | Answer>
  /** Runs the work that answers a person. If it fails, the person is told so, and the operator is told why. */
  answered(work: () => Promise<Answer>): Promise<Answer>
  /** Suggests proposals for which the action would be accepted, while the person types. */
  proposals(typed: string, action: ActionName, who: Who): Promise<readonly Suggestion[]>
  /** Suggests people whom the action may name, while the person types. */
  people(action: ActionName, proposal: string | null, typed: string, who: Who): Promise<readonly Suggestion[]>
}

export const testWords = {
  text: 'This is a test by patchwarden check: click the button, and it is done.',
  button: 'Click me',
} as const

/** The nonce in the id of a test button; `null`: the id is of another button. */
export function testNonce(id: string): string | null {
  return /^pw:test:([\w-]+)$/.exec(id)?.[1] ?? null
}

/** True if the action asks questions first. */
export function isAsking(action: ActionName): boolean {
  return questionsOf(action).length > 0
}

const DAYS = 30
/** How many people are suggested at once: Discord's limit. */
const SUGGESTED = 25
const nothingTyped = { reason: null, owner: null, until: null, asset: null }

export function createInteraction({ desk, accounts, clock, log }: InteractionParts): Interaction {
  const reception = createReception(desk, accounts, log)
  return {
    tested: (nonce, who) => asAccount(reception, who, (account) => reception.tested(nonce, account)),
    async clicked(click, who) {
      const act = (account: Account) => reception.act({ ...click, ...nothingTyped }, account)
      return reply(await asAccount(reception, who, act), click.proposal, click.action)
    },
    async asked(click, who) {
      const found = await asAccount<Asking>(reception, who, (account) => reception.asking(click, account))
      if ('ok' in found) return reply(found, click.proposal, click.action)
      const days = actions[click.action].untilDays ?? DAYS
      const until = new Date(clock().getTime() + days * DAY_MS).toISOString().slice(0, 10)
      return { ...click, ...found, until }
    },
    async submitted(request, who) {
      const answer = await asAccount(reception, who, (account) => reception.act(request, account))
      return reply(answer, request.proposal, null)
    },
    async typed({ text, named }, where, who) {
      let thread: string | null = null
      const answer = await asAccount(reception, who, async (account) => {
        const here = await where()
        thread = here.proposal
        return reception.slash(text, here, account)
      })
      const verb = text.trim().split(/\s+/)[0]?.toLowerCase() ?? ''
      return reply(answer, named ?? thread, isActionName(verb) ? verb : null)
    },
    overview: (who) =>
      asAccount<Overview>(reception, who, async (account) => {
        const person = await reception.personOf(account)
        if (person !== null) return desk.overview(person)
        const message = rich('Patchwarden does not know you yet. Type /patch link in a channel.')
        return { ok: false, message }
      }),
    answered: reception.answered,
    async proposals(typed, action, who) {
      const person = await personIn(reception, who)
      return person === null ? [] : desk.suggest(typed, action, person)
    },
    async people(action, proposal, typed, who) {
      const person = await personIn(reception, who)
      if (proposal === null || person === null) return []
      const found = await desk.asking({ proposal, action, revision: null }, person)
      if ('ok' in found) return []
      const wanted = typed.toLowerCase()
      return found.owners
        .map(({ id, name }) => ({ name: `${name} (${id})`, value: id }))
        .filter(({ name }) => name.toLowerCase().includes(wanted))
        .slice(0, SUGGESTED)
    },
  }
}

/** Runs the work that answers an account. If the account may not act, its owner is told why. */
function asAccount<Found = never>(
  reception: Reception,
  who: Who,
  work: (account: Account) => Promise<Answer | Found>,
): Promise<Answer | Found> {
  return reception.answered<Found>(async () => {
    const found = await who()
    return 'problem' in found ? { ok: false, message: rich(found.problem) } : work(found.account)
  })
}

async function personIn(reception: Reception, who: Who): Promise<Person | null> {
  const found = await who()
  return 'account' in found ? reception.personOf(found.account) : null
}

function reply(answer: Answer, proposal: string | null, action: ActionName | null): Reply {
  const { link, detail } = answer
  if (link !== undefined) return { answer, link }
  if (detail === undefined || proposal === null) return { answer, link: null }
  const page = action !== null && actions[action].command === null ? `/${action}` : ''
  return { answer, link: `/p/${proposal}${page}` }
}
