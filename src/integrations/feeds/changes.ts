/** Publishers' lists of what has changed, newest first, so that a feed of many documents need not be read whole each time. */

import { z } from 'zod'
import { errorText } from '../../core/error-text.ts'
import { inputLimits } from '../input-limits.ts'
import { parseJson } from '../json-text.ts'
import type { FeedDocument } from './documents.ts'
import { type LocationOptions, readFeed } from './fetch.ts'
import { schemaProblem } from './schema-problem.ts'

export interface Change {
  /** Address of the document, relative to the feed's. */
  readonly path: string
  /** ISO 8601, as the list says it; compared as text. */
  readonly at: string
}

export interface ChangeList {
  /** Address of the list, relative to the feed's. */
  readonly list: string
  /** The list of what was taken back; `null`: the documents themselves say so. */
  readonly deletions: string | null
  changesIn(text: string): readonly Change[]
  /** The record that a deleted document held. */
  recordOf(path: string): string
  /** For publishers that offer no complete file: the date from which records are fetched at first. */
  readonly start?: string
  /** Where the whole is, for publishers who say so in a file; left out: at the feed's own address. */
  readonly archive?: (location: string, options: LocationOptions, signal: AbortSignal) => Promise<string>
}

export interface Changes {
  /** `null`: too many have changed to fetch them one by one. */
  readonly documents: readonly FeedDocument[] | null
  /** Ids of records that no longer exist. */
  readonly removed: readonly string[]
  /** Up to where the list was read. */
  readonly seen: string
}

/**
 * What is new since `seen`; only how far the list goes where `seen` is null.
 * Throws a sentence where list or documents cannot be had.
 */
export async function fetchChanges(
  list: ChangeList,
  location: string,
  seen: string | null,
  options: LocationOptions,
  signal: AbortSignal,
): Promise<Changes> {
  const text = async (path: string) => {
    const answer = await readFeed({ ...options, location: new URL(path, location).href, mirrors: [] }, null, signal)
    return answer.status === 'read' ? answer.bytes : Buffer.alloc(0)
  }
  const all = list.changesIn((await text(list.list)).toString('utf8'))
  const newest = all.reduce((last, { at }) => (at > last ? at : last), seen ?? '')
  if (seen === null) return { documents: [], removed: [], seen: newest }
  const fresh = all.filter(({ at }) => at > seen)
  if (fresh.length > inputLimits.changedRecords) return { documents: null, removed: [], seen: newest }
  const documents: FeedDocument[] = []
  for (const { path } of fresh) {
    try {
      documents.push({ name: path, bytes: await text(path) })
    } catch (error) {
      signal.throwIfAborted()
      throw new Error(`Of ${fresh.length} changed records ${path} cannot be fetched: ${errorText(error)}`, {
        cause: error,
      })
    }
  }
  const gone =
    list.deletions === null
      ? []
      : list.changesIn((await text(list.deletions)).toString('utf8')).filter(({ at }) => at > seen)
  const last = gone.reduce((latest, { at }) => (at > latest ? at : latest), newest)
  return { documents, removed: gone.map(({ path }) => list.recordOf(path)), seen: last }
}

/** `"2024/rhsa-2024_0010.json","2025-02-18T14:28:08+00:00"` a line: CSAF's changes.csv and deletions.csv. */
export const csafChanges: ChangeList = {
  list: 'changes.csv',
  deletions: 'deletions.csv',
  changesIn: (text) =>
    text.split(/\r?\n/).flatMap((line) => {
      const [, path, at] = /^"?([\w./-]+\.json)"?,\s*"?([0-9T:.+Z-]+)"?$/.exec(line.trim()) ?? []
      return path === undefined || at === undefined || path.includes('..') ? [] : [{ path, at: utc(at) }]
    }),
  recordOf: (path) =>
    path
      .replace(/^.*\//, '')
      .replace(/\.json$/, '')
      .toUpperCase()
      .replace('_', ':'),
  archive: async (location, options, signal) => {
    const latest = new URL('archive_latest.txt', location).href
    const answer = await readFeed({ ...options, location: latest, mirrors: [] }, null, signal)
    const name = answer.status === 'read' ? answer.bytes.toString('utf8').trim() : ''
    if (!/^[\w.-]+$/.test(name)) throw new Error(`${latest} does not name an archive`)
    return new URL(name, location).href
  },
}

/** `2026-11-20T10:00:00Z,DSA-1234-1` a line: modified_id.csv beside OSV's all.zip; withdrawn records say so themselves. */
export const osvChanges: ChangeList = {
  list: 'modified_id.csv',
  deletions: null,
  changesIn: (text) =>
    text.split(/\r?\n/).flatMap((line) => {
      const [, at, id] = /^([0-9T:.+Z-]+),([\w:.+-]+)$/.exec(line.trim()) ?? []
      return at === undefined || id === undefined ? [] : [{ path: `./${encodeURIComponent(id)}.json`, at: utc(at) }]
    }),
  recordOf: (path) => path,
}

/** Microsoft's list of months, each with the day of its last revision, which comes for years. */
export function msrcMonths(since: string): ChangeList {
  return {
    list: '',
    deletions: null,
    start: since,
    changesIn: (text) => {
      const parsed = updatesSchema.safeParse(parseJson(text, "Microsoft's list of months"))
      if (!parsed.success) throw new Error(`Microsoft's list of months: ${schemaProblem(parsed.error)}`)
      return parsed.data.value
        .filter((month) => month.InitialReleaseDate >= since)
        .map(({ ID: id, CurrentReleaseDate: at }) => ({ path: `./cvrf/${id}`, at: utc(at) }))
    },
    recordOf: (path) => path,
  }
}

const updatesSchema = z.object({
  value: z.array(
    z.object({
      ID: z.string().regex(/^\d{4}-[A-Z][a-z]{2}$/),
      InitialReleaseDate: z.string().max(50),
      CurrentReleaseDate: z.string().max(50),
    }),
  ),
})

/** So that times of different offsets compare as text. */
function utc(text: string): string {
  const time = Date.parse(text)
  return Number.isNaN(time) ? text : new Date(time).toISOString()
}
