/** Receives what people do in Slack, and shows them the result. */

import type { App, BlockAction, ButtonAction, OverflowAction } from '@slack/bolt'
import type { WebClient } from '@slack/web-api'
import { errorText } from '../../core/error-text.ts'
import { writeRealmId } from '../../core/realm.ts'
import { type Dialog, type Interaction, isAsking, type Reply, testNonce, type Who } from '../interaction.ts'
import { plain } from '../rich-text.ts'
import { shorten } from '../visible.ts'
import { answerMessage } from './answer.ts'
import type { Surroundings } from './card-blocks.ts'
import { homeNotice, homeView } from './home.ts'
import type { createMembership } from './membership.ts'
import { askModal, MODAL, readModal, readPressed, refusedAt } from './modal.ts'

export interface Listening {
  readonly interaction: Interaction
  readonly membership: ReturnType<typeof createMembership>
  readonly surroundings: Surroundings
  /** Slack channels, by channel of the configuration: `C...`, or `T.../C...`. */
  readonly places: ReadonlyMap<string, string>
  readonly log: { warn(message: string): void }
}

export function listen(app: App, listening: Listening): App {
  app.error(async (error) => listening.log.warn(`Slack: ${errorText(error)}`))
  hearButtons(app, listening)
  hearDialogs(app, listening)
  hearCommands(app, listening)
  app.event('app_home_opened', async ({ event, client, context }) => {
    if (event.tab !== 'home') return
    await showHome(listening, { user: event.user, client }, whoIs(listening, event.user, context.teamId ?? null), null)
  })
  return app
}

/** @param workspace the user's workspace, as the request says; `null`: the request does not say it */
function whoIs({ membership }: Listening, user: string, workspace: string | null): Who {
  return () => membership.recognise(user, workspace)
}

function hearButtons(app: App, listening: Listening): void {
  const { interaction } = listening
  app.action<BlockAction<ButtonAction | OverflowAction>>(
    { type: 'block_actions', action_id: /^pw:/ },
    async ({ ack, action, body, respond, client }) => {
      await ack()
      const { user, team, channel, trigger_id: trigger, view } = body
      const who = whoIs(listening, user.id, user.team_id ?? team?.id ?? null)
      const nonce = testNonce(action.action_id)
      if (nonce !== null) {
        const said = await interaction.tested(nonce, who)
        await respond({ replace_original: true, text: plain(said.message) })
        return
      }
      const pressed = readPressed(action.action_id, valueIn(action))
      if (pressed === null) return
      const { unsure, ...click } = pressed
      const openDialog = (dialog: Dialog) =>
        interaction.answered(async () => {
          const view = askModal({ ...click, place: channel?.id ?? null }, dialog)
          await client.views.open({ trigger_id: trigger, view })
          return { ok: true, message: [] }
        })
      const found = await (unsure || isAsking(click.action)
        ? interaction.asked(click, who)
        : interaction.clicked(click, who))
      const reply = 'answer' in found ? found : { answer: await openDialog(found), link: null }
      const { ok, message } = reply.answer
      if (view?.type === 'home') await showHome(listening, { user: user.id, client }, who, ok ? null : plain(message))
      else if (message.length > 0) await respond(ephemeral(reply, listening))
    },
  )
}

function valueIn(action: ButtonAction | OverflowAction): string | undefined {
  return action.type === 'overflow' ? action.selected_option.value : action.value
}

function hearDialogs(app: App, listening: Listening): void {
  const { interaction, surroundings } = listening
  app.view(MODAL, async ({ ack, body, view, client }) => {
    const asked = readModal(view.private_metadata, view.state)
    if (asked === null) return ack()
    const who = whoIs(listening, body.user.id, body.user.team_id ?? body.team?.id ?? null)
    const { answer } = await interaction.submitted(asked, who)
    // A refusal is shown inside the dialog, so that the input is not lost.
    const field = refusedAt(asked.action, view)
    if (!answer.ok && field !== null) {
      const errors = { [field]: shorten(plain(answer.message), 2_000) }
      return ack({ response_action: 'errors', errors })
    }
    await ack()
    if (asked.place === null) return
    const { text, blocks } = answerMessage(answer, null, surroundings)
    await client.chat.postEphemeral({ channel: asked.place, user: body.user.id, text, blocks })
  })
}

function hearCommands(app: App, listening: Listening): void {
  app.command('/patch', async ({ ack, command, respond }) => {
    await ack()
    const { text } = command
    const named = /\bPW-\d+\b/i.exec(text)?.[0].toUpperCase() ?? null
    const channel = channelOf(listening.places, command.team_id, command.channel_id)
    const who = whoIs(listening, command.user_id, command.team_id)
    const where = async () => ({ channel, proposal: null })
    await respond(ephemeral(await listening.interaction.typed({ text, named }, where, who), listening))
  })
}

function channelOf(places: Listening['places'], workspace: string, channel: string): string | null {
  const names = [writeRealmId({ realm: workspace, id: channel }), channel]
  return [...places].find(([, written]) => names.includes(written))?.[0] ?? null
}

function ephemeral({ answer, link }: Reply, { surroundings }: Pick<Listening, 'surroundings'>) {
  const { text, blocks } = answerMessage(answer, link, surroundings)
  return { response_type: 'ephemeral' as const, replace_original: false, text, blocks }
}

/** @param problem why a click on the home page failed; `null`: nothing failed */
async function showHome(
  { interaction, surroundings }: Listening,
  { user, client }: { readonly user: string; readonly client: WebClient },
  who: Who,
  problem: string | null,
): Promise<void> {
  const found = await interaction.overview(who)
  const view = 'ok' in found ? homeNotice(plain(found.message)) : homeView(found, surroundings)
  const shown = problem === null ? view : { ...view, blocks: [...homeNotice(problem).blocks, ...view.blocks] }
  await client.views.publish({ user_id: user, view: shown })
}
