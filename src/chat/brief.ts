/** What is said instead of a card or an entry that a platform does not take whole. */

import type { Card, ThreadEntry } from './card.ts'
import { plain, rich } from './rich-text.ts'
import { shorten } from './visible.ts'

const TEXT = 300

/** The card with its title, state and buttons. Its title links to the console, which has the rest. */
export function briefCard(card: Card): Card {
  return {
    ...card,
    say: rich('This card cannot be shown whole here; the console has all of it.'),
    facts: [],
    pictures: [],
    rings: [],
    notes: [],
    small: [],
  }
}

/** The beginning of the entry, without its log and picture. */
export function briefEntry({ author, tone, text, detail, actions, link }: ThreadEntry): ThreadEntry {
  const whole = plain(text)
  const said = shorten(whole, TEXT)
  const rest = said === whole && detail.length === 0 ? '' : ' The rest is in the console.'
  return {
    author,
    tone,
    text: rich(`${said}${rest}`),
    detail: [],
    ...(actions === undefined ? {} : { actions }),
    ...(link === undefined ? {} : { link }),
  }
}

/** The card that is left where a proposal was, once it goes on elsewhere. It has no buttons. */
export function movedCard(card: Card, to: string | null): Card {
  const where = to === null ? 'further down in the channel' : `here: ${to}`
  return { ...briefCard(card), say: rich(`This goes on ${where}`), actions: [] }
}

/** The first entry in the thread of a card that was posted again. */
export function goesOnHere(from: string | null): ThreadEntry {
  const where = from === null ? 'The console has the story so far.' : `The story so far is there: ${from}`
  return { author: null, tone: 'neutral', text: rich(`The proposal goes on here. ${where}`), detail: [] }
}

/** The last entry in the thread of the card before. */
export function goesOnThere(to: string | null): ThreadEntry {
  const where = to === null ? 'further down in the channel.' : `there: ${to}`
  return { author: null, tone: 'neutral', text: rich(`The proposal goes on ${where}`), detail: [] }
}
