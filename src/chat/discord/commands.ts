import { ApplicationCommandOptionType, type RESTPostAPIChatInputApplicationCommandsJSONBody } from 'discord.js'
import { chatPlatformNames, chatPlatforms } from '../../core/chat-platforms.ts'
import { type ActionName, actions, type LookName, lookSummaries, type Question, questionsOf } from '../actions.ts'
import { buttonsOnly, PEOPLE_COMMAND, peopleActions, peopleNames, typedLooks, typedNames } from './typed.ts'

type Subcommand = NonNullable<RESTPostAPIChatInputApplicationCommandsJSONBody['options']>[number]

/** The `/patch` command with a subcommand for each action and look. manifests/discord-commands.json holds a copy. */
export function patchCommand(): RESTPostAPIChatInputApplicationCommandsJSONBody {
  return {
    name: 'patch',
    description: 'Approve, reject, look at and stop patch proposals',
    // Only in channels and threads of servers: a direct message has no team to decide with.
    contexts: [0],
    options: [...typedNames.map((name) => subcommand(name)), ...typedLooks.map((name) => look(name))],
  }
}

/** Both commands, as Discord registers them. */
export function discordCommands(): readonly RESTPostAPIChatInputApplicationCommandsJSONBody[] {
  return [patchCommand(), peopleCommand()]
}

/** The command about people, which has room where the other is full. */
function peopleCommand(): RESTPostAPIChatInputApplicationCommandsJSONBody {
  return {
    name: PEOPLE_COMMAND,
    description: 'Ask somebody, and say who is away and who stands in',
    contexts: [0],
    options: [...peopleActions.map((name) => subcommand(name)), ...peopleNames.map((name) => look(name))],
  }
}

/** The help lines of commands that can be typed on Discord, without arguments: Discord has fields for those. */
export function helpHere(lines: readonly string[]): readonly string[] {
  return lines
    .map((line) => line.replace(/^(\/patch [\w-]+)[^:]*:/, '$1:'))
    .map((line) => {
      const people = [...peopleNames, ...peopleActions].some((name) => line.startsWith(`/patch ${name}:`))
      return people ? line.replace('/patch ', `/${PEOPLE_COMMAND} `) : line
    })
    .filter((line) => !buttonsOnly.some((name) => line.startsWith(`/patch ${name}:`)))
}

function look(name: LookName): Subcommand {
  const { summary } = lookSummaries[name]
  const shown = { type: ApplicationCommandOptionType.Subcommand as const, name, description: summary.slice(0, 100) }
  if (name === 'unlink') {
    const choices = chatPlatformNames.map((value) => ({ name: chatPlatforms[value].title, value }))
    const platform = { ...option('platform', 'Where the account is', true), choices }
    return { ...shown, options: [platform, option('account', 'Its id; left out, the one that is linked', false)] }
  }
  if (name === 'away') {
    const until = option('until', 'The last day, such as 2026-12-31', true)
    const deputy = option('deputy', 'Who stands in: the short name of a person; left out, nobody', false)
    return { ...shown, options: [until, deputy, option('person', 'Who is away; left out, you', false)] }
  }
  if (name !== 'link') return shown
  const confirm = {
    ...option('confirm', 'Once you have read whose account it is', false),
    choices: [{ name: 'Yes, that account is mine', value: 'confirm' }],
  }
  return { ...shown, options: [option('code', 'A code you got elsewhere; left out, you get one', false), confirm] }
}

function subcommand(name: ActionName): Subcommand {
  const options = [
    ...optionsOf(questionsOf(name)),
    {
      ...option('proposal', 'The proposal, such as PW-1; in its thread it may be left out', false),
      autocomplete: true,
    },
  ]
  const description = actions[name].summary.slice(0, 100)
  return { type: ApplicationCommandOptionType.Subcommand, name, description, options }
}

/** An option for each question. Discord wants required options first. */
export function optionsOf(questions: readonly Question[]) {
  const options = questions.map(optionOf)
  return [...options.filter(({ required }) => required), ...options.filter(({ required }) => !required)]
}

function optionOf({ ask, label, required }: Question) {
  switch (ask) {
    case 'reason':
      return option('because', `${label}; everybody can read it`, required)
    case 'until':
      return option('until', `${label}; a date, such as 2026-12-31`, required)
    case 'asset':
      return option('asset', label, required)
    case 'person':
      return { ...option('person', label, required), autocomplete: true }
    case 'owner':
      return { ...option('owner', required ? label : `${label}; left out, you`, required), autocomplete: true }
  }
}

function option(name: string, description: string, required: boolean) {
  return { type: ApplicationCommandOptionType.String as const, name, description, required, max_length: 1_000 }
}
