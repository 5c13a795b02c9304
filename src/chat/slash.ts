import { type ActionName, actionNames, actions, isActionName } from './actions.ts'

export type SlashCommand =
  | { readonly kind: 'help'; readonly problem: string | null }
  | { readonly kind: 'list' }
  | {
      readonly kind: 'act'
      readonly action: ActionName
      readonly proposal: string
      readonly reason: string | null
      readonly owner: string | null
      readonly until: string | null
    }

/**
 * Reads what follows `/patch`: a verb, then a proposal, `owner PERSON`, `until DATE` and `because REASON`. `current` is
 * the proposal the person is looking at.
 */
export function parseSlash(text: string, current: string | null): SlashCommand {
  const words = text.trim().split(/\s+/)
  const verb = words[0]?.toLowerCase() || 'help'
  if (verb === 'help') return { kind: 'help', problem: null }
  if (verb === 'list') return { kind: 'list' }
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
    until: /\buntil\s+(\d{4}-\d{2}-\d{2})\b/i.exec(before)?.[1] ?? null,
  }
}

export const slashHelp: readonly string[] = [
  '/patch list: what is open in this channel',
  ...actionNames.map((name) => `/patch ${name} PW-1${arguments_(name)}: ${actions[name].summary}`),
  '/patch help',
]

function arguments_(name: ActionName): string {
  switch (actions[name].asks) {
    case 'nothing':
      return ''
    case 'reason':
      return ' because <reason>'
    case 'deferral':
      return ' [owner <person>] until 2026-12-31 because <reason>'
  }
}
