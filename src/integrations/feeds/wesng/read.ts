import { parse } from 'csv-parse/sync'
import { updateTitle } from '../../../core/assessment/windows-kinds.ts'
import { type WindowsTarget as Target, targetOf } from '../../../core/assessment/windows-updates.ts'
import type { Platform } from '../../../core/asset.ts'
import { csvProblem } from '../../csv-problem.ts'
import { csvSeparator } from '../../csv-separator.ts'
import { isCveId } from '../cve-id.ts'
import type { DocumentReader } from '../document-reader.ts'
import type { Sink } from '../sink.ts'
import { grouped, wordsByTwin } from './kinds.ts'

const header = /^"?DatePosted"?[,;]"?CVE"?[,;]"?BulletinKB"?[,;]/

export const wesngReader: DocumentReader = {
  form: 'text',
  marks: 'the columns DatePosted, CVE and BulletinKB in its first line',
  matches: (head) => header.test(head),
  read: readWesng,
}

interface Draft {
  readonly platform: Platform
  product: string | null
  readonly kb: string
  title: string
  severity: string | null
  published: string
  /** How many rows give each date, `YYYYMMDD`. */
  readonly dates: Map<string, number>
  readonly cves: Set<string>
  readonly supersedes: Set<string>
}

const ROWS_AT_ONCE = 20_000

function rowsOf(text: string, delimiter: string, where: string): readonly string[][] {
  try {
    return parse(text, {
      delimiter,
      relax_column_count: true,
      relax_quotes: true,
      skip_empty_lines: true,
      comment: '#',
      comment_no_infix: true,
    })
  } catch (error) {
    throw new Error(`${where} ${csvProblem(error)}`, { cause: error })
  }
}

/**
 * Reads the definitions of Windows Exploit Suggester - Next Generation: Microsoft's data since 2001 in one CSV file.
 * The file names no builds. So only the KBs, and which KB supersedes which, tell what is installed.
 */
export function readWesng(text: string, where: string, sink: Sink): void {
  const updates = new Map<string, Draft>()
  const lines = text.split(/\r?\n/)
  const { delimiter } = csvSeparator(lines[0] ?? '')
  const targets = new Map<string, Target | null>()
  for (let from = 1; from < lines.length; from += ROWS_AT_ONCE) {
    const rows = rowsOf(lines.slice(from, from + ROWS_AT_ONCE).join('\n'), delimiter, where)
    for (const [
      date = '',
      cve = '',
      number = '',
      title = '',
      product = '',
      ,
      severity = '',
      ,
      supersedes = '',
    ] of rows) {
      if (!/^\d{6,8}$/.test(number)) continue // service packs and products that update themselves
      const target = targets.get(product) ?? targetOf(product)
      targets.set(product, target)
      if (target === null) continue
      const key = `${target.platform} ${number}`
      const draft: Draft = updates.get(key) ?? {
        ...target,
        kb: `KB${number}`,
        title,
        severity: null,
        published: '',
        dates: new Map(),
        cves: new Set(),
        supersedes: new Set(),
      }
      updates.set(key, draft)
      // An update of Windows may fix a product on it, too, such as Internet Explorer.
      if (target.product === null) draft.product = null
      if (isCveId(cve)) draft.cves.add(cve)
      if (/^\d{8}$/.test(date)) draft.dates.set(date, (draft.dates.get(date) ?? 0) + 1)
      if (['Low', 'Moderate', 'Important', 'Critical'].includes(severity)) draft.severity = severity
      if (draft.product !== target.product) continue
      for (const [old] of supersedes.matchAll(/\d{6,8}/g)) draft.supersedes.add(`KB${old}`)
    }
  }
  if (updates.size === 0) sink.rejected.push({ where, reason: 'it names no update of Windows' })
  for (const draft of updates.values()) draft.published = usualDate(draft.dates)
  const words = wordsOf([...updates.values()])
  for (const { platform, product, kb, title, severity, published, cves, supersedes } of updates.values()) {
    sink.updates.push({
      platform,
      kb,
      title: product === null ? (words.get(`${platform} ${kb}`) ?? title) : updateTitle(kb, '', product),
      cves: [...cves],
      supersedes: [...supersedes],
      fixedBuild: null,
      type: 'security',
      severity,
      restart: null,
      published: /^\d{8}$/.test(published) ? published.replace(/(\d{4})(\d\d)(\d\d)/, '$1-$2-$3') : null,
      record: 'wesng',
    })
  }
}

/** The day that most rows give, the first of several. Rows are posted again for years, and some with the day of an older CVE. */
function usualDate(dates: ReadonlyMap<string, number>): string {
  let best = ''
  for (const [date, rows] of dates) {
    const most = dates.get(best) ?? 0
    if (rows > most || (rows === most && date < best)) best = date
  }
  return best
}

/** Titles that say the kind of an update, by platform and KB. */
function wordsOf(drafts: readonly Draft[]): ReadonlyMap<string, string> {
  const titles = new Map<string, string>()
  const ofWindows = drafts.filter(({ product }) => product === null)
  for (const [platform, some] of grouped(ofWindows, (draft) => draft.platform))
    for (const [kb, words] of wordsByTwin(platform, some)) titles.set(`${platform} ${kb}`, updateTitle(kb, words, null))
  return titles
}
