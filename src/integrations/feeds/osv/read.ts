import type { z } from 'zod'
import { streamOf } from '../../../core/assessment/matching.ts'
import type { Fix, PatchType } from '../../../core/catalog.ts'
import { earliestEnds, type Interval, joined } from '../../../core/versions/intervals.ts'
import { schemeFor } from '../../../core/versions/scheme.ts'
import { cveIdsIn } from '../cve-id.ts'
import type { DocumentReader } from '../document-reader.ts'
import { schemaProblem } from '../schema-problem.ts'
import type { Sink } from '../sink.ts'
import { ecosystemOf } from './ecosystem.ts'
import { affectedVersions, type RangeEvent } from './evaluate.ts'
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
  const groups = new Map<string, Group>()
  for (const [index, item] of (affected ?? []).entries()) {
    const one = affectedSchema.safeParse(item)
    const place = `${where} (${id}), affected ${index + 1}`
    if (one.success) readAffected(one.data, { summary, place, groups, sink })
    else sink.rejected.push({ where: place, reason: schemaProblem(one.error) })
  }
  const fixes = [...groups.values()].flatMap((group) =>
    versionsOf(group, advisory !== null).map(({ introduced, fixedVersion, lastAffected }): Fix => {
      const ended = lastAffected === null ? {} : { lastAffected }
      return { ...group.of, cves, advisory, type, record: id, introduced, fixedVersion, ...ended }
    }),
  )
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

/** What one record says about a package and its stream on a platform. Each part is the versions of one `affected`. */
interface Group {
  readonly of: Pick<Fix, 'platform' | 'package' | 'by' | 'module' | 'subscription'>
  readonly parts: (readonly Interval[])[]
}

interface Reading {
  readonly summary: string
  readonly place: string
  readonly groups: Map<string, Group>
  readonly sink: Sink
}

function readAffected(affected: z.infer<typeof affectedSchema>, { summary, place, groups, sink }: Reading): void {
  const { package: about, ranges, versions, ecosystem_specific: more } = affected
  const ecosystem = about === undefined ? null : ecosystemOf(about.ecosystem)
  if (about === undefined || ecosystem === null) return
  const { platform, by } = ecosystem
  const subscription = ecosystem.subscription ?? subscriptionIn(more)
  function add(name: string, part: readonly Interval[]): void {
    const [first] = part
    if (first === undefined) return
    const version = first.fixedVersion ?? first.lastAffected ?? first.introduced
    const module = streamIn(summary, version)
    const key = `${platform} ${name} ${subscription} ${streamOf(module, version ?? '')}`
    const group = groups.get(key) ?? { of: { platform, package: name, by, module, subscription }, parts: [] }
    groups.set(key, group)
    group.parts.push(part)
  }
  const binaries = by === 'binary' ? binariesIn(more) : []
  for (const [name, fixedVersion] of binaries) add(name, [{ introduced: null, fixedVersion, lastAffected: null }])
  if (binaries.length > 0) return
  const events: RangeEvent[][] = []
  for (const [number, given] of ranges.entries()) {
    const range = rangeSchema.safeParse(given)
    if (!range.success)
      sink.rejected.push({ where: `${place}, range ${number + 1}`, reason: schemaProblem(range.error) })
    else if (range.data.type !== 'GIT') events.push(range.data.events)
  }
  add(about.name, affectedVersions(events, versions ?? [], schemeFor(platform).compare))
}

/**
 * The affected versions of a package, as intervals that do not touch. Vendors of RPM name a package twice in one
 * advisory if it was built twice, and then the earlier build already has the fix.
 */
function versionsOf({ of: { platform, by }, parts }: Group, isAdvisory: boolean): readonly Interval[] {
  const { compare } = schemeFor(platform)
  if (parts.length === 1) return parts[0] ?? []
  return joined(by === 'binary' && isAdvisory ? earliestEnds(parts.flat(), compare) : parts.flat(), compare)
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

function binariesIn(specific: unknown): readonly [name: string, version: string][] {
  const said = binariesSchema.safeParse(specific)
  if (!said.success) return []
  return said.data.binaries.flatMap((item): [string, string][] => {
    const { binary_name: name, binary_version: version } = item
    return name !== undefined && version !== undefined ? [[name, version]] : Object.entries(item)
  })
}
