import { createHash, randomInt } from 'node:crypto'
import { type Account, type Accounts, type KnownPerson, namesOf, wholeName } from '../chat/accounts.ts'
import type { Answer, Person } from '../chat/desk.ts'
import { code as fixed, rich, strong } from '../chat/rich-text.ts'
import type { Db } from '../store/connection.ts'
import { addLinkCode, findLinkCode, findLinked, linkAccount, linkedAccountOf, spendLinkCode } from '../store/people.ts'
import type { Linking } from './ports.ts'

export interface PersonEntry extends KnownPerson {
  readonly email: string | null
  /** `T012AB3CD/U012AB3CD`, or `U012AB3CD` of the only workspace. */
  readonly slack: string | null
  readonly discord: string | null
}

const CODE_SECONDS = 600
/** Without what looks alike: I, L, O, U. */
const SIGNS = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'
const platformNames = { slack: 'Slack', discord: 'Discord' } as const

/** @param emailOn platforms whose verified address may recognise somebody */
export function createAccounts(db: Db, people: readonly PersonEntry[], emailOn: readonly string[]): Accounts {
  const byId = (id: string) => {
    const found = people.find((person) => person.id === id)
    return found ? { id: found.id, name: found.name } : null
  }
  return {
    all: people.map(({ id, name }) => ({ id, name })),
    async personOf(account) {
      const names = namesOf(account)
      const configured = people.find((person) => names.includes(person[account.platform] ?? ''))
      if (configured) return byId(configured.id)
      for (const name of names) {
        const linked = await findLinked(db, account.platform, name)
        if (linked) return byId(linked.person)
      }
      const address = account.verifiedEmail?.toLowerCase()
      if (!emailOn.includes(account.platform) || !address) return null
      // Whoever has an id of their own on the platform is recognised by that alone.
      const same = people.filter(
        (person) => person.email?.toLowerCase() === address && person[account.platform] === null,
      )
      return same.length === 1 && same[0] ? byId(same[0].id) : null
    },
    async accountOf(platform, person) {
      const own = people.find((item) => item.id === person)?.[platform] ?? null
      return own ?? linkedAccountOf(db, platform, person)
    },
  }
}

/** Links by code: asked for with the account that is unknown, confirmed by somebody who is known. */
export function createLinking(db: Db, clock: () => Date, log: { info(message: string): void }): Linking {
  const now = () => clock().toISOString()

  return {
    async askCode(account: Account): Promise<Answer> {
      const raw = Array.from({ length: 8 }, () => SIGNS[randomInt(SIGNS.length)]).join('')
      const code = `${raw.slice(0, 4)}-${raw.slice(4)}`
      const expiresAt = new Date(clock().getTime() + CODE_SECONDS * 1_000).toISOString()
      const { platform, label } = account
      const asked = { codeHash: hashed(code), platform, account: wholeName(account), label, expiresAt }
      await addLinkCode(db, asked, now())
      return {
        ok: true,
        message: rich(
          'Your code is ',
          fixed(code),
          '. It works once, for ten minutes. Sign in to the console, or go where Patchwarden knows you already, and type ',
          fixed(`/patch link ${code}`),
          '. Give it to nobody.',
        ),
      }
    },
    async useCode(typed: string, confirmed: boolean, person: Person): Promise<Answer> {
      const code = typed.toUpperCase()
      const found = confirmed
        ? await spendLinkCode(db, hashed(code), now())
        : await findLinkCode(db, hashed(code), now())
      if (found === null) {
        return {
          ok: false,
          message: rich(
            'That code is not known: it was used, or it is older than ten minutes. Type /patch link for another where you are not known yet.',
          ),
        }
      }
      const account = `the ${platformNames[found.platform]} account ${found.label} (${found.account})`
      if (!confirmed) {
        return {
          ok: true,
          message: rich(
            `From then on ${account} would speak and vote for you, ${person.name}. Is it yours, and did you ask for the code yourself? Then type `,
            fixed(`/patch link ${code} confirm`),
            '. ',
            strong('If somebody sent you the code, do not.'),
          ),
        }
      }
      await linkAccount(db, { platform: found.platform, account: found.account, person: person.id, linkedAt: now() })
      log.info(`${person.id} linked ${account}, in ${person.via}.`)
      return { ok: true, message: rich(`Linked: ${account} now speaks for you.`) }
    },
  }
}

function hashed(code: string): string {
  return createHash('sha256').update(code).digest('hex')
}
