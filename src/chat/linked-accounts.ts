/** Names of accounts, lists of accounts, and the messages to a person about their accounts. */

import { chatPlatforms } from '../core/chat-platforms.ts'
import type { Via } from '../core/proposal/proposal.ts'
import type { AccountPlatform } from './accounts.ts'
import type { ThreadEntry, Tone } from './card.ts'
import type { Detail } from './desk.ts'
import { code, type RichText, rich, time } from './rich-text.ts'
import { count } from './words.ts'

/** An account that speaks for a person. */
export interface NamedAccount {
  readonly platform: AccountPlatform
  /** The platform's own id. */
  readonly account: string
  /** The name that the account's owner chose; `null`: not known. */
  readonly label: string | null
}

export interface AccountEntry extends NamedAccount {
  /** Person id. */
  readonly person: string
  /** `null`: the configuration names the account, and it can be changed only there. */
  readonly linked: { readonly at: string; readonly via: Via | null } | null
}

/** `Discord account tomski (8035)` */
export function accountWords({ platform, account, label }: NamedAccount): string {
  // The label is in quotes, because people choose it themselves.
  const called = label === null || label === account ? account : `"${label.replaceAll('"', "'")}" (${account})`
  return `${chatPlatforms[platform].title} account ${called}`
}

export function placeWords(via: Via): string {
  if (via === 'cli') return 'on the command line'
  return via === 'console' ? 'in the console' : `in ${chatPlatforms[via].title}`
}

/** How the account became linked with its person. */
export function linkedWords({ linked }: Pick<AccountEntry, 'linked'>): RichText {
  if (linked === null) return rich('named in the configuration')
  return rich(linked.via === null ? 'linked ' : `linked ${placeWords(linked.via)}, `, time(linked.at))
}

/** The answer to `/patch accounts`. */
export function accountsDetail(entries: readonly AccountEntry[]): {
  readonly message: RichText
  readonly detail?: Detail
} {
  if (entries.length === 0)
    return { message: rich('No account is linked with you, and the configuration names none for you.') }
  const linked = entries.find((entry) => entry.linked !== null)
  const lead =
    linked === undefined
      ? rich('Accounts that the configuration names are changed in the configuration.')
      : rich(
          code(`/patch unlink ${linked.platform}`),
          ' revokes a linked one. Accounts that the configuration names are changed in the configuration.',
        )
  return {
    message: rich(`${count(entries.length, 'account')} of yours:`),
    detail: {
      title: 'Accounts',
      lead,
      tables: [
        {
          caption: 'They speak and vote for you',
          columns: ['Account', 'Since'],
          rows: entries.map((entry) => [rich(accountWords(entry)), linkedWords(entry)]),
        },
      ],
      lines: [],
    },
  }
}

interface Happening {
  readonly at: string
  readonly via: Via
}

/** Tells the person's other accounts that an account was linked. */
export function linkedNotice(account: NamedAccount, { at, via }: Happening): ThreadEntry {
  return notice(
    'warning',
    rich(
      `The ${accountWords(account)} now speaks and votes for you: linked ${placeWords(via)} at `,
      time(at, 'time'),
      '. If this was not you: ',
      code(`/patch unlink ${account.platform}`),
      '.',
    ),
  )
}

/**
 * Tells the person's other accounts, and the revoked account itself.
 *
 * @param by the name of another person who revoked it; `null`: it was done in the person's own name
 */
export function revokedNotice(
  account: NamedAccount,
  { at, via, by }: Happening & { readonly by: string | null },
): ThreadEntry {
  const who = by === null ? '' : ` by ${by}`
  const otherwise = by === null && via !== 'cli' ? ' If this was not you, tell an operator.' : ''
  return notice(
    'warning',
    rich(
      `The ${accountWords(account)} no longer speaks for you: revoked ${placeWords(via)}${who} at `,
      time(at, 'time'),
      `.${otherwise}`,
    ),
  )
}

function notice(tone: Tone, text: RichText): ThreadEntry {
  return { author: null, tone, text, detail: [], actions: [], link: '/people' }
}
