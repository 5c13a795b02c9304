import { type APIModalInteractionResponseCallbackData, ComponentType, TextInputStyle } from 'discord.js'
import { type Ask, actions, assetLabel, untilLabel } from '../actions.ts'
import type { Asking } from '../desk.ts'
import type { Dialog } from '../interaction.ts'

/** Asks for a reason; for a rejection also who looks again, and until when it holds. */
export function askModal({
  action,
  proposal,
  revision,
  until,
}: Omit<Dialog, keyof Asking>): APIModalInteractionResponseCallbackData {
  const { label, asks, optional = [] } = actions[action]
  const inputs: Readonly<Record<Ask, ReturnType<typeof input>>> = {
    reason: input('reason', 'Reason (everybody can read it)', {
      style: TextInputStyle.Paragraph,
      max_length: 2_000,
      required: true,
    }),
    until: input('until', untilLabel(action), { value: until, min_length: 10, max_length: 10, required: true }),
    asset: input('asset', assetLabel(action), {
      max_length: 200,
      required: !optional.includes('asset'),
    }),
    owner: input('owner', 'Who looks at it again (left empty: you)', { max_length: 60, required: false }),
  }
  const fields = asks.map((ask) => inputs[ask])
  return {
    custom_id: `pw-ask:${action}:${proposal}:${revision}`,
    title: `${label.replace('…', '')} ${proposal}`.slice(0, 45),
    components: fields,
  }
}

interface More {
  readonly style?: TextInputStyle
  readonly value?: string
  readonly min_length?: number
  readonly max_length: number
  readonly required: boolean
}

function input(id: string, label: string, more: More) {
  const field = { type: ComponentType.TextInput as const, custom_id: id, label, style: TextInputStyle.Short, ...more }
  return { type: ComponentType.ActionRow as const, components: [field] }
}
