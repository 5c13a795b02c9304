import { ApplicationCommandOptionType, type RESTPostAPIChatInputApplicationCommandsJSONBody } from 'discord.js'
import { type ActionName, actionNames, actions } from '../actions.ts'

type Subcommand = NonNullable<RESTPostAPIChatInputApplicationCommandsJSONBody['options']>[number]

/** The `/patch` command with a subcommand for each action, as manifests/discord-commands.json holds it. */
export function patchCommand(): RESTPostAPIChatInputApplicationCommandsJSONBody {
  return {
    name: 'patch',
    description: 'Approve, reject, look at and stop patch proposals',
    // Threads and channels of servers only: there is nobody to decide with in a direct message.
    contexts: [0],
    options: [
      plain('list', 'what is open in this channel'),
      ...actionNames.map((name) => subcommand(name)),
      plain('help', 'every command, and what it does'),
    ],
  }
}

function plain(name: string, description: string): Subcommand {
  return { type: ApplicationCommandOptionType.Subcommand, name, description }
}

function subcommand(name: ActionName): Subcommand {
  const { asks, summary } = actions[name]
  const proposal = option('proposal', 'The proposal, such as PW-1; in its thread it may be left out', false)
  const reason = option('because', 'The reason; everybody can read it, and it stays in the record', true)
  const deferral = [
    option('until', 'Until when it holds, such as 2026-12-31', true),
    reason,
    option('owner', 'Who looks at it again; left out, you', false),
  ]
  // Discord wants what is required first.
  const options = asks === 'nothing' ? [proposal] : asks === 'reason' ? [reason, proposal] : [...deferral, proposal]
  return { type: ApplicationCommandOptionType.Subcommand, name, description: summary.slice(0, 100), options }
}

function option(name: string, description: string, required: boolean) {
  return { type: ApplicationCommandOptionType.String as const, name, description, required, max_length: 1_000 }
}
