/** An explanation as tables, for the console, chat and terminals. */

import type { PublishedPatch } from '../core/assessment/assess.ts'
import type { Standing } from '../core/assessment/standing.ts'
import type { Patch } from '../core/catalog.ts'
import type { NotAssessed } from '../core/coverage.ts'
import type { Assumption, PriorityEvidence } from '../core/priority/priority.ts'
import { minuteOf } from '../core/time/instant.ts'
import { notAssessedLine } from './coverage.ts'
import type { Detail } from './desk.ts'
import { type RichText, rich, strong } from './rich-text.ts'

type Table = Detail['tables'][number]

/** The evidence, the assumptions, the due date with its reason, and what would change the result. */
export function judgementTable(patch: Patch, caption: string): Table {
  return {
    caption,
    columns: ['Fact', 'Value', 'Said by', 'When', 'Note'],
    rows: [
      ...patch.evidence.map(evidenceRow),
      ...patch.assumptions.map(assumptionRow),
      ...(patch.dueAt === null
        ? []
        : [[rich('Due'), rich(patch.dueAt.slice(0, 10)), rich('the rule'), rich(''), rich(patch.dueRule ?? '')]]),
      ...(patch.turns ?? []).map(({ point, value, outcome }) => [
        rich('It would change'),
        rich(outcome),
        rich('the same table'),
        rich(''),
        rich(`if ${point} were ${value}`),
      ]),
    ],
  }
}

function evidenceRow({ fact, value, source, date, note }: PriorityEvidence): readonly RichText[] {
  return [rich(fact), rich(value), rich(source), rich(date ?? ''), rich(note ?? '')]
}

function assumptionRow({ fact, value, why }: Assumption): readonly RichText[] {
  return [rich(fact), rich(value), rich('assumed'), rich(''), rich(why)]
}

export function patchCaption(patch: Patch): string {
  const due = patch.dueAt === null ? '' : `, due ${patch.dueAt.slice(0, 10)}`
  const cves = `${patch.cves.length} ${patch.cves.length === 1 ? 'CVE' : 'CVEs'}`
  return `${patch.source} ${patch.version}: ${patch.priority}${due} (${patch.type}; ${cves})`
}

export interface ExplanationView {
  readonly name: string
  /** What the name is: that of a flaw (CVE, advisory, KB) or of a package. */
  readonly kind: 'flaw' | 'package'
  readonly statements: readonly { feed: string; readAt: string | null; about: string; says: string }[]
  readonly judged: readonly {
    readonly team: string
    readonly patch: Patch
    readonly assets: readonly { readonly asset: string; readonly why: string }[]
  }[]
  /** Patches for it that package managers do not offer. */
  readonly withheld: readonly { readonly team: string; readonly patch: PublishedPatch }[]
  /** How many servers miss something for it, by priority. */
  readonly urgencies: readonly { readonly priority: string; readonly assets: number }[]
  readonly others: readonly { readonly asset: string; readonly standing: Standing; readonly why: string }[]
  /** How many others there are, of which `others` lists the first. */
  readonly standings: readonly { readonly standing: Standing; readonly assets: number }[]
  /** Whether any feed or package manager speaks of the name, or any server has a package of the name. */
  readonly known: boolean
  /** Servers that nobody can judge, whatever is asked. */
  readonly notAssessed: readonly NotAssessed[]
}

export interface LookUpView extends Pick<ExplanationView, 'name' | 'kind' | 'statements' | 'known' | 'notAssessed'> {
  readonly findings: readonly {
    readonly team: string
    readonly open: number
    readonly priority: string | null
    readonly dueAt: string | null
  }[]
  readonly judged: readonly (ExplanationView['judged'][number] & { readonly proposal: string })[]
}

const MOST_STATEMENTS = 60
const NOBODY = 'No watched server misses anything for it, as far as the feeds and package managers know.'

function statementsTable(statements: ExplanationView['statements']): readonly Table[] {
  if (statements.length === 0) return []
  const isLong = statements.length > MOST_STATEMENTS
  return [
    {
      caption: isLong ? `Who says what (the first ${MOST_STATEMENTS} of ${statements.length})` : 'Who says what',
      columns: ['Feed', 'Read', 'About', 'Says'],
      rows: statements
        .slice(0, MOST_STATEMENTS)
        .map(({ feed, readAt, about, says }) => [
          rich(feed),
          rich(readAt === null ? '' : minuteOf(readAt)),
          rich(about),
          rich(says),
        ]),
    },
  ]
}

function assetsWords(count: number): string {
  return `${count} ${count === 1 ? 'server' : 'servers'}`
}

/** What feeds, findings and open proposals say about one name. */
export function lookUpDetail({ name, kind, statements, findings, judged, known, notAssessed }: LookUpView): Detail {
  const open = findings.reduce((sum, finding) => sum + finding.open, 0)
  const lead =
    findings.length > 0
      ? rich(strong(judged[0]?.patch.priority ?? findings[0]?.priority ?? 'Open'), ` on ${assetsWords(open)}.`)
      : judged.length > 0
        ? rich(strong(judged[0]?.patch.priority ?? ''), `: ${judged.map(({ proposal }) => proposal).join(', ')}.`)
        : rich(known ? NOBODY : unknownName({ name, kind }))
  const tables = [...statementsTable(statements)]
  if (findings.length > 0)
    tables.push({
      caption: 'Where it is open, as the record last said',
      columns: ['Team', 'Servers', 'Priority', 'Due'],
      rows: findings.map(({ team, open: assets, priority, dueAt }) => [
        rich(team),
        rich(String(assets)),
        rich(priority ?? ''),
        rich(dueAt?.slice(0, 10) ?? ''),
      ]),
    })
  for (const { team, proposal, patch, assets } of judged) {
    tables.push(judgementTable(patch, `${patchCaption(patch)}, team ${team}, asked for by ${proposal}`))
    if (assets.length > 0)
      tables.push(assetsTable(`Servers of ${proposal} that miss it: the first ${assets.length}`, assets))
  }
  return { title: `Explain ${name}`, lead, tables, lines: notAssessed.map(notAssessedLine) }
}

export function explanationDetail(view: ExplanationView): Detail {
  const { name, statements, judged, withheld, others, notAssessed } = view
  const tables = [...statementsTable(statements)]
  for (const { team, patch, assets: missing } of judged) {
    tables.push(judgementTable(patch, `${patchCaption(patch)}, team ${team}`))
    tables.push(assetsTable(`Servers of ${team} that miss it`, missing))
  }
  for (const { team, patch } of withheld)
    tables.push(
      judgementTable(patch, `${patchCaption(patch)}${fixedOn(patch)}, not offered to servers of team ${team}`),
    )
  for (const [standing, caption] of othersBy) {
    const those = others.filter((one) => one.standing === standing)
    if (those.length > 0) tables.push(assetsTable(caption, those))
  }
  return { title: `Explain ${name}`, lead: leadOf(view), tables, lines: notAssessed.map(notAssessedLine) }
}

function fixedOn({ fixedOn: day }: PublishedPatch): string {
  return day === undefined ? '' : `, fixed by the vendor on ${day}`
}

const othersBy: readonly (readonly [Standing, string])[] = [
  ['affected', 'Servers that have it and are offered no fix'],
  ['no fix yet', 'Servers that have it, and there is no fix yet'],
  ['not assessed', 'Servers that are not assessed for it'],
  ['not affected', 'Servers that are not affected'],
  ['absent', 'Servers without the software'],
]

/** `immediate for 8 servers, out-of-cycle for 4; 1 server affected and offered no fix.` */
function leadOf({ name, kind, withheld, urgencies, standings, known }: ExplanationView): RichText {
  if (!known) return rich(unknownName({ name, kind }))
  const of = (standing: Standing) => standings.find((one) => one.standing === standing)?.assets ?? 0
  const more = [
    of('affected') === 0 ? '' : `${assetsWords(of('affected'))} affected and offered no fix`,
    of('no fix yet') === 0 ? '' : `${assetsWords(of('no fix yet'))} affected without a fix yet`,
    of('not assessed') === 0 ? '' : `${assetsWords(of('not assessed'))} not assessed for it`,
  ].filter((part) => part !== '')
  const [first, ...rest] = urgencies
  const [lost] = withheld
  if (first === undefined && lost !== undefined) return rich(strong(lost.patch.priority), `: ${more.join(', ')}.`)
  if (first === undefined) return rich(more.length === 0 ? NOBODY : `Nothing to install: ${more.join(', ')}.`)
  const further = rest.map(({ priority, assets }) => `, ${priority} for ${assets}`).join('')
  const behind = more.length === 0 ? '' : `; ${more.join(', ')}`
  return rich(strong(first.priority), ` for ${assetsWords(first.assets)}${further}${behind}.`)
}

function unknownName({ name, kind }: Pick<ExplanationView, 'name' | 'kind'>): string {
  const other = kind === 'package' ? ', and no server has a package of that name' : ''
  return `No feed knows ${name}${other}. Is it written correctly?`
}

function assetsTable(caption: string, list: readonly { readonly asset: string; readonly why: string }[]): Table {
  return { caption, columns: ['Server', 'Why'], rows: list.map(({ asset, why }) => [rich(asset), rich(why)]) }
}
