import { type ActionName, actionNames, actions, lookNames, lookSummaries } from './actions.ts'
import { buttonsOnly, MOST_SUBCOMMANDS, PEOPLE_COMMAND, peopleActions, peopleNames } from './discord/typed.ts'
import { typedAs } from './slash.ts'

/** The action's command on the command line; `null`: there is none. */
function onCommandLine(name: ActionName): string | null {
  switch (name) {
    case 'approve':
    case 'reject':
    case 'abstain':
      return `vote PW-1 ${name}`
    case 'withdraw-vote':
      return 'vote PW-1 withdraw'
    case 'confirm':
      return null
    default:
      return `${actions[name].commandLine ?? name} PW-1`
  }
}

/** The text of docs/commands.md: every action and look, made from the table of actions. */
export function commandReference(): string {
  const rows = actionNames.map((name) => {
    const { label, summary } = actions[name]
    const typed = onCommandLine(name)
    return `| ${label} | \`/patch ${typedAs(name)}\` | ${typed === null ? 'not there' : `\`${typed}\``} | ${summary} |`
  })
  const looks = lookNames.map(
    (name) => `| \`/patch ${name}${lookSummaries[name].follows ?? ''}\` | ${lookSummaries[name].summary} |`,
  )
  return `# Everything that can be done to a proposal

The same on every platform: buttons under the card, \`/patch\` in Slack, in Discord and in the field under a thread of the
console, and \`npx patchwarden\` on the command line, where \`--as <person>\` says who speaks. This page is printed by
\`npx patchwarden commands --markdown\` from the table in \`src/chat/actions.ts\`.

| button | typed | command line | what it does |
| --- | --- | --- | --- |
${rows.join('\n')}

In the thread of a proposal (Discord, console) its name may be left out. A date is written \`2026-12-31\`; after \`owner\` comes the
short name of a person in \`patchwarden.yaml\`. Whether somebody may do it is decided when it is done, on the person and the
roles they hold then; a refusal says why, to them alone.

Discord takes ${MOST_SUBCOMMANDS} subcommands of a command, so ${[...peopleActions, ...peopleNames].map((name) => `\`${name}\``).join(', ')} are of \`/${PEOPLE_COMMAND}\` there; buttons only are there: ${buttonsOnly.map((name) => `\`${name}\``).join(', ')}.

| typed | what it does |
| --- | --- |
${looks.join('\n')}
`
}
