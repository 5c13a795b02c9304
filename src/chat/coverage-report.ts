/** The section of a report about what nobody judges, and what is fixed and not offered. */

import { firstNames } from '../core/first-names.ts'
import type { TeamCoverage, TeamLacks } from '../core/team-coverage.ts'
import { minuteOf } from '../core/time/instant.ts'
import { judgedLines, notJudgedLines } from './coverage.ts'
import { codeSpan, md } from './markdown.ts'
import { count } from './words.ts'

/** How many rows a table has, and how many names a row. */
const ROWS = 100
const NAMES = 20

export function coverageSection({ at, coverage, lacks }: TeamCoverage): readonly string[] {
  const lines = [`## What is judged, as of ${minuteOf(at)} UTC`, '']
  const said = [...notJudgedLines(coverage), ...judgedLines(coverage)]
  lines.push(...said.map((line) => md`- ${line}`))
  if (coverage.platforms.length === 0) lines.push('- No server of the team is known, so nothing could be judged.')
  if (lacks === null)
    return [
      ...lines,
      `- What is fixed and not offered, and what is held, is in the report that ${codeSpan('npx patchwarden report')} prints.`,
    ]
  return [...lines, ...lacksLines(lacks)]
}

function lacksLines({ notOffered, held, foreign }: TeamLacks): readonly string[] {
  const lines: string[] = []
  if (foreign.packages > 0)
    lines.push(
      `- ${count(foreign.packages, 'package')} on ${count(foreign.assets, 'server')} ${foreign.packages === 1 ? 'is' : 'are'} not assessed, because others built ${foreign.packages === 1 ? 'it' : 'them'}.`,
    )
  if (notOffered.length > 0) {
    lines.push(
      '',
      '| fixed by the vendor, not offered | on | priority | servers | why |',
      '| --- | --- | --- | --- | --- |',
    )
    for (const { source, version, fixedOn, priority, assets, why } of notOffered.slice(0, ROWS))
      lines.push(
        md`| ${source} ${version} | ${fixedOn ?? 'not known'} | ${priority} | ${firstNames(assets, NAMES)} | ${why} |`,
      )
    lines.push(...left(notOffered.length))
  }
  if (held.length > 0) {
    lines.push('', '| package with a newer version that is not installed | why | servers |', '| --- | --- | --- |')
    for (const { name, reason, assets } of held.slice(0, ROWS))
      lines.push(md`| ${name} | ${reason} | ${firstNames(assets, NAMES)} |`)
    lines.push(...left(held.length))
  }
  return lines
}

function left(rows: number): readonly string[] {
  return rows > ROWS ? ['', `${rows - ROWS} more rows are left out.`] : []
}
