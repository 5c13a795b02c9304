/**
 * Text as values. Each platform renders it in its own markup, and untrusted text is never parsed as markup. The `text`
 * of a span is shown as it is, on one line: renderers escape it. Only a `break` begins a new line.
 */

import { minuteOf } from '../core/time/instant.ts'
export type Span =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'strong'; readonly text: string }
  | { readonly kind: 'code'; readonly text: string }
  /** An instant, ISO 8601 UTC. It is shown in the reader's own zone. */
  | { readonly kind: 'time'; readonly at: string; readonly style: 'time' | 'date and time' | 'relative' }
  | { readonly kind: 'person'; readonly id: string; readonly name: string }
  /** A person who is notified where `account` is known: the platform's own id. Otherwise it is only the name. */
  | { readonly kind: 'mention'; readonly id: string; readonly name: string; readonly account?: string }
  | { readonly kind: 'break' }

export type RichText = readonly Span[]

/** Makes spans from a mixed list. Strings become text spans. */
export function rich(...parts: readonly (string | Span)[]): RichText {
  return parts.map((part) => (typeof part === 'string' ? { kind: 'text', text: part } : part))
}

export function strong(text: string): Span {
  return { kind: 'strong', text }
}

export function code(text: string): Span {
  return { kind: 'code', text }
}

export function time(at: string, style: 'time' | 'date and time' | 'relative' = 'date and time'): Span {
  return { kind: 'time', at, style }
}

export const lineBreak: Span = { kind: 'break' }

/** Text that a person wrote, with its line breaks. */
export function paragraphs(text: string): RichText {
  return text.split('\n').flatMap((line, index) => (index === 0 ? rich(line) : [lineBreak, ...rich(line)]))
}

export function person(id: string, name: string): Span {
  return { kind: 'person', id, name }
}

export function mention(id: string, name: string): Span {
  return { kind: 'mention', id, name }
}

/** The same text, with the account of everybody who is mentioned. `accountOf`: `null` where none is known. */
export async function withAccounts(
  text: RichText,
  accountOf: (person: string) => Promise<string | null>,
): Promise<RichText> {
  const spans = text.map(async (span): Promise<Span> => {
    const account = span.kind === 'mention' ? await accountOf(span.id) : null
    return account === null || span.kind !== 'mention' ? span : { ...span, account }
  })
  return Promise.all(spans)
}

/** Plain text for terminals, reports and alerts. Instants are in UTC. */
export function plain(text: RichText): string {
  let out = ''
  for (const span of text) {
    if (span.kind === 'time') out += `${minuteOf(span.at)} UTC`
    else if (span.kind === 'person' || span.kind === 'mention') out += span.name
    else if (span.kind === 'break') out += '\n'
    else out += span.text
  }
  return out
}

/** Text of a person or host, with a full stop at its end if none is there. */
export function sentence(text: string): string {
  const said = text.trimEnd()
  return /[.!?…]$/.test(said) ? said : `${said}.`
}
