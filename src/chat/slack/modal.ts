import type { ModalView } from '@slack/types'
import { z } from 'zod'
import { type ActionName, type Ask, actions, assetLabel, isActionName, untilLabel } from '../actions.ts'
import type { Click } from '../desk.ts'
import type { Dialog } from '../interaction.ts'
import { shorten, visible } from '../visible.ts'

/** What a dialog must remember until it is sent. */
const memory = z.object({
  proposal: z.string().max(40),
  action: z.string().refine(isActionName),
  revision: z.number().int(),
  /** Where the click was, for the answer. */
  place: z.string().max(40).nullable(),
})

export type ModalMemory = z.infer<typeof memory>

export const MODAL = 'pw:ask'

/** Asks for a reason; for a rejection also who looks again, and until when it holds. */
export function askModal(about: ModalMemory, { title, owners, until }: Omit<Dialog, keyof Click>): ModalView {
  const { label, asks, summary, optional = [] } = actions[about.action]
  const verb = label.replace('…', '')
  const blocks: ModalView['blocks'] = [
    {
      type: 'section',
      text: { type: 'plain_text', text: plainText(`${about.proposal}: ${title}`, 300), emoji: false },
    },
    {
      type: 'context',
      elements: [{ type: 'plain_text', text: shorten(`You are about to ${summary}.`, 300), emoji: false }],
    },
  ]
  if (asks.includes('asset')) {
    blocks.push({
      type: 'input',
      block_id: 'asset',
      optional: optional.includes('asset'),
      label: {
        type: 'plain_text',
        text: assetLabel(about.action),
      },
      element: { type: 'plain_text_input', action_id: 'asset', max_length: 200 },
    })
  }
  if (asks.includes('reason')) {
    blocks.push({
      type: 'input',
      block_id: 'reason',
      label: { type: 'plain_text', text: 'Reason' },
      hint: { type: 'plain_text', text: 'Everybody can read it, and it stays in the record.' },
      element: { type: 'plain_text_input', action_id: 'reason', multiline: true, min_length: 3, max_length: 2_000 },
    })
  }
  if (asks.includes('owner')) {
    const options = owners.slice(0, 100).map(({ id, name }) => ({
      text: { type: 'plain_text' as const, text: plainText(name, 75) },
      value: id,
    }))
    const [first] = options
    if (first !== undefined) {
      blocks.push({
        type: 'input',
        block_id: 'owner',
        label: { type: 'plain_text', text: 'Who looks at it again' },
        element: { type: 'static_select', action_id: 'owner', options, initial_option: first },
      })
    }
  }
  if (asks.includes('until')) {
    blocks.push({
      type: 'input',
      block_id: 'until',
      label: { type: 'plain_text', text: untilLabel(about.action) },
      element: { type: 'datepicker', action_id: 'until', initial_date: until },
    })
  }
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

/** The block under which a refusal is shown: Slack shows none under a block that the dialog does not have. */
export function blockOfRefusal(action: ActionName): Ask {
  const { asks } = actions[action]
  return asks.includes('reason') ? 'reason' : (asks[0] ?? 'reason')
}

/** Slack refuses empty text. */
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
}

/** What came back from the dialog; `null` for one that is not ours. */
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
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}

/** The action and the proposal of a button; `null` for one that is not ours. */
export function readButton(
  actionId: string,
  value: string | undefined,
): { readonly action: ActionName; readonly proposal: string; readonly revision: number } | null {
  const [, name = ''] = /^pw:([a-z-]+)/.exec(actionId) ?? []
  const [, proposal, revision] = /^([A-Z]+-\d+):(\d+)$/.exec(value ?? '') ?? []
  if (!isActionName(name) || proposal === undefined) return null
  return { action: name, proposal, revision: Number(revision) }
}
