import type {
  ActionsBlock,
  Button,
  ConfirmationDialog,
  ContextBlock,
  KnownBlock,
  Overflow,
  SectionBlock,
} from '@slack/types'
import { actions } from '../actions.ts'
import {
  type Card,
  type CardAction,
  type CardRing,
  type EntryAction,
  type ThreadEntry,
  type Tone,
  wholeText,
} from '../card.ts'
import { testWords } from '../interaction.ts'
import { plain, type RichText, rich, strong } from '../rich-text.ts'
import { oneLine, shorten } from '../visible.ts'
import { menuId } from './modal.ts'
import { escaped, inCode, mrkdwn } from './mrkdwn.ts'

/** The blocks of a message, and a sentence for notifications, screen readers and search. */
export interface SlackMessage {
  readonly text: string
  readonly blocks: KnownBlock[]
  /** True: a reply in a thread is shown in its channel, too. */
  readonly broadcast?: boolean
}

/** A picture of a card: an image file that was uploaded to Slack. */
export interface CardFile {
  readonly id: string
  readonly alt: string
}

export interface Surroundings {
  /** Address of the console, without a slash at the end. */
  readonly consoleUrl: string
}

/**
 * Limits in characters for the parts of a card. Slack refuses a message whose blocks have more than about 13,200
 * characters together (bolt-js#2509). These limits together stay below that.
 */
const TITLE = 150
const STATE = 120
const SAY = 1_200
const FACT = 700
const FACTS = 2_700
const NOTE = 400
const NOTES = 4
const SMALL = 100
const SMALL_LINE = 500
const ENTRY = 2_800
const DETAIL_LINES = 40
/** Slack limits the fallback text of an edit to 4,000 bytes. An escape makes five bytes from one. */
const FALLBACK = 700

const signs: Readonly<Record<Tone, string>> = {
  urgent: '🔴',
  warning: '🟠',
  decided: '🔵',
  good: '🟢',
  neutral: '⚪',
}

export function cardMessage(card: Card, { consoleUrl }: Surroundings, files: readonly CardFile[] = []): SlackMessage {
  const link = `${consoleUrl}/p/${encodeURIComponent(card.proposal)}`
  const title = `<${link}|${escaped(shorten(oneLine(card.title), TITLE)).replaceAll('|', '¦')}>`
  const state = `${signs[card.tone]} ${mrkdwn(card.state, STATE)} · ${card.proposal}${card.simulated ? ' · Simulated' : ''}`
  const blocks: KnownBlock[] = [section(`*${state}*\n*${title}*: ${mrkdwn(card.say, SAY)}`)]
  if (card.actions.length > 0) blocks.push(buttonRow(card))
  const facts = factText(card.facts)
  if (facts !== '') blocks.push(section(facts))
  for (const { id, alt } of files) blocks.push({ type: 'image', slack_file: { id }, alt_text: altText(alt) })
  if (card.rings.some(({ status }) => status !== 'waiting')) blocks.push(context(card.rings.map(ringText)))
  for (const { tone, text } of card.notes.slice(0, NOTES)) blocks.push(context([[...rich(sign(tone)), ...text]], NOTE))
  if (card.small.length > 0) blocks.push(context([card.small], SMALL_LINE))
  return { text: lockLine(card), blocks }
}

function buttonRow({ proposal, actions: all }: Card): ActionsBlock {
  const rare = all.filter((action) => action.rare)
  // A menu for one entry would be a click too many.
  const shown = rare.length === 1 ? all : all.filter((action) => !action.rare)
  const row = buttons(shown.map((action) => ({ ...action, proposal })))
  return rare.length === 1 ? row : { ...row, elements: [...row.elements, ...menus(proposal, rare)] }
}

/** https://docs.slack.dev/reference/block-kit/block-elements/overflow-menu-element */
const OPTIONS = 5

/**
 * Menus with the actions that have no button, as few as hold them. A select holds more, but it keeps the entry that was
 * chosen, so that nobody could choose it again.
 */
function menus(proposal: string, actions: readonly CardAction[]): readonly Overflow[] {
  const count = Math.ceil(actions.length / OPTIONS)
  const size = Math.ceil(actions.length / Math.max(1, count))
  return Array.from({ length: count }, (_, index) => ({
    type: 'overflow',
    action_id: menuId(index),
    options: actions.slice(index * size, (index + 1) * size).map(({ name, label, revision, confirm }) => ({
      text: { type: 'plain_text', text: shorten(label, 75), emoji: false },
      value: `${name}:${proposal}:${revision}${confirm === null ? '' : ':sure'}`,
    })),
  }))
}

function factText(facts: Card['facts']): string {
  let out = ''
  for (const { label, value } of facts) {
    const room = Math.min(FACT, FACTS - out.length - 1)
    const said = mrkdwn([...rich(strong(`${shorten(label, 60)}:`), ' '), ...value], room)
    if (said.trim() !== '') out += `${out === '' ? '' : '\n'}${said}`
  }
  return out
}

/** Plain text, because escapes would be read aloud. Marks of mentions are replaced, in case Slack reads them. */
function altText(alt: string): string {
  return alt.replaceAll('<', '‹').replaceAll('>', '›')
}

/** What a locked phone shows: the state, the title and the id. */
function lockLine({ state, title, proposal }: Card): string {
  return escaped(shorten(oneLine(`${plain(state)}: ${title}. ${proposal}`), FALLBACK))
}

/** The test message of `patchwarden check`: a text and one button. */
export function testMessage(nonce: string): SlackMessage {
  const { text, button: label } = testWords
  const button: Button = {
    type: 'button',
    action_id: `pw:test:${nonce}`,
    text: { type: 'plain_text', text: label },
    style: 'primary',
  }
  return { text, blocks: [section(text), { type: 'actions', elements: [button] }] }
}

export function entryMessage(entry: ThreadEntry, { consoleUrl }: Surroundings): SlackMessage {
  const { author, tone, loud, detail, actions: buttonsOf = [], link } = entry
  const text = wholeText(entry)
  const who = author === null ? [] : rich(strong(shorten(author.name, 80)), ` (${shorten(author.via, 20)}): `)
  const blocks: KnownBlock[] = [section(mrkdwn([...rich(sign(tone)), ...who, ...text], ENTRY))]
  if (detail.length > 0) blocks.push(section(preformatted(detail)))
  if (buttonsOf.length > 0) blocks.push(buttons(buttonsOf))
  if (link !== undefined) blocks.push(section(`<${consoleUrl}${link}|In the console>`))
  const said = author === null ? plain(text) : `${author.name}: ${plain(text)}`
  const message = { text: escaped(shorten(oneLine(said), FALLBACK)), blocks }
  return loud === undefined ? message : { ...message, broadcast: true }
}

/** The last lines that fit: the end of a log says the most. */
export function preformatted(lines: readonly string[]): string {
  const shown: string[] = []
  let room = ENTRY
  for (const line of lines.slice(-DETAIL_LINES).reverse()) {
    const text = inCode(shorten(oneLine(line), 200))
    room -= text.length + 1
    if (room < 0) break
    shown.unshift(text)
  }
  return `\`\`\`\n${shown.join('\n')}\n\`\`\``
}

export function section(text: string): SectionBlock {
  // verbatim: Slack does not turn text into links or mentions.
  return {
    type: 'section',
    expand: true,
    text: { type: 'mrkdwn', text: text.trim() === '' ? '—' : text, verbatim: true },
  }
}

function context(parts: readonly RichText[], limit = SMALL): ContextBlock {
  const elements = parts.slice(0, 10).map((part) => ({
    type: 'mrkdwn' as const,
    text: mrkdwn(part, limit).trim() || '—',
    verbatim: true,
  }))
  return { type: 'context', elements }
}

function ringText({ name, good, bad, total, status }: CardRing): RichText {
  const failed = bad > 0 ? `, ${bad} not` : ''
  const state = status === 'waiting' ? '' : ` ${status}`
  return rich(`${name} ${good}/${total}${failed}${state}`)
}

function sign(tone: Tone): string {
  return tone === 'neutral' ? '' : `${signs[tone]} `
}

/** Slack asks the person itself, before the click reaches us. */
function confirmation(label: string, text: string): ConfirmationDialog {
  const verb = shorten(label.replace('…', ''), 30)
  return {
    title: { type: 'plain_text', text: shorten(`${verb}?`, 100), emoji: false },
    text: { type: 'plain_text', text: shorten(oneLine(text), 300), emoji: false },
    confirm: { type: 'plain_text', text: verb, emoji: false },
    deny: { type: 'plain_text', text: 'Not yet', emoji: false },
  }
}

/** The id is `pw:` and the action. The value holds proposal and revision: a click says which revision was seen. */
export function buttons(
  list: readonly (Pick<EntryAction, 'name' | 'label' | 'proposal' | 'revision'> &
    Partial<Pick<EntryAction, 'style' | 'confirm'>>)[],
  blockId?: string,
): ActionsBlock {
  // Action ids must be unique in a message. A card has each action once; other messages may be about several proposals.
  const several = blockId !== undefined || new Set(list.map(({ name }) => name)).size < list.length
  const elements = list.slice(0, 25).map((action): Button => {
    const { style = actions[action.name].style } = action
    return {
      type: 'button',
      action_id: several ? `pw:${action.name}:${action.proposal}` : `pw:${action.name}`,
      text: { type: 'plain_text', text: shorten(action.label, 75), emoji: false },
      value: `${action.proposal}:${action.revision}`,
      ...(style === 'plain' ? {} : { style }),
      ...(action.confirm == null ? {} : { confirm: confirmation(action.label, action.confirm) }),
    }
  })
  return { type: 'actions', ...(blockId === undefined ? {} : { block_id: blockId }), elements }
}
