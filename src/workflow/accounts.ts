import { createHash, randomInt } from 'node:crypto'
import { type Account, type AccountPlatform, type Accounts, namesOf, wholeName } from '../chat/accounts.ts'
import type { Answer, Person } from '../chat/desk.ts'
import { type AccountEntry, accountWords, placeWords } from '../chat/linked-accounts.ts'
import { accountAddressed, type ChatPlatform } from '../chat/platform.ts'
import { code as fixed, rich, strong } from '../chat/rich-text.ts'
import { chatPlatformNames, chatPlatforms, isChatPlatform } from '../core/chat-platforms.ts'
import { isOwn } from '../core/hands.ts'
import type { Db } from '../store/connection.ts'
import {
  addLinkCode,
  allLinkedAccounts,
  type ConfiguredAccount,
  configuredSince,
  findLinked,
  linkedAccountOf,
  type WhichLinked,
} from '../store/people.ts'
import { inTransaction } from '../store/transaction.ts'
import { configuredOwner, type PersonEntry } from './configured-account.ts'
import { linkInTransaction, revokeInTransaction } from './link-account.ts'
import type { Linking } from './ports.ts'

const CODE_SECONDS = 600
const NOT_REVOKED =
  'Not revoked: this session began with a sign-in link, so it may not be you. Revoke it in Slack or Discord, or ask an operator.'
/** Without I, L, O and U, which look like other signs. */
const SIGNS = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'

/** The accounts that the configuration names. They are stored to know since when it names them. */
export function configuredAccountsOf(people: readonly PersonEntry[]): readonly ConfiguredAccount[] {
  return people.flatMap((person) => {
    const named = [
      ...chatPlatformNames.map((platform) => ({ platform, account: person[platform] })),
      { platform: 'email' as const, account: person.email?.toLowerCase() ?? null },
    ]
    return named.flatMap(({ platform, account }) =>
      account === null ? [] : [{ platform, account, person: person.id }],
    )
  })
}

/** @param emailOn platforms whose verified e-mail address may identify a person */
export function createAccounts(db: Db, people: readonly PersonEntry[], emailOn: readonly string[]): Accounts {
  const byId = (id: string, linkedAt: string | null) => {
    const found = people.find((person) => person.id === id)
    return found ? { id: found.id, name: found.name, linkedAt } : null
  }
  return {
    all: people.map(({ id, name }) => ({ id, name })),
    async personOf(account) {
      const names = namesOf(account)
      const configured = configuredOwner(people, account.platform, names)
      if (configured) {
        const named = { platform: account.platform, account: configured[account.platform] ?? '', person: configured.id }
        return byId(configured.id, await configuredSince(db, named))
      }
      for (const name of names) {
        const linked = await findLinked(db, account.platform, name)
        if (linked) return byId(linked.person, linked.linkedAt)
      }
      const address = account.verifiedEmail?.toLowerCase()
      if (!emailOn.includes(account.platform) || !address) return null
      // If the configuration names the person's account on this platform, the address does not count.
      const same = people.filter(
        (person) => person.email?.toLowerCase() === address && person[account.platform] === null,
      )
      const [only] = same
      if (same.length !== 1 || only === undefined) return null
      return byId(only.id, await configuredSince(db, { platform: 'email', account: address, person: only.id }))
    },
    async accountOf(platform, addressee) {
      const account = accountAddressed(addressee)
      if (account !== null) return account
      const own = people.find((item) => item.id === addressee)?.[platform] ?? null
      return own ?? (await linkedAccountOf(db, platform, addressee))?.account ?? null
    },
  }
}

export interface LinkingParts {
  readonly db: Db
  readonly clock: () => Date
  readonly people: readonly PersonEntry[]
  /** Platforms for direct messages. The list is complete when the service runs. */
  readonly platforms: readonly Pick<ChatPlatform, 'name'>[]
  readonly log: { info(message: string): void }
}

/** Links accounts by code. The unknown account asks for the code, and a known person confirms it. */
export function createLinking({ db, clock, people, platforms, log }: LinkingParts): Linking {
  const now = () => clock().toISOString()
  const surroundings = () => ({
    people,
    chats: platforms.map(({ name }) => name).filter(isChatPlatform),
    now: now(),
  })

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
          '. It works once, for ten minutes. Go where Patchwarden knows you already by an account of your own, and type ',
          fixed(`/patch link ${code}`),
          '. Give it to nobody.',
        ),
      }
    },
    async useCode(typed: string, confirmed: boolean, person: Person): Promise<Answer> {
      const code = typed.toUpperCase()
      const given = { ...surroundings(), codeHash: hashed(code), confirmed, person }
      const result = await inTransaction(db, linkInTransaction, given)
      switch (result.kind) {
        case 'unknown':
          return {
            ok: false,
            message: rich(
              'That code is not known: it was used, or it is older than ten minutes. Type /patch link for another where you are not known yet.',
            ),
          }
        case 'refused':
          return { ok: result.already, message: rich(result.sentence) }
        case 'asked':
          return {
            ok: true,
            message: rich(
              `From then on the ${accountWords(result.account)} would speak and vote for you, ${person.name}. Is it yours, and did you ask for the code yourself? Then type `,
              fixed(`/patch link ${code} confirm`),
              '. ',
              strong('If somebody sent you the code, do not.'),
            ),
          }
        case 'linked': {
          const words = `the ${accountWords(result.account)}`
          log.info(`${person.id} linked ${words}, ${placeWords(person.via)}.`)
          return { ok: true, message: rich(`Linked: ${words} now speaks for you.`) }
        }
      }
    },
    async accountsOf(person: string | null): Promise<readonly AccountEntry[]> {
      const named = people.flatMap((entry) => chatPlatformNames.flatMap((platform) => configured(entry, platform)))
      const linked = (await allLinkedAccounts(db)).map(({ linkedAt, confirmedIn, ...account }) => ({
        ...account,
        linked: { at: linkedAt, via: confirmedIn },
      }))
      return [...named, ...linked].filter((entry) => person === null || entry.person === person)
    },
    async revoke(which: WhichLinked, by: Person | null, asOperator = false): Promise<Answer> {
      if (by !== null && !isOwn(by) && !asOperator) return { ok: false, message: rich(NOT_REVOKED) }
      const ended = await inTransaction(db, revokeInTransaction, { ...surroundings(), which, by })
      if (ended === null) return notLinked(which, people, by)
      const who = by === null ? '' : ` by ${by.id}`
      const words = `he ${accountWords(ended)} no longer speaks for`
      log.info(`T${words} ${ended.person}: revoked${who}, ${placeWords(by?.via ?? 'cli')}.`)
      const whom = by?.id === ended.person ? 'you' : ended.person
      return { ok: true, message: rich(`Revoked: t${words} ${whom}. What it voted before stays on record.`) }
    },
  }
}

function configured(entry: PersonEntry, platform: AccountPlatform): readonly AccountEntry[] {
  const account = entry[platform]
  return account === null ? [] : [{ person: entry.id, platform, account, label: null, linked: null }]
}

/** Why nothing was revoked: the link does not exist any more, or the configuration names the account. */
function notLinked(
  { platform, account, person }: WhichLinked,
  people: readonly PersonEntry[],
  by: Person | null,
): Answer {
  const named = configuredAmong({ platform, account, person }, people)
  if (named !== null) {
    const words = accountWords({ platform, account: named, label: null })
    return {
      ok: false,
      message: rich(`The ${words} is named in the configuration, and only there can that be changed.`),
    }
  }
  const which = account === null ? '' : ` ${account}`
  const whose = person === null ? '' : ` with ${person === by?.id ? 'you' : person}`
  return {
    ok: true,
    message: rich(`No ${chatPlatforms[platform].title} account${which} is linked${whose}: nothing had to be done.`),
  }
}

/** The account that the configuration names, if it is the one that was meant; `null`: it names none. */
function configuredAmong({ platform, account, person }: WhichLinked, people: readonly PersonEntry[]): string | null {
  if (account === null) return people.find(({ id }) => id === person)?.[platform] ?? null
  const owner = configuredOwner(people, platform, [account])
  return owner !== null && (person ?? owner.id) === owner.id ? account : null
}

function hashed(code: string): string {
  return createHash('sha256').update(code).digest('hex')
}
