/** Where every click and command of a chat platform arrives: it finds out who speaks, and hands it to the desk. */

import { type Account, type Accounts, strangerText } from './accounts.ts'
import type { ActRequest, Answer, Desk, Person } from './desk.ts'
import { rich } from './rich-text.ts'
import { parseSlash } from './slash.ts'

export interface Reception {
  /** `null`: Patchwarden does not know the account. */
  personOf(account: Account): Promise<Person | null>
  act(request: Omit<ActRequest, 'owner'> & { readonly owner: string | null }, account: Account): Promise<Answer>
  slash(text: string, where: Parameters<Desk['slash']>[1], account: Account): Promise<Answer>
  tested(nonce: string, account: Account): Promise<Answer>
}

export function createReception(desk: Desk, accounts: Accounts): Reception {
  async function personOf(account: Account): Promise<Person | null> {
    const known = await accounts.personOf(account)
    return known === null ? null : { kind: 'person', id: known.id, name: known.name, via: account.platform }
  }
  const stranger = (account: Account): Answer => ({ ok: false, message: rich(strangerText(account)) })

  return {
    personOf,
    async act(request, account) {
      const person = await personOf(account)
      return person === null ? stranger(account) : desk.act({ ...request, owner: request.owner ?? person.id }, person)
    },
    async slash(text, where, account) {
      const person = await personOf(account)
      if (person !== null) return desk.slash(text, where, person)
      const asked = parseSlash(text, null)
      return asked.kind === 'link' && asked.code === null ? desk.askLink(account) : stranger(account)
    },
    async tested(nonce, account) {
      await desk.tested(nonce)
      const person = await personOf(account)
      const known = person === null ? strangerText(account) : `Patchwarden knows you as ${person.name}.`
      return { ok: true, message: rich(`The click arrived. ${known}`) }
    },
  }
}
