import type { Command } from 'commander'
import { jsonSchema } from '../config/json-schema.ts'
import { load, print } from './with-service.ts'

export function checkCommand(program: Command): void {
  program
    .command('check')
    .description('validate the configuration: names file, line, key, what is wrong and what would be right')
    .option('--schema', 'print the JSON Schema of patchwarden.yaml for editors')
    .action((options: { schema?: boolean }) => {
      if (options.schema) return print(JSON.stringify(jsonSchema(), null, 2))
      const { config, warnings } = load(program)
      for (const warning of warnings) print(`warning: ${warning}`)
      const teams = Object.keys(config.teams).length
      const file = config.file ?? 'No configuration file, so the built-in example'
      print(
        `${file} is right: ${teams} teams, ${Object.keys(config.people).length} people, ${Object.keys(config.sources).length} sources.`,
      )
    })
}
