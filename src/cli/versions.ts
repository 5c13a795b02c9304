import { createInterface } from 'node:readline'
import type { Command } from 'commander'
import { type VersionScheme, versionSchemes } from '../core/versions/scheme.ts'
import { BadUse } from './failure.ts'

const signs = { '-1': '<', '0': '=', '1': '>' } as const
/** What is printed at once. */
const LINES = 10_000

export function versionsCommand(program: Command): void {
  program
    .command('versions <scheme>')
    .description(`read "A B" lines, write <, = or > for each: ${[...versionSchemes.keys()].join(', ')}`)
    .action(async (name: string) => {
      const scheme = versionSchemes.get(name)
      if (!scheme)
        throw new BadUse(`There is no version scheme "${name}"; use ${[...versionSchemes.keys()].join(', ')}.`)
      let out: string[] = []
      for await (const line of createInterface({ input: process.stdin, crlfDelay: Number.POSITIVE_INFINITY })) {
        const answer = compareLine(scheme, line)
        if (answer.length > 1) process.stderr.write(`${answer}\n`)
        out.push(answer.length > 1 ? '!' : answer)
        if (out.length < LINES) continue
        process.stdout.write(`${out.join('\n')}\n`)
        out = []
      }
      if (out.length > 0) process.stdout.write(`${out.join('\n')}\n`)
    })
}

/** One sign, or a sentence where there is nothing to compare. A tab allows blanks inside versions. */
function compareLine(scheme: VersionScheme, line: string): string {
  const shown = JSON.stringify(line.length > 80 ? `${line.slice(0, 80)}...` : line)
  const parts = line.includes('\t') ? line.split('\t') : line.trim().split(/ +/)
  const [a = '', b = ''] = parts
  if (parts.length !== 2) return `The line ${shown} is not two versions with a tab or a space between them.`
  const bad = [a, b].find((version) => !scheme.valid(version))
  if (bad !== undefined) return `"${bad.slice(0, 80)}" is no ${scheme.name} version (line ${shown}).`
  return signs[scheme.compare(a, b)]
}
