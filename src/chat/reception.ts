/** Takes every click and command of a chat platform, finds out who sent it, and passes it to the desk. */

import { databaseSentence } from '../core/database-problem.ts'
import { errorText } from '../core/error-text.ts'
import { type Account, type Accounts, strangerText, wholeName } from './accounts.ts'
import type { ActRequest, Answer, Asking, Click, Desk, Person } from './desk.ts'
import { rich } from './rich-text.ts'
import { parseSlash } from './slash.ts'

export interface Reception {
  /** Runs the work that answers a person. If it fails, the person is told so, and the operator is told why. */
  answered<Found = never>(work: () => Promise<Answer | Found>): Promise<Answer | Found>
  /** `null`: Patchwarden does not know the account. */
  personOf(account: Account): Promise<Person | null>
  act(request: ActRequest, account: Account): Promise<Answer>
  /** The content of a dialog; or an answer, if this account cannot do the action. */
  asking(click: Click, account: Account): Promise<Asking | Answer>
  slash(text: string, where: Parameters<Desk['slash']>[1], account: Account): Promise<Answer>
  tested(nonce: string, account: Account): Promise<Answer>
}

/** The answer after a failure. It gives no details of a database failure, because these are for the operator. */
function failure(error: unknown): string {
  if (databaseSentence(error) === null)
    return 'That failed on our side, and nothing was counted. Try again in a moment; it is in the log.'
  return 'The database cannot be used just now; why is in the log. Look in a moment whether it was counted, and try again if it was not: nothing counts twice.'
}

export function createReception(desk: Desk, accounts: Accounts, log: { warn(message: string): void }): Reception {
  async function personOf(account: Account): Promise<Person | null> {
    const known = await accounts.personOf(account)
    if (known === null) return null
    const { id, name, linkedAt } = known
    const through = { via: account.platform, account: wholeName(account) }
    return { kind: 'person', id, name, ...through, ...(linkedAt === null ? {} : { linkedAt }) }
  }
  async function answered<Found = never>(work: () => Promise<Answer | Found>): Promise<Answer | Found> {
    try {
      return await work()
    } catch (error) {
      log.warn(`A request from chat failed: ${errorText(error)}`)
      return { ok: false, message: rich(failure(error)) }
    }
  }
  const stranger = (account: Account): Answer => ({ ok: false, message: rich(strangerText(account)) })

  return {
    answered,
    personOf,
    act: (request, account) =>
      answered(async () => {
        const person = await personOf(account)
        return person === null ? stranger(account) : desk.act({ ...request, owner: request.owner ?? person.id }, person)
      }),
    async asking(click, account) {
      const person = await personOf(account)
      return person === null ? stranger(account) : desk.asking(click, person)
    },
    slash: (text, where, account) =>
      answered(async () => {
        const person = await personOf(account)
        if (person !== null) return desk.slash(text, where, person)
        const asked = parseSlash(text, null)
        return asked.kind === 'link' && asked.code === null ? desk.askLink(account) : stranger(account)
      }),
    async tested(nonce, account) {
      await desk.tested(nonce)
      const person = await personOf(account)
      const known = person === null ? strangerText(account) : `Patchwarden knows you as ${person.name}.`
      return { ok: true, message: rich(`The click arrived. ${known}`) }
    },
  }
}
