/** Receives what people do in Discord, and shows them the result. */

import { DiscordAPIError } from 'discord.js'
import { errorText } from '../../core/error-text.ts'
import { isActionName } from '../actions.ts'
import type { Answer, Click } from '../desk.ts'
import { detailLines } from '../detail-lines.ts'
import { type Interaction, isAsking, type Reply, testNonce, type Where, type Who } from '../interaction.ts'
import type { Posts } from '../platform.ts'
import { plain } from '../rich-text.ts'
import { oneLine, shorten } from '../visible.ts'
import { type Answers, type DiscordInteraction, interaction, interactionTypes, typedInto } from './answers.ts'
import { MENU } from './card-components.ts'
import { helpHere } from './commands.ts'
import { headBlock, markdown } from './markdown.ts'
import { askModal } from './modal.ts'

export interface Listening {
  readonly interaction: Interaction
  readonly answers: Answers
  readonly posts: Pick<Posts, 'proposalOf'>
  /** Discord channel ids, by channel of the configuration. */
  readonly places: ReadonlyMap<string, string>
  readonly consoleUrl: string
  readonly log: { warn(message: string): void }
}

const ANSWER = 1_900
/** Characters of what was typed into a refused dialog. */
const TYPED = 800
const NOTHING_CHOSEN = 'Nothing was done: the menu still held your last choice. Choose once more.'
const ALREADY_ANSWERED = 40_060

/** Handles a message from Discord. Ignores everything that is not an interaction. */
export function hear(listening: Listening, raw: unknown): void {
  const asked = interaction.safeParse(raw)
  if (!asked.success) return
  handle(listening, asked.data).catch((error: unknown) => {
    // Discord delivered the same click twice, and the first was answered.
    if (error instanceof DiscordAPIError && error.code === ALREADY_ANSWERED) return
    listening.log.warn(`Discord: a click was not answered: ${errorText(error)} Whoever clicked sees that it failed.`)
  })
}

async function handle(listening: Listening, asked: DiscordInteraction): Promise<void> {
  switch (asked.type) {
    case interactionTypes.component:
      return onButton(listening, asked)
    case interactionTypes.modal:
      return onModal(listening, asked)
    case interactionTypes.command:
      return onCommand(listening, asked)
    case interactionTypes.autocomplete:
      return onTyping(listening, asked)
  }
}

function whoIs(asked: DiscordInteraction): Who {
  return async () => {
    const user = asked.member?.user ?? asked.user
    if (user === undefined || user.bot) return { problem: 'Bots do not decide; people do.' }
    const { id, username } = user
    return { account: { platform: 'discord', id, realm: null, label: username || id, verifiedEmail: null } }
  }
}

async function onButton(listening: Listening, asked: DiscordInteraction): Promise<void> {
  const { interaction, answers } = listening
  const nonce = testNonce(asked.data.custom_id)
  if (nonce !== null) {
    const said = await interaction.tested(nonce, whoIs(asked))
    return answers.replace(asked, plain(said.message))
  }
  const { custom_id: id, values } = asked.data
  const isMenu = id.startsWith(`${MENU}:`)
  if (isMenu && values.length === 0) return answers.say(asked, NOTHING_CHOSEN)
  const said = isMenu ? `pw:${values[0]}` : id
  const click = readClick(/^pw(?:-sure)?:([a-z-]+):([A-Z]+-\d+):(\d+)(?::sure)?$/, said)
  if (click === null) return
  const isSure = said.startsWith('pw-sure:') || said.endsWith(':sure')
  if (!isAsking(click.action) && !isSure) {
    await answers.think(asked)
    return answers.finish(asked, shown(listening, await interaction.clicked(click, whoIs(asked))))
  }
  // A dialog must be the first answer to a click. So "thinking" cannot be shown before it.
  const found = await interaction.asked(click, whoIs(asked))
  if ('answer' in found) return answers.say(asked, shown(listening, found))
  await answers.dialog(asked, askModal(found))
}

async function onModal(listening: Listening, asked: DiscordInteraction): Promise<void> {
  const click = readClick(/^pw-ask:([a-z-]+):([A-Z]+-\d+):(\d+)$/, asked.data.custom_id)
  if (click === null) return
  await listening.answers.think(asked)
  const typed = typedInto(asked.data.components)
  const field = (id: string) => typed.get(id)?.trim() || null
  const said = {
    reason: field('reason'),
    owner: field('owner'),
    person: field('person'),
    asset: field('asset'),
    until: field('until'),
  }
  const reply = await listening.interaction.submitted({ ...click, ...said }, whoIs(asked))
  const kept = reply.answer.ok ? '' : typedAgain(said)
  const answer = shown(listening, reply, kept.length + 1)
  await listening.answers.finish(asked, kept === '' ? answer : `${answer}\n${kept}`)
}

/** A dialog of Discord closes when it is sent. After a refusal, the person gets back what they typed. */
function typedAgain(said: Readonly<Record<string, string | null>>): string {
  const lines = Object.entries(said).flatMap(([name, text]) =>
    text === null ? [] : text.split('\n').map((line, index) => (index === 0 ? `${name}: ${line}` : line)),
  )
  return lines.length === 0 ? '' : `You typed:\n${headBlock(lines, TYPED)}`
}

function readClick(pattern: RegExp, id: string): Click | null {
  const [, action = '', proposal, revision] = pattern.exec(id) ?? []
  return isActionName(action) && proposal !== undefined ? { action, proposal, revision: Number(revision) } : null
}

async function onCommand(listening: Listening, asked: DiscordInteraction): Promise<void> {
  await listening.answers.think(asked)
  const [sub] = asked.data.options
  const verb = sub?.name ?? 'help'
  const values = new Map(sub?.options.map(({ name, value }) => [name, String(value ?? '')]))
  const given = (name: string, before = '') => (values.has(name) ? ` ${before}${values.get(name)}` : '')
  const text = `${verb}${given('person')}${given('code')}${given('confirm')}${given('platform')}${given('account')}${given('proposal')}${given('asset', 'asset ')}${given('owner', 'owner ')}${given('until', 'until ')}${given('deputy', 'deputy ')}${given('because', 'because ')}`
  const named = proposalIn(values.get('proposal') ?? '')
  const where = () => whereIs(listening, asked.channel_id)
  const reply = await listening.interaction.typed({ text, named }, where, whoIs(asked))
  const { detail } = reply.answer
  const answer: Answer =
    detail && isHelp(detail.lines)
      ? { ...reply.answer, detail: { ...detail, lines: helpHere(detail.lines) } }
      : reply.answer
  await listening.answers.finish(asked, shown(listening, { ...reply, answer }))
}

async function onTyping(listening: Listening, asked: DiscordInteraction): Promise<void> {
  const { interaction, answers } = listening
  const { name = '', options = [] } = asked.data.options[0] ?? {}
  if (!isActionName(name)) return answers.choices(asked, [])
  const focused = options.find((option) => option.focused)
  const typed = String(focused?.value ?? '')
  async function aboutWhich(): Promise<string | null> {
    const named = proposalIn(String(options.find(({ name }) => name === 'proposal')?.value ?? ''))
    return named ?? (await whereIs(listening, asked.channel_id)).proposal
  }
  const found =
    focused?.name === 'owner' || focused?.name === 'person'
      ? await interaction.people(name, await aboutWhich(), typed, whoIs(asked))
      : await interaction.proposals(typed, name, whoIs(asked))
  await answers.choices(
    asked,
    found.map(({ name, value }) => ({ name: shorten(oneLine(name), 100), value })),
  )
}

/** Help also comes with the answer to a command that lacks something. */
function isHelp(lines: readonly string[]): boolean {
  return lines.some((line) => line.startsWith('/patch '))
}

function proposalIn(text: string): string | null {
  return /\bPW-\d+\b/i.exec(text)?.[0].toUpperCase() ?? null
}

/** The channel, and the proposal if this is its thread. A Discord thread has the id of the message where it began. */
async function whereIs({ places, posts }: Listening, channelId: string): Promise<Where> {
  for (const [channel, place] of places) {
    if (place === channelId) return { channel, proposal: null }
    const proposal = await posts.proposalOf('discord', place, channelId)
    if (proposal !== null) return { channel, proposal }
  }
  return { channel: null, proposal: null }
}

/** `less`: characters to leave free. */
function shown({ consoleUrl }: Listening, { answer, link: path }: Reply, less = 0): string {
  const message = markdown(answer.message, 900)
  const lines = answer.detail ? detailLines(answer.detail) : []
  const link = path === null ? '' : `\n<${consoleUrl}${path}>`
  const body = headBlock(lines, ANSWER - message.length - link.length - less)
  const content = `${answer.ok ? '' : '⚠️ '}${message}${body === '' ? '' : `\n${body}`}${link}`.trim()
  return content === '' ? 'Done.' : content
}
