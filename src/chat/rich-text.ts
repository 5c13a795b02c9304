/**
 * Text as values, so that each platform renders it in its own idiom and nothing untrusted is ever parsed as markup.
 * `text` of every span is shown as it is, on one line: renderers escape it, and begin a new line at a `break` alone.
 */

import { minuteOf } from '../core/time/instant.ts'
export type Span =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'strong'; readonly text: string }
  | { readonly kind: 'code'; readonly text: string }
  /** An instant (ISO 8601 UTC) shown in the reader's own zone. */
  | { readonly kind: 'time'; readonly at: string; readonly style: 'time' | 'date and time' | 'relative' }
  | { readonly kind: 'person'; readonly id: string; readonly name: string }
  | { readonly kind: 'break' }

export type RichText = readonly Span[]

/** `rich` turns a mixed list into spans: plain strings become text. */
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

/** What a person wrote, with its lines. */
export function paragraphs(text: string): RichText {
  return text.split('\n').flatMap((line, index) => (index === 0 ? rich(line) : [lineBreak, ...rich(line)]))
}

export function person(id: string, name: string): Span {
  return { kind: 'person', id, name }
}

/** Plain words for terminals, reports and alert text. Instants are printed in UTC. */
export function plain(text: RichText): string {
  let out = ''
  for (const span of text) {
    if (span.kind === 'time') out += `${minuteOf(span.at)} UTC`
    else if (span.kind === 'person') out += span.name
    else if (span.kind === 'break') out += '\n'
    else out += span.text
  }
  return out
}

/** What a person or a host said, as a sentence that ends. */
export function sentence(text: string): string {
  const said = text.trimEnd()
  return /[.!?…]$/.test(said) ? said : `${said}.`
}
