import {
  type APIButtonComponentWithCustomId,
  type APIComponentInContainer,
  type APIMessageTopLevelComponent,
  ButtonStyle,
  ComponentType,
  MessageFlags,
  type RESTPostAPIChannelMessageJSONBody,
} from 'discord.js'
import { actions } from '../actions.ts'
import {
  type Card,
  type CardAction,
  type CardQuorum,
  type CardRing,
  type ThreadEntry,
  type Tone,
  wholeText,
} from '../card.ts'
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
  good: 0x2e7d32,
  neutral: 0x9e9e9e,
}
const signs: Readonly<Record<Tone, string>> = { urgent: '🔴 ', warning: '🟠 ', good: '🟢 ', neutral: '' }

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
  const top = [`${signs[card.tone]}${shorten(card.badge, 40)}${card.simulated ? ' · Simulated' : ''}`]
  const badge = markdown(
    [...rich(strong(top[0] ?? '')), ...card.context.flatMap((part) => [...rich(' · '), ...part])],
    300,
  )
  const title = `### [${escaped(shorten(oneLine(card.title), 150))}](${link})`
  const lead = card.lead === null ? '' : `\n${markdown(card.lead, HEAD - badge.length - title.length - 2)}`
  const children: APIComponentInContainer[] = [text(`${badge}\n${title}${lead}`)]
  const facts = factText(card.facts)
  if (facts !== '') children.push(text(facts))
  for (const image of images) children.push(gallery(image))
  const foot = markdown(footText(card), FOOT)
  if (foot.trim() !== '') children.push(text(foot))
  for (let from = 0; from < Math.min(card.actions.length, 25); from += 5) {
    const row = card.actions.slice(from, from + 5).map((action) => button(card.proposal, action))
    children.push({ type: ComponentType.ActionRow, components: row })
  }
  const container: APIMessageTopLevelComponent = {
    type: ComponentType.Container,
    accent_color: colours[card.tone],
    components: children,
  }
  return { flags: MessageFlags.IsComponentsV2, components: [container], allowed_mentions: noMentions }
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
    const said = markdown([...rich(strong(shorten(label, 40)), lineBreak), ...value], room)
    if (said.trim() !== '') out += `${out === '' ? '' : '\n'}${said}`
  }
  return out
}

function footText({ rings, quorum, notes }: Card): RichText {
  const lines: RichText[] = []
  if (rings.length > 0) lines.push(rich(rings.slice(0, 8).map(ringText).join('  →  ')))
  for (const need of quorum.slice(0, 6)) lines.push(quorumText(need))
  for (const { tone, text } of notes.slice(0, 5)) lines.push([...rich(signs[tone]), ...text])
  return lines.flatMap((line, index) => (index === 0 ? line : [lineBreak, ...line]))
}

function ringText({ name, good, bad, total, status }: CardRing): string {
  return `${shorten(name, 40)} ${good}/${total}${bad > 0 ? `, ${bad} not` : ''}${status === 'waiting' ? '' : ` ${status}`}`
}

function quorumText({ role, have, need, by, waitingFor }: CardQuorum): RichText {
  const waits = have < need && waitingFor.length > 0 ? ` waiting for ${waitingFor.slice(0, 5).join(', ')}` : ''
  return rich(strong(`${shorten(role, 40)} ${have}/${need}`), ` ${shorten(by.join(', '), 100)}${shorten(waits, 150)}`)
}

const styles = { primary: ButtonStyle.Primary, danger: ButtonStyle.Danger, plain: ButtonStyle.Secondary } as const

function button(proposal: string, { name, label, revision }: CardAction): APIButtonComponentWithCustomId {
  return {
    type: ComponentType.Button,
    custom_id: `pw:${name}:${proposal}:${revision}`,
    label: shorten(label, 80),
    style: styles[actions[name].style],
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
