import { ApplicationCommandOptionType, type RESTPostAPIChatInputApplicationCommandsJSONBody } from 'discord.js'
import { chatPlatformNames, chatPlatforms } from '../../core/chat-platforms.ts'
import { type ActionName, actionNames, actions, assetLabel, lookNames, lookSummaries } from '../actions.ts'

type Subcommand = NonNullable<RESTPostAPIChatInputApplicationCommandsJSONBody['options']>[number]

/** Discord takes 25 subcommands; these ones are on the card of whoever may use them. */
const notTyped: readonly string[] = ['go', 'withdraw', 'review-break-glass', 'explain', 'assets', 'report']

/** The `/patch` command with a subcommand for everything that can be done, as manifests/discord-commands.json holds it. */
export function patchCommand(): RESTPostAPIChatInputApplicationCommandsJSONBody {
  return {
    name: 'patch',
    description: 'Approve, reject, look at and stop patch proposals',
    // Threads and channels of servers only: there is nobody to decide with in a direct message.
    contexts: [0],
    options: [
      ...actionNames.filter((name) => !notTyped.includes(name)).map((name) => subcommand(name)),
      ...lookNames.map((name) => look(name)),
    ],
  }
}

/** The lines of help for the commands that can be typed here. What follows a command has fields of its own on Discord. */
export function helpHere(lines: readonly string[]): readonly string[] {
  return lines
    .map((line) => line.replace(/^(\/patch [\w-]+)[^:]*:/, '$1:'))
    .filter((line) => !notTyped.some((name) => line.startsWith(`/patch ${name}:`)))
}

function look(name: (typeof lookNames)[number]): Subcommand {
  const { summary } = lookSummaries[name]
  const shown = { type: ApplicationCommandOptionType.Subcommand as const, name, description: summary.slice(0, 100) }
  if (name === 'unlink') {
    const choices = chatPlatformNames.map((value) => ({ name: chatPlatforms[value].title, value }))
    const platform = { ...option('platform', 'Where the account is', true), choices }
    return { ...shown, options: [platform, option('account', 'Its id; left out, the one that is linked', false)] }
  }
  if (name !== 'link') return shown
  const confirm = {
    ...option('confirm', 'Once you have read whose account it is', false),
    choices: [{ name: 'Yes, that account is mine', value: 'confirm' }],
  }
  return { ...shown, options: [option('code', 'A code you got elsewhere; left out, you get one', false), confirm] }
}

function subcommand(name: ActionName): Subcommand {
  const { asks, summary, optional = [] } = actions[name]
  const asset = asks.includes('asset') ? [option('asset', assetLabel(name), !optional.includes('asset'))] : []
  // Discord asks for required options first.
  const options = [
    ...asset.filter(({ required }) => required),
    ...(asks.includes('until') ? [option('until', 'The date, such as 2026-12-31', true)] : []),
    ...(asks.includes('reason') ? [option('because', 'The reason; everybody can read it', true)] : []),
    ...(asks.includes('owner')
      ? [{ ...option('owner', 'Who looks at it again; left out, you', false), autocomplete: true }]
      : []),
    ...asset.filter(({ required }) => !required),
    {
      ...option('proposal', 'The proposal, such as PW-1; in its thread it may be left out', false),
      autocomplete: true,
    },
  ]
  return { type: ApplicationCommandOptionType.Subcommand, name, description: summary.slice(0, 100), options }
}

function option(name: string, description: string, required: boolean) {
  return { type: ApplicationCommandOptionType.String as const, name, description, required, max_length: 1_000 }
}
