import { type REST, Routes } from 'discord.js'
import { z } from 'zod'
import { noMentions } from './card-components.ts'

/** The fields that we read. https://discord.com/developers/docs/interactions/receiving-and-responding */
const user = z.object({ id: z.string(), username: z.string().default(''), bot: z.boolean().default(false) })
const option = z.object({
  name: z.string(),
  value: z.union([z.string(), z.number(), z.boolean()]).optional(),
  focused: z.boolean().default(false),
})
const input = z.object({ custom_id: z.string(), value: z.string().default('') })
const holder = z.object({ components: z.array(z.unknown()).default([]), component: z.unknown().optional() })

export const interaction = z.object({
  id: z.string(),
  application_id: z.string(),
  type: z.number(),
  token: z.string(),
  channel_id: z.string().default(''),
  member: z.object({ user }).optional(),
  user: user.optional(),
  data: z
    .object({
      custom_id: z.string().default(''),
      /** What was chosen in a menu. */
      values: z.array(z.string()).default([]),
      options: z.array(option.extend({ options: z.array(option).default([]) })).default([]),
      components: z.array(z.unknown()).default([]),
    })
    .default({ custom_id: '', values: [], options: [], components: [] }),
})
export type DiscordInteraction = z.infer<typeof interaction>

export const interactionTypes = { ping: 1, command: 2, component: 3, autocomplete: 4, modal: 5 } as const

/** The input of a dialog, by name of field. Reads both the older action rows and the newer labels. */
export function typedInto(components: readonly unknown[]): ReadonlyMap<string, string> {
  const found = new Map<string, string>()
  for (const component of components) {
    const typed = input.safeParse(component)
    if (typed.success) found.set(typed.data.custom_id, typed.data.value)
    const held = holder.safeParse(component)
    if (!held.success) continue
    const inner = [...held.data.components, ...(held.data.component === undefined ? [] : [held.data.component])]
    for (const [name, value] of typedInto(inner)) found.set(name, value)
  }
  return found
}

const EPHEMERAL = 64

export type Answers = ReturnType<typeof createAnswers>

/** The ways to answer an interaction. The first answer must come within three seconds. */
export function createAnswers(rest: REST) {
  async function first({ id, token }: DiscordInteraction, type: number, data?: object): Promise<void> {
    await rest.post(Routes.interactionCallback(id, token), {
      auth: false,
      body: data === undefined ? { type } : { type, data },
    })
  }
  return {
    /** Shows "thinking" to the person who asked, and to nobody else. */
    think: (asked: DiscordInteraction) => first(asked, 5, { flags: EPHEMERAL }),
    say: (asked: DiscordInteraction, content: string) =>
      first(asked, 4, { content, flags: EPHEMERAL, allowed_mentions: noMentions }),
    dialog: (asked: DiscordInteraction, modal: object) => first(asked, 9, modal),
    choices: (asked: DiscordInteraction, choices: readonly object[]) => first(asked, 8, { choices }),
    /** Replaces the text of the message whose button was clicked. */
    replace: (asked: DiscordInteraction, content: string) =>
      first(asked, 7, { content, components: [], allowed_mentions: noMentions }),
    /** Replaces the "thinking" message by the result. */
    async finish({ application_id: app, token }: DiscordInteraction, content: string): Promise<void> {
      await rest.patch(Routes.webhookMessage(app, token, '@original'), {
        auth: false,
        body: { content, allowed_mentions: noMentions },
      })
    },
  }
}
