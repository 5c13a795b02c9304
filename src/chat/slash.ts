import { chatPlatformNames, isChatPlatform } from '../core/chat-platforms.ts'
import type { AccountPlatform } from './accounts.ts'
import {
  type ActionName,
  type Ask,
  actionNames,
  actions,
  isActionName,
  isLookName,
  type LookName,
  lookNames,
  lookSummaries,
  type Question,
  questionsOf,
} from './actions.ts'

export type SlashCommand =
  | { readonly kind: 'help'; readonly problem: string | null }
  | { readonly kind: 'list' | 'mine' | 'running' | 'accounts' | 'back' }
  /** `person` null: who types it. `deputy` null: nobody stands in. */
  | { readonly kind: 'away'; readonly person: string | null; readonly deputy: string | null; readonly until: string }
  /** `code` null: the person asks for a code. */
  | { readonly kind: 'link'; readonly code: string | null; readonly confirmed: boolean }
  /** `account` null: the account that is linked on the platform. */
  | { readonly kind: 'unlink'; readonly platform: AccountPlatform; readonly account: string | null }
  | {
      readonly kind: 'act'
      readonly action: ActionName
      readonly proposal: string
      readonly reason: string | null
      readonly owner: string | null
      readonly until: string | null
      readonly asset: string | null
      readonly person?: string | null
    }

/**
 * Reads the text after `/patch`: a verb, then a proposal, `asset NAME`, `owner PERSON`, `until DATE` and `because
 * REASON`. `current`: the proposal that the person is looking at.
 */
export function parseSlash(text: string, current: string | null): SlashCommand {
  const words = text.trim().split(/\s+/)
  const verb = words[0]?.toLowerCase() || 'help'
  if (isLookName(verb)) return verb === 'away' ? parseAway(text) : parseLook(verb, words)
  if (verb === 'ask') return parseAsk(text, current)
  if (!isActionName(verb)) return { kind: 'help', problem: `There is no command "${verb.slice(0, 40)}".` }
  const [, before = text, reason = ''] = /^([\s\S]*?)\bbecause\s+([\s\S]+)$/i.exec(text) ?? []
  const proposal = /\bPW-\d+\b/i.exec(before)?.[0].toUpperCase() ?? current
  if (proposal === null) return { kind: 'help', problem: `Name the proposal: /patch ${verb} PW-1.` }
  return {
    kind: 'act',
    action: verb,
    proposal,
    reason: reason.trim() || null,
    owner: /\bowner\s+([a-z][\w.-]*)/i.exec(before)?.[1] ?? null,
    asset: /\basset\s+(\S+)/i.exec(before)?.[1] ?? null,
    until: /\buntil\s+(\d{4}-\d{2}-\d{2}(?:T[\d:]+Z?)?)\b/i.exec(before)?.[1] ?? null,
  }
}

/** `away [PERSON] until DATE [deputy PERSON]` */
function parseAway(text: string): SlashCommand {
  const found =
    /^\s*away(?:\s+(?!until\b|deputy\b)(?:for\s+)?([a-z][\w.-]*))?\s+until\s+(\S+)(?:\s+deputy\s+([a-z][\w.-]*))?\s*$/i
  const [, person = null, until, deputy = null] = found.exec(text) ?? []
  if (until === undefined)
    return {
      kind: 'help',
      problem:
        'Say until when: /patch away until 2026-12-31, or with a deputy: /patch away until 2026-12-31 deputy sam.',
    }
  return { kind: 'away', person, deputy, until }
}

/** `ask PERSON PW-1 QUESTION`. In its thread the proposal may be left out. */
function parseAsk(text: string, current: string | null): SlashCommand {
  const found =
    /^\s*ask(?:\s+(PW-\d+))?(?:\s+@?(?!PW-\d|because\b)([a-z][\w.-]*))?(?:\s+(PW-\d+))?(?:\s+(?:because\s+)?([\s\S]+))?$/i
  const [, first, person = null, second, reason = ''] = found.exec(text) ?? []
  const proposal = (first ?? second)?.toUpperCase() ?? current
  if (proposal === null)
    return { kind: 'help', problem: 'Name the proposal: /patch ask mara PW-1 and, after it, your question.' }
  return {
    kind: 'act',
    action: 'ask',
    proposal,
    person,
    reason: reason.trim() || null,
    owner: null,
    until: null,
    asset: null,
  }
}

function parseLook(verb: Exclude<LookName, 'away'>, [, second, third]: readonly string[]): SlashCommand {
  switch (verb) {
    case 'help':
      return { kind: 'help', problem: null }
    case 'link':
      return { kind: 'link', code: second?.toUpperCase() ?? null, confirmed: third?.toLowerCase() === 'confirm' }
    case 'unlink': {
      const platform = second?.toLowerCase() ?? ''
      if (isChatPlatform(platform)) return { kind: 'unlink', platform, account: third ?? null }
      const choices = chatPlatformNames.map((name) => `/patch unlink ${name}`).join(' or ')
      return { kind: 'help', problem: `Say on which platform: ${choices}.` }
    }
    default:
      return { kind: verb }
  }
}

/** Everything that can be typed, and what it does. */
export const slashTable: readonly { readonly typed: string; readonly does: string }[] = [
  ...actionNames.map((name) => ({ typed: `/patch ${typedAs(name)}`, does: actions[name].summary })),
  ...lookNames.map((name) => ({
    typed: `/patch ${name}${lookSummaries[name].follows ?? ''}`,
    does: lookSummaries[name].summary,
  })),
]

export const slashHelp: readonly string[] = slashTable.map(({ typed, does }) => `${typed}: ${does}`)

/** The command as it is typed after `/patch`. A person who is asked comes first, and what is asked needs no mark. */
export function typedAs(name: ActionName): string {
  return name === 'ask' ? 'ask <person> PW-1 [<your question>]' : `${name} PW-1${argumentsOf(questionsOf(name))}`
}

/** The arguments after the proposal, for the help. The reason comes last, because it takes all text that follows. */
export function argumentsOf(questions: readonly Question[]): string {
  const typed = (ask: Ask, words: (label: string) => string) =>
    questions
      .filter((question) => question.ask === ask)
      .map(({ required, label }) => (required ? ` ${words(label)}` : ` [${words(label)}]`))
  return [
    ...typed('asset', () => 'asset <name>'),
    ...typed('owner', () => 'owner <person>'),
    ...typed('until', () => 'until <date>'),
    ...typed('reason', (label) => `because <${label.toLowerCase()}>`),
  ].join('')
}
