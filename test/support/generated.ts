/** What is written from the sources: `npm run generate` writes it, and tests compare it. */

import { readFileSync } from 'node:fs'
import { exampleEnvironment, variableReference } from '../../src/app/environment.ts'
import { commandReference } from '../../src/chat/command-reference.ts'
import { discordCommands } from '../../src/chat/discord/commands.ts'
import { shapesSchema } from '../../src/cli/shapes.ts'
import { permissionReference } from '../../src/core/permission/reference.ts'
import { jsonSchema, kindReference } from '../../src/integrations/configuration.ts'
import { coverageReference } from '../../src/integrations/coverage-reference.ts'
import { termsTable } from './terms-table.ts'

const root = new URL('../../', import.meta.url)

interface Generated {
  readonly file: string
  readonly text: () => string | Promise<string>
  /** The lines that it stands between; left out: it is the whole file. */
  readonly between?: readonly [string, string]
}

/** The picture of docs/architecture.md is drawn, and compared, by test/layers.mjs. */
export const generated: readonly Generated[] = [
  { file: 'patchwarden.schema.json', text: () => JSON.stringify(jsonSchema(), null, 2) },
  {
    file: 'docs/configuration.md',
    text: kindReference,
    between: ['<!-- Written from the list of kinds: npm run generate -->', '<!-- Until here. -->'],
  },
  {
    file: 'docs/configuration.md',
    text: variableReference,
    between: ['<!-- Written from the lists of kinds and chat platforms: npm run generate -->', '<!-- Until here. -->'],
  },
  {
    file: 'docs/coverage.md',
    text: coverageReference,
    between: [
      '<!-- Written from the lists of families, feeds and formats: npm run generate -->',
      '<!-- Until here. -->',
    ],
  },
  { file: 'command-line.schema.json', text: () => JSON.stringify(shapesSchema(), null, 2) },
  { file: '.env.example', text: exampleEnvironment },
  {
    file: 'docs/rollouts.md',
    text: termsTable,
    between: ['<!-- Asked of each engine over its simulated system: npm run generate -->', '<!-- Until here. -->'],
  },
  { file: 'docs/commands.md', text: commandReference },
  { file: 'docs/permissions.md', text: permissionReference },
  { file: 'manifests/discord-commands.json', text: () => JSON.stringify(discordCommands()) },
]

/** The file as it has to be, but for how JSON is laid out, which is the formatter's. */
export async function asGenerated({ file, text, between }: Generated): Promise<string> {
  const made = (await text()).trimEnd()
  if (between === undefined) return `${made}\n`
  const written = textOf(file)
  const [first, last] = between
  const from = written.indexOf(`${first}\n`)
  const to = written.indexOf(last, from)
  if (from === -1 || to === -1) throw new Error(`${file} has lost one of the lines "${first}" and "${last}".`)
  return `${written.slice(0, from)}${first}\n\n${made}\n\n${written.slice(to)}`
}

/** A sentence where the file is another, instead of a difference of a whole page. */
export async function problemOf(one: Generated): Promise<string | null> {
  const [written, wanted] = [textOf(one.file), await asGenerated(one)]
  const same = one.file.endsWith('.json')
    ? JSON.stringify(JSON.parse(written)) === JSON.stringify(JSON.parse(wanted))
    : written === wanted
  return same ? null : `${one.file} is not what the sources say: "npm run generate" writes it anew.`
}

function textOf(file: string): string {
  return readFileSync(new URL(file, root), 'utf8')
}
