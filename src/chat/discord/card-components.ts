import {
  type APIButtonComponentWithCustomId,
  type APIComponentInContainer,
  type APIMessageTopLevelComponent,
  ButtonStyle,
  ComponentType,
  MessageFlags,
  type RESTPostAPIChannelMessageJSONBody,
} from 'discord.js'
import { type Card, type CardAction, type CardRing, type ThreadEntry, type Tone, wholeText } from '../card.ts'
import { lineBreak, type RichText, rich, strong } from '../rich-text.ts'
import { oneLine, shorten } from '../visible.ts'
import { codeBlock, escaped, markdown } from './markdown.ts'

/**
 * Limits of a card's parts, in characters. The text displays of a message may hold 4,000 together; these stay below.
 */
const HEAD = 1_200
const FACT = 600
const FACTS = 1_800
const FOOT = 900
/** https://discord.com/developers/docs/resources/message#create-message */
const CONTENT = 2_000

const colours: Readonly<Record<Tone, number>> = {
  urgent: 0xc62828,
  warning: 0xe08600,
  decided: 0x1565c0,
  good: 0x2e7d32,
  neutral: 0x9e9e9e,
}
const signs: Readonly<Record<Tone, string>> = {
  urgent: '🔴 ',
  warning: '🟠 ',
  decided: '🔵 ',
  good: '🟢 ',
  neutral: '',
}

/** The beginning of the id of a card's menu. */
export const MENU = 'pw-more'

/** Our messages notify nobody but those whom a loud entry mentions. */
export const noMentions = { parse: [] }

export type CardMessage = Pick<RESTPostAPIChannelMessageJSONBody, 'flags' | 'components' | 'allowed_mentions'>

/** A picture of a card, attached to its message. */
export interface CardImage {
  readonly name: string
  readonly alt: string
}

export function cardMessage(card: Card, consoleUrl: string, images: readonly CardImage[] = []): CardMessage {
  const link = `${consoleUrl}/p/${encodeURIComponent(card.proposal)}`
  const title = `[${escaped(shorten(oneLine(card.title), 150))}](${link})`
  const state = `${signs[card.tone]}${markdown(card.state, 200)} · ${card.proposal}${card.simulated ? ' · Simulated' : ''}`
  const head = `**${state}**\n**${title}**: `
  const children: APIComponentInContainer[] = [text(`${head}${markdown(card.say, HEAD - head.length)}`)]
  children.push(...buttonRows(card))
  const facts = factText(card.facts)
  if (facts !== '') children.push(text(facts))
  for (const image of images) children.push(gallery(image))
  const foot = markdown(footText(card), FOOT)
  if (foot.trim() !== '') children.push(text(foot))
  children.push(...menuRow(card))
  const container: APIMessageTopLevelComponent = {
    type: ComponentType.Container,
    accent_color: colours[card.tone],
    components: children,
  }
  return { flags: MessageFlags.IsComponentsV2, components: [container], allowed_mentions: noMentions }
}

function buttonRows({ proposal, actions: all }: Card): readonly APIComponentInContainer[] {
  const shown = all.filter(({ rare }) => !rare).slice(0, 20)
  const rows: APIComponentInContainer[] = []
  for (let from = 0; from < shown.length; from += 5) {
    const row = shown.slice(from, from + 5).map((action) => button(proposal, action))
    rows.push({ type: ComponentType.ActionRow, components: row })
  }
  return rows
}

/** https://discord.com/developers/docs/components/reference#string-select */
const OPTIONS = 25

/**
 * The actions that have no button. Discord keeps the entry that was chosen, so it may be taken back: then it can be
 * chosen again.
 */
function menuRow({ proposal, actions: all }: Card): readonly APIComponentInContainer[] {
  const options = all
    .filter(({ rare }) => rare)
    .slice(0, OPTIONS)
    .map(({ name, label, revision, confirm }) => ({
      label: shorten(label, 100),
      value: `${name}:${proposal}:${revision}${confirm === null ? '' : ':sure'}`,
    }))
  if (options.length === 0) return []
  const menu = {
    type: ComponentType.StringSelect as const,
    custom_id: `${MENU}:${proposal}`,
    placeholder: 'More…',
    min_values: 0,
    max_values: 1,
    options,
  }
  return [{ type: ComponentType.ActionRow, components: [menu] }]
}

function text(content: string): APIComponentInContainer {
  return { type: ComponentType.TextDisplay, content }
}

/** One gallery for each picture. Pictures in one gallery share its width and would be too small to read on a phone. */
function gallery({ name, alt }: CardImage): APIComponentInContainer {
  return { type: ComponentType.MediaGallery, items: [{ media: { url: `attachment://${name}` }, description: alt }] }
}

function factText(facts: Card['facts']): string {
  let out = ''
  for (const { label, value } of facts) {
    const room = Math.min(FACT, FACTS - out.length - 1)
    const said = markdown([...rich(strong(`${shorten(label, 40)}:`), ' '), ...value], room)
    if (said.trim() !== '') out += `${out === '' ? '' : '\n'}${said}`
  }
  return out
}

function footText({ rings, notes, small }: Card): RichText {
  const lines: RichText[] = []
  if (rings.some(({ status }) => status !== 'waiting')) lines.push(rich(rings.slice(0, 8).map(ringText).join('  →  ')))
  for (const { tone, text } of notes.slice(0, 5)) lines.push([...rich(signs[tone]), ...text])
  if (small.length > 0) lines.push(small)
  return lines.flatMap((line, index) => (index === 0 ? line : [lineBreak, ...line]))
}

function ringText({ name, good, bad, total, status }: CardRing): string {
  return `${shorten(name, 40)} ${good}/${total}${bad > 0 ? `, ${bad} not` : ''}${status === 'waiting' ? '' : ` ${status}`}`
}

const styles = { primary: ButtonStyle.Primary, danger: ButtonStyle.Danger, plain: ButtonStyle.Secondary } as const

/** A button that asks once more has another id, because Discord wants the dialog as the first answer to its click. */
function button(
  proposal: string,
  { name, label, revision, style, confirm }: CardAction,
): APIButtonComponentWithCustomId {
  return {
    type: ComponentType.Button,
    custom_id: `${confirm === null ? 'pw' : 'pw-sure'}:${name}:${proposal}:${revision}`,
    label: shorten(label, 80),
    style: styles[style],
  }
}

export function entryContent(entry: ThreadEntry): string {
  const { author, tone, detail } = entry
  const said = wholeText(entry)
  const who = author === null ? [] : rich(strong(shorten(author.name, 80)), ` (${shorten(author.via, 20)}): `)
  const log = codeBlock(detail.slice(-30), 900)
  const words = markdown([...rich(signs[tone]), ...who, ...said], CONTENT - log.length - 1)
  const whole = log === '' ? words : `${words}\n${log}`
  return whole.trim() === '' ? '—' : whole
}

/** A message outside any thread, with its buttons and a link: a direct message or a digest. */
export function aloneMessage(entry: ThreadEntry, consoleUrl: string) {
  const { actions: list = [], link } = entry
  const said = link === undefined ? '' : `\n<${consoleUrl}${link}>`
  const content = `${shorten(entryContent(entry), CONTENT - said.length)}${said}`
  const rows: object[] = []
  for (let from = 0; from < Math.min(list.length, 25); from += 5) {
    const buttons = list.slice(from, from + 5).map((action) => button(action.proposal, action))
    rows.push({ type: ComponentType.ActionRow, components: buttons })
  }
  return { content, components: rows, allowed_mentions: noMentions }
}
