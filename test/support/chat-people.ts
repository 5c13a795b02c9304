/** People whom chat platforms know by fixed accounts, for tests. */

import { type Account, type Accounts, namesOf } from '../../src/chat/accounts.ts'

/** @param known account ids by person id */
export function accountsOf(known: Readonly<Record<string, string>>): Accounts {
  return {
    all: Object.keys(known).map((id) => ({ id, name: id })),
    personOf: async (account: Account) => {
      const found = Object.entries(known).find(([, own]) => namesOf(account).includes(own))
      return found ? { id: found[0], name: found[0], linkedAt: null } : null
    },
    accountOf: async (_, person) => known[person] ?? null,
  }
}
