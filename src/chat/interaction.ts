/**
 * What a click, a dialog or a command leads to, on any platform: the platforms only read what was asked, and show the
 * result.
 */

import { DAY_MS } from '../core/time/instant.ts'
import type { Account, Accounts } from './accounts.ts'
import { type ActionName, actions, isActionName, questionsOf } from './actions.ts'
import type { ActRequest, Answer, Asking, Click, Desk, Overview, Person, Suggestion } from './desk.ts'
import { createReception, type Reception } from './reception.ts'
import { rich } from './rich-text.ts'

/** Finds out whose account asks; `problem`: why it may not, for them to read. */
export type Who = () => Promise<{ readonly account: Account } | { readonly problem: string }>

/** An answer, shown only to who asked. */
export interface Reply {
  readonly answer: Answer
  /** Path in the console that says more; `null`: there is none. */
  readonly link: string | null
}

/** Asks somebody who may do an action for what it needs to know. */
export interface Dialog extends Click, Asking {
  /** ISO 8601 date that is proposed where one is asked for. */
  readonly until: string
}

/** What follows `/patch`. */
export interface Typed {
  readonly text: string
  /** The proposal that it names; `null`: none. */
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
  /** The button of a test by `patchwarden check` was clicked. */
  tested(nonce: string, who: Who): Promise<Answer>
  /** A button that asks nothing was clicked. */
  clicked(click: Click, who: Who): Promise<Reply>
  /** A button that asks something was clicked: the dialog, or why it would be in vain. */
  asked(click: Click, who: Who): Promise<Dialog | Reply>
  /** A dialog was sent. */
  submitted(request: ActRequest, who: Who): Promise<Reply>
  /** `where`: the channel, and the proposal whose thread it is. */
  typed(typed: Typed, where: () => Promise<Where>, who: Who): Promise<Reply>
  overview(who: Who): Promise<Overview | Answer>
  /** Runs the work that answers somebody; if it fails, they are told so, and the operator is told why. */
  answered(work: () => Promise<Answer>): Promise<Answer>
  /** Proposals of which the action would be accepted, while their name is typed. */
  proposals(typed: string, action: ActionName, who: Who): Promise<readonly Suggestion[]>
  /** People who may be named to look again at a proposal, while their name is typed. */
  owners(proposal: string | null, typed: string, who: Who): Promise<readonly Suggestion[]>
}

export const testWords = {
  text: 'This is a test by patchwarden check: click the button, and it is done.',
  button: 'Click me',
} as const

/** What the id of a test button carries; `null`: it is another button. */
export function testNonce(id: string): string | null {
  return /^pw:test:([\w-]+)$/.exec(id)?.[1] ?? null
}

/** Whether something is asked before it is done. */
export function isAsking(action: ActionName): boolean {
  return questionsOf(action).length > 0
}

const DAYS = 30
/** People who are suggested at once: as many as Discord shows. */
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
    async owners(proposal, typed, who) {
      const person = await personIn(reception, who)
      if (proposal === null || person === null) return []
      const found = await desk.asking({ proposal, action: 'reject', revision: null }, person)
      if ('ok' in found) return []
      const wanted = typed.toLowerCase()
      return found.owners
        .map(({ id, name }) => ({ name: `${name} (${id})`, value: id }))
        .filter(({ name }) => name.toLowerCase().includes(wanted))
        .slice(0, SUGGESTED)
    },
  }
}

/** Runs the work that answers an account; if the account does not count, its owner is told why. */
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
