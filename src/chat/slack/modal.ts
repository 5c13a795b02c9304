import type { InputBlock, ModalView, PlainTextOption } from '@slack/types'
import { z } from 'zod'
import { type ActionName, type Ask, actions, isActionName, type Question, questionsOf } from '../actions.ts'
import { consequenceOf } from '../consequence.ts'
import type { Click } from '../desk.ts'
import type { Dialog } from '../interaction.ts'
import { shorten, visible } from '../visible.ts'

/** The data that a dialog carries until it is sent. */
const memory = z.object({
  proposal: z.string().max(40),
  action: z.string().refine(isActionName),
  revision: z.number().int(),
  /** The channel of the click, for the answer; `null`: none. */
  place: z.string().max(40).nullable(),
})

export type ModalMemory = z.infer<typeof memory>

export const MODAL = 'pw:ask'

/** The dialog of an action, with an input for each of its questions. */
export function askModal(about: ModalMemory, { title, owners, until, confirm }: Omit<Dialog, keyof Click>): ModalView {
  const { label, summary } = actions[about.action]
  const will = consequenceOf(about.action, about.proposal) ?? confirm ?? `You are about to ${summary}.`
  const verb = label.replace('…', '')
  const blocks: ModalView['blocks'] = [
    {
      type: 'section',
      text: { type: 'plain_text', text: plainText(`${about.proposal}: ${title}`, 300), emoji: false },
    },
    {
      type: 'context',
      elements: [
        {
          type: 'plain_text',
          text: shorten(will, 300),
          emoji: false,
        },
      ],
    },
    ...inputsOf(questionsOf(about.action), { owners, until }),
  ]
  return {
    type: 'modal',
    callback_id: MODAL,
    private_metadata: JSON.stringify(about),
    title: { type: 'plain_text', text: shorten(verb, 24) },
    submit: { type: 'plain_text', text: shorten(verb, 24) },
    close: { type: 'plain_text', text: 'Cancel' },
    blocks,
  }
}

/** An input for each question. If nobody can be named, there is no input for the owner: it is the person who clicks. */
export function inputsOf(
  questions: readonly Question[],
  { owners, until }: Pick<Dialog, 'owners' | 'until'>,
): readonly InputBlock[] {
  const people = owners.slice(0, 100).map(({ id, name }) => ({
    text: { type: 'plain_text' as const, text: plainText(name, 75) },
    value: id,
  }))
  return questions.flatMap(({ ask, label, required }) => {
    if ((ask === 'owner' || ask === 'person') && people.length === 0) return []
    return {
      type: 'input',
      block_id: ask,
      optional: !required,
      label: { type: 'plain_text', text: label },
      ...hintOf(ask, required),
      element: elementOf(ask, until, people),
    }
  })
}

/**
 * The input that shows a refusal: of those that the dialog has, because Slack accepts no other. `null`: it has none, for
 * example because nobody could be named.
 */
export function refusedAt(action: ActionName, view: unknown): Ask | null {
  const shown = dialogBlocks.safeParse(view)
  const ids = shown.success ? shown.data.blocks.map(({ block_id: id }) => id) : []
  const asks = questionsOf(action).flatMap(({ ask }) => (ids.includes(ask) ? [ask] : []))
  return asks.find((ask) => ask === 'reason') ?? asks[0] ?? null
}

const dialogBlocks = z.object({ blocks: z.array(z.object({ block_id: z.string().optional() })) })

function hintOf(ask: Ask, required: boolean): Pick<InputBlock, 'hint'> {
  const hint = (text: string) => ({ hint: { type: 'plain_text' as const, text } })
  if (ask === 'reason') return hint('Everybody can read it, and it stays in the record.')
  return ask === 'owner' && !required ? hint('Left empty, it is you.') : {}
}

function elementOf(ask: Ask, until: string, people: readonly PlainTextOption[]): InputBlock['element'] {
  const [first] = people
  switch (ask) {
    case 'reason':
      return { type: 'plain_text_input', action_id: ask, multiline: true, min_length: 3, max_length: 2_000 }
    case 'until':
      return { type: 'datepicker', action_id: ask, initial_date: until }
    case 'asset':
      return { type: 'plain_text_input', action_id: ask, max_length: 200 }
    case 'person':
      return { type: 'static_select', action_id: ask, options: [...people] }
    case 'owner':
      return { type: 'static_select', action_id: ask, options: [...people], ...(first && { initial_option: first }) }
  }
}

/** Slack refuses empty text, so it becomes a dash. */
function plainText(text: string, limit: number): string {
  return shorten(visible(text).trim() || '—', limit)
}

const answers = z.object({
  values: z.record(z.string(), z.record(z.string(), z.looseObject({ type: z.string() }))),
})

const answer = z.object({
  value: z.string().nullish(),
  selected_date: z.string().nullish(),
  selected_option: z.object({ value: z.string() }).nullish(),
})

export interface Asked extends ModalMemory {
  readonly reason: string | null
  readonly owner: string | null
  readonly until: string | null
  readonly asset: string | null
  readonly person: string | null
}

/** Reads a dialog that was sent; `null`: it is not ours. */
export function readModal(privateMetadata: string, state: unknown): Asked | null {
  const about = memory.safeParse(parsed(privateMetadata))
  const given = answers.safeParse(state)
  if (!about.success || !given.success) return null
  function field(name: string): z.infer<typeof answer> {
    const read = answer.safeParse(given.data?.values[name]?.[name])
    return read.success ? read.data : {}
  }
  return {
    ...about.data,
    reason: field('reason').value?.trim() || null,
    owner: field('owner').selected_option?.value ?? null,
    until: field('until').selected_date ?? null,
    asset: field('asset').value?.trim() || null,
    person: field('person').selected_option?.value ?? null,
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}

/** The id of a card's menu; a card may have several. */
export function menuId(index: number): string {
  return index === 0 ? 'pw:more' : `pw:more-${index + 1}`
}

function isMenu(actionId: string): boolean {
  return /^pw:more(?:-\d+)?$/.test(actionId)
}

export interface Pressed extends Click {
  readonly revision: number
  /** The action has no questions, but its menu could not ask once more. */
  readonly unsure: boolean
}

/** What a button or an entry of a menu stands for; `null`: it is not ours. */
export function readPressed(actionId: string, value: string | undefined): Pressed | null {
  const [, button = ''] = /^pw:([a-z-]+)/.exec(actionId) ?? []
  const said = isMenu(actionId) ? (value ?? '') : `${button}:${value}`
  const [, action = '', proposal, revision, sure] = /^([a-z-]+):([A-Z]+-\d+):(\d+)(:sure)?$/.exec(said) ?? []
  if (!isActionName(action) || proposal === undefined) return null
  return { action, proposal, revision: Number(revision), unsure: sure !== undefined }
}
