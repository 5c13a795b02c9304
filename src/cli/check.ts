import type { Command } from 'commander'
import { count } from '../chat/story.ts'
import { jsonSchema } from '../config/json-schema.ts'
import type { Config } from '../config/schema.ts'
import { buildOutside } from '../main.ts'
import { contact } from './contact.ts'
import { load, print } from './with-service.ts'

interface CheckOptions {
  readonly schema?: boolean
  readonly offline?: boolean
  readonly json?: boolean
}

export function checkCommand(program: Command, done: (code: number) => void): void {
  program
    .command('check')
    .description(
      'validate the configuration, then ask each source, engine and feed; say what is wrong and how to mend it',
    )
    .option('--offline', 'only validate; ask nobody')
    .option('--json', 'print JSON, a line each')
    .option('--schema', 'print the JSON Schema of patchwarden.yaml for editors')
    .action(async (options: CheckOptions) => {
      if (options.schema) return print(JSON.stringify(jsonSchema(), null, 2))
      const { config, warnings } = load(program)
      const counts = {
        teams: Object.keys(config.teams).length,
        people: Object.keys(config.people).length,
        sources: Object.keys(config.sources).length,
      }
      const file = config.file ?? 'No configuration file, so the built-in example'
      if (options.json) print(JSON.stringify({ file: config.file, warnings, ...counts }))
      else {
        for (const warning of warnings) print(`warning: ${warning}`)
        const people = count(counts.people, 'person', 'people')
        print(`${file} is right: ${count(counts.teams, 'team')}, ${people}, ${count(counts.sources, 'source')}.`)
      }
      if (!options.offline) done((await ask(config, options.json ?? false)) ? 0 : 1)
    })
}

/** True when all answered as they should. */
async function ask(config: Config, json: boolean): Promise<boolean> {
  let all = true
  for await (const answer of contact(await buildOutside(config), new AbortController().signal)) {
    all &&= answer.ok
    if (json) print(JSON.stringify(answer))
    else
      print(`${answer.ok ? 'ok  ' : 'FAIL'} ${answer.kind} ${answer.name}: ${answer.what.replaceAll('\n', '\n     ')}`)
  }
  return all
}
