import { createInterface } from 'node:readline'
import type { Command } from 'commander'
import { versionSchemes } from '../core/versions/scheme.ts'
import { BadUse } from './failure.ts'

const signs = { '-1': '<', '0': '=', '1': '>' } as const

export function versionsCommand(program: Command): void {
  program
    .command('versions <scheme>')
    .description('read "A B" lines, write <, = or > for each')
    .action(async (name: string) => {
      const scheme = versionSchemes[name]
      if (!scheme)
        throw new BadUse(`There is no version scheme "${name}"; use ${Object.keys(versionSchemes).join(', ')}.`)
      const out: string[] = []
      for await (const line of createInterface({ input: process.stdin })) {
        if (line.trim() === '') continue
        const [a = '', b = ''] = line.trim().split(/\s+/)
        const bad = [a, b].find((version) => !scheme.valid(version))
        if (bad !== undefined) process.stderr.write(`"${bad}" is no ${name} version (line "${line.slice(0, 80)}").\n`)
        out.push(bad === undefined ? signs[scheme.compare(a, b)] : '!')
      }
      if (out.length > 0) process.stdout.write(`${out.join('\n')}\n`)
    })
}
