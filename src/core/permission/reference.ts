/** The table of permissions as a document. */

import { acts } from './acts.ts'
import { relation } from './relations.ts'
import type { Row } from './row.ts'
import { rows } from './rows.ts'

const head = `# Who may do what

Written from the rows of \`src/core/permission/rows.ts\` by \`npx patchwarden may --markdown\`. Decisions go by these rows, and so
does everything that offers an act: cards, messages, overviews and the command line. \`npx patchwarden may ACT PROPOSAL --as PERSON\`
says for one person whether each condition holds now.

Safe acts stop something, narrow it or look at it; forward acts begin or widen work on machines. What decides is taken from the
command line only where the policy says \`cli: recorded\`. Roles are those that the team gives now; roles that a row names stand in
the policy that the proposal was opened under.

| act | kind | who | when | decides |
| --- | --- | --- | --- | --- |
`

function decidesWords(decides: Row['decides']): string {
  return typeof decides === 'string' ? decides : decides ? 'yes' : 'no'
}

export function permissionReference(): string {
  const lines = acts.map((act) => {
    const { kind, who, during, decides } = rows[act]
    const words = who.map((name) => relation(name).words).join('; ')
    return `| ${act} | ${kind} | ${words} | ${during} | ${decidesWords(decides)} |`
  })
  return `${head}${lines.join('\n')}\n`
}
