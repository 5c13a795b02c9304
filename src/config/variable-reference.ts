/** Writes the part of docs/configuration.md about variables, and .env.example. */

import type { Variables } from '../core/variables.ts'

/** A Markdown table of all variables. */
export function variableReference(groups: readonly Variables[]): string {
  const variables = groups.flatMap(({ named }) => Object.entries(named))
  const rows = variables.map(
    ([name, { meaning, required }]) => `| \`${name}\` | ${meaning}${required ? '. Needed' : ''} |`,
  )
  const files = variables.flatMap(([name, { secret }]) => (secret ? [`\`${name}_FILE\``] : []))
  return [
    '| variable | meaning |',
    '| --- | --- |',
    ...rows,
    `| ${files.join(', ')} | a file that holds the secret |`,
  ].join('\n')
}

/** The content of .env.example: all variables, each commented out. */
export function exampleEnvironment(groups: readonly Variables[]): string {
  const parts = groups.map(({ about, named }) => {
    const lines = Object.entries(named).flatMap(([name, { note, example, secret }]) => [
      ...(note === undefined ? [] : [comment(note)]),
      `# ${name}=${example}`,
      ...(secret ? [`# ${name}_FILE=/run/secrets/${name.toLowerCase().replaceAll('_', '-')}`] : []),
    ])
    return [comment(about), ...lines].join('\n')
  })
  return [head, ...parts].join('\n\n')
}

const head =
  '# Copy to .env. Variables of the process win over this file. Every secret may also come from a file: NAME_FILE=/run/secrets/...'

function comment(text: string): string {
  return text.replace(/^/gm, '# ')
}
