import type { Command } from 'commander'
import { count } from '../chat/story.ts'
import { jsonSchema } from '../config/json-schema.ts'
import { contact } from './contact.ts'
import { load, print, withService } from './with-service.ts'

interface CheckOptions {
  readonly schema?: boolean
  readonly offline?: boolean
  readonly json?: boolean
}

export function checkCommand(program: Command, done: (code: number) => void): void {
  program
    .command('check')
    .description(
      'validate the configuration, then ask database, sources, engines, feeds and chat platforms; say what is wrong and how to mend it',
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
      if (!options.offline) done((await ask(program, options.json ?? false)) ? 0 : 1)
    })
}

/** True when all answered as they should. The database is the first to be asked: without it nothing else is. */
async function ask(program: Command, json: boolean): Promise<boolean> {
  return withService(program, async ({ parts, connections }) => {
    let all = true
    for await (const answer of contact({ ...parts, connections }, new AbortController().signal)) {
      all &&= answer.ok
      const lines = answer.what.replaceAll('\n', '\n     ')
      print(json ? JSON.stringify(answer) : `${answer.ok ? 'ok  ' : 'FAIL'} ${answer.kind} ${answer.name}: ${lines}`)
    }
    return all
  })
}
