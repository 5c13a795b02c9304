import type { Fix, PatchType } from '../../../core/catalog.ts'
import { cveIdsIn } from '../cve-id.ts'
import type { DocumentReader } from '../document-reader.ts'
import { schemaProblem } from '../schema-problem.ts'
import type { Sink } from '../sink.ts'
import { ecosystemOf } from './ecosystem.ts'
import {
  affectedSchema,
  availabilitySchema,
  binariesSchema,
  rangeSchema,
  recordSchema,
  severitySchema,
} from './schema.ts'

export const osvReader: DocumentReader = {
  form: 'json',
  marks: 'an "id" and "modified" beside "affected" or "schema_version"',
  matches: isOsv,
  read: readOsv,
}

function isOsv(value: object): boolean {
  return (
    'id' in value &&
    typeof value.id === 'string' &&
    'modified' in value &&
    ('affected' in value || 'schema_version' in value)
  )
}

/** Reads one OSV record. An invalid part is skipped and reported. */
function readOsv(value: unknown, where: string, sink: Sink): void {
  const parsed = recordSchema.safeParse(value)
  if (!parsed.success) {
    sink.rejected.push({ where, reason: schemaProblem(parsed.error) })
    return
  }
  const { id, withdrawn, summary = '', published, modified, affected, database_specific: specific } = parsed.data
  sink.records.add(id)
  if (withdrawn !== undefined) return
  const cves = cvesOf(parsed.data)
  const advisory = /^(?:[A-Z]+-)?CVE-/.test(id) ? null : id
  const type = typeOf(id, summary)
  const fixes: Fix[] = []
  for (const [index, item] of (affected ?? []).entries()) {
    const one = affectedSchema.safeParse(item)
    const place = `${where} (${id}), affected ${index + 1}`
    if (!one.success) {
      sink.rejected.push({ where: place, reason: schemaProblem(one.error) })
      continue
    }
    const { package: about, ranges, ecosystem_specific: more } = one.data
    const ecosystem = about === undefined ? null : ecosystemOf(about.ecosystem)
    if (about === undefined || ecosystem === null) continue
    const { platform, by } = ecosystem
    const said = {
      platform,
      cves,
      advisory,
      type,
      record: id,
      subscription: ecosystem.subscription ?? subscriptionIn(more),
    }
    const binaries = by === 'binary' ? binariesIn(more) : []
    for (const [name, version] of binaries) fixes.push({ ...said, by, package: name, fixedVersion: version })
    if (binaries.length > 0) continue
    for (const [number, given] of ranges.entries()) {
      const range = rangeSchema.safeParse(given)
      if (!range.success) {
        sink.rejected.push({ where: `${place}, range ${number + 1}`, reason: schemaProblem(range.error) })
        continue
      }
      if (range.data.type === 'GIT') continue
      for (const { introduced, fixed } of intervals(range.data.events))
        fixes.push({
          ...said,
          by,
          package: about.name,
          introduced,
          fixedVersion: fixed,
          module: streamIn(summary, fixed),
        })
    }
  }
  sink.fixes.push(...fixes)
  if (advisory === null || fixes.length === 0) return
  const date = published ?? modified
  sink.advisories.push({
    id,
    title: summary.slice(0, 500) || id,
    published: date === undefined ? null : date.slice(0, 10),
    cves,
    fixes: distinctFixes(fixes),
    type,
    severity: severityOf(summary, specific),
  })
}

function distinctFixes(fixes: readonly Fix[]) {
  const all = new Map<string, { platform: string; source: string; fixedVersion: string }>()
  for (const { platform, package: source, fixedVersion } of fixes)
    if (fixedVersion !== null) all.set(`${platform} ${source} ${fixedVersion}`, { platform, source, fixedVersion })
  return [...all.values()]
}

/**
 * Returns the CVEs of the record: its id, `upstream` and `aliases`. `related` is used only when those contain no CVE.
 */
function cvesOf(record: {
  id: string
  upstream?: string[] | null | undefined
  aliases?: string[] | null | undefined
  related?: string[] | null | undefined
}): string[] {
  const own = cveIdsIn([record.id, ...(record.upstream ?? []), ...(record.aliases ?? [])])
  return own.length > 0 ? own : cveIdsIn(record.related ?? [])
}

/**
 * Reads the type from the letters of Red Hat's ids, which rebuilds of RHEL keep: SA security, BA bug fix, EA
 * enhancement.
 */
function typeOf(id: string, summary: string): PatchType {
  const [, letter] = /^(?:RH|AL|RL|RX|EL)([SBE])A-/.exec(id) ?? []
  if (letter === 'B') return 'bugfix'
  if (letter === 'E') return 'feature'
  return /^(?:SUSE|openSUSE)-RU-/.test(id) && !/security/i.test(summary) ? 'bugfix' : 'security'
}

/** Each `introduced` lasts until the next `fixed`. Without a `fixed` there is no fix yet. */
function intervals(events: readonly { introduced?: string | undefined; fixed?: string | undefined }[]) {
  const found: { introduced: string | null; fixed: string | null }[] = []
  let introduced: string | null = null
  for (const event of events) {
    if (event.introduced !== undefined) introduced = event.introduced
    if (event.fixed === undefined || introduced === null) continue
    found.push({ introduced: introduced === '0' ? null : introduced, fixed: event.fixed })
    introduced = null
  }
  if (introduced !== null) found.push({ introduced: introduced === '0' ? null : introduced, fixed: null })
  return found
}

/**
 * For modular packages, only the title names the stream: `Moderate: nodejs:18 security update`. Returns `null` for
 * other packages, and an empty text when the title names no stream.
 */
export function streamIn(title: string, version: string | null): string | null {
  if (version === null || !/\.module[_+]el/.test(version)) return null
  return /(?:^|\s)([a-z][\w.+-]*:[\w.+-]+)\b/i.exec(title.replace(/^\w+: /, ''))?.[1] ?? ''
}

const words = new Set(['low', 'moderate', 'medium', 'important', 'high', 'critical'])

/** Returns the vendor's severity; `null`: none. AlmaLinux and Rocky Linux write it at the beginning of the summary. */
function severityOf(summary: string, specific: unknown): string | null {
  const said = severitySchema.safeParse(specific)
  const word = said.success ? said.data.severity : (/^(\w+):/.exec(summary)?.[1] ?? '')
  return words.has(word.toLowerCase()) ? word : null
}

function subscriptionIn(specific: unknown): string | null {
  const said = availabilitySchema.safeParse(specific)
  return said.success && /\bpro\b/i.test(said.data.availability) ? 'Ubuntu Pro' : null
}

function binariesIn(specific: unknown): [name: string, version: string][] {
  const said = binariesSchema.safeParse(specific)
  if (!said.success) return []
  const all = new Map<string, string>()
  for (const item of said.data.binaries) {
    const { binary_name: name, binary_version: version } = item
    if (name !== undefined && version !== undefined) all.set(name, version)
    else for (const [key, value] of Object.entries(item)) all.set(key, value)
  }
  return [...all]
}
