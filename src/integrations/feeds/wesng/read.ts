import { CsvError, parse } from 'csv-parse/sync'
import { windowsPlatform } from '../../../core/assessment/windows-updates.ts'
import { csvSeparator } from '../../csv-separator.ts'
import { isCveId } from '../cve-id.ts'
import type { DocumentReader } from '../document-reader.ts'
import type { Sink } from '../sink.ts'

const header = /^"?DatePosted"?[,;]"?CVE"?[,;]"?BulletinKB"?[,;]/

export const wesngReader: DocumentReader = {
  form: 'text',
  marks: 'the columns DatePosted, CVE and BulletinKB in its first line',
  matches: (head) => header.test(head),
  read: readWesng,
}

interface Draft {
  readonly platform: string
  readonly kb: string
  title: string
  severity: string | null
  published: string
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
    if (!(error instanceof CsvError)) throw error
    throw new Error(`${where} is not valid CSV: ${error.message}`, { cause: error })
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
  const platforms = new Map<string, string | null>()
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
      const platform = platforms.get(product) ?? windowsPlatform(product)
      platforms.set(product, platform)
      if (platform === null) continue
      const key = `${platform} ${number}`
      const draft: Draft = updates.get(key) ?? {
        platform,
        kb: `KB${number}`,
        title,
        severity: null,
        published: date,
        cves: new Set(),
        supersedes: new Set(),
      }
      updates.set(key, draft)
      if (isCveId(cve)) draft.cves.add(cve)
      if (/^\d{8}$/.test(date) && date < draft.published) draft.published = date
      if (['Low', 'Moderate', 'Important', 'Critical'].includes(severity)) draft.severity = severity
      for (const [old] of supersedes.matchAll(/\d{6,8}/g)) draft.supersedes.add(`KB${old}`)
    }
  }
  if (updates.size === 0) sink.rejected.push({ where, reason: 'it names no update of Windows' })
  for (const { platform, kb, title, severity, published, cves, supersedes } of updates.values()) {
    sink.updates.push({
      platform,
      kb,
      title,
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
