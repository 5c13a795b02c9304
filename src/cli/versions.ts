import type { Command } from 'commander'
import { type VersionScheme, versionSchemes } from '../core/versions/scheme.ts'
import { BadUse } from './failure.ts'
import { answerLines, type LineAnswer, type LineAsJson } from './lines.ts'

const signs = { '-1': '<', '0': '=', '1': '>' } as const

export function versionsCommand(program: Command): void {
  const names = [...versionSchemes.keys()].join(', ')
  program
    .command('versions <scheme>')
    .description(`read "A B" lines, write <, = or > for each: ${names}`)
    .option('--json', 'print JSON, a line each')
    .action(async (name: string, { json = false }: { json?: boolean }) => {
      const scheme = versionSchemes.get(name)
      if (!scheme) throw new BadUse(`There is no version scheme "${name}"; use ${names}.`)
      const asJson: LineAsJson = (line, sign, problem) => ({ line, sign, problem })
      await answerLines(process.stdin, (line) => compareLine(scheme, line), json ? asJson : null)
    })
}

/** Splits at a tab if there is one, so that versions may contain spaces. */
function compareLine(scheme: VersionScheme, line: string): LineAnswer {
  const parts = line.includes('\t') ? line.split('\t') : line.trim().split(/ +/)
  const [a = '', b = ''] = parts
  if (parts.length !== 2) return { problem: 'it is not two versions with a tab or a space between them.' }
  const bad = [a, b].find((version) => !scheme.valid(version))
  if (bad !== undefined) return { problem: `"${bad.slice(0, 80)}" is not a version of the scheme ${scheme.name}.` }
  return { out: signs[scheme.compare(a, b)] }
}
