/**
 * Reads the publisher's list of changes, newest first. With it, a feed of many documents need not be read completely
 * each time.
 */

import { z } from 'zod'
import { errorText } from '../../core/error-text.ts'
import { inputLimits } from '../input-limits.ts'
import { parseJson } from '../json-text.ts'
import type { FeedDocument } from './documents.ts'
import { type LocationOptions, readFeed } from './fetch.ts'
import { schemaProblem } from './schema-problem.ts'

export interface Change {
  /** Address of the document, relative to the address of the feed. */
  readonly path: string
  /** ISO 8601 with offset 0, so that two times compare as text. */
  readonly at: string
}

export interface ChangeList {
  /** Address of the list, relative to the address of the feed. */
  readonly list: string
  /** Address of the list of deleted documents; `null`: a withdrawn document says so itself. */
  readonly deletions: string | null
  changesIn(text: string): readonly Change[]
  /** Returns the id of the record in a deleted document. */
  recordOf(path: string): string
  /** True for publishers that offer no complete file: every document of the list is fetched, each in its newest revision. */
  readonly isWhole?: true
  /**
   * Returns the address of the complete archive, for publishers that name it in a file. Left out: it is the address of
   * the feed.
   */
  readonly archive?: (location: string, options: LocationOptions, signal: AbortSignal) => Promise<string>
}

/** What was read of a list of changes before. */
export interface ReadBefore {
  /** The time of the newest change; `null`: the list was never read. */
  readonly seen: string | null
  /** Of a list that is the whole feed: the revision of each document that was read, by its address. */
  readonly revisions: Readonly<Record<string, string>>
  /** Addresses of documents that were fetched and could not be read. They are fetched again. */
  readonly unread: readonly string[]
}

/** A document of the list. */
export interface ChangedDocument extends FeedDocument, Change {}

export interface Changes {
  /** The changed documents; `null`: too many have changed to fetch them one by one. */
  readonly documents: readonly ChangedDocument[] | null
  /** Ids of records that no longer exist. */
  readonly removed: readonly string[]
  /** The time of the newest change that was read from the list. */
  readonly seen: string
}

/**
 * Fetches what has changed since the list was read. Where it was never read and is not the whole feed, it only finds out the
 * time of the newest change. Throws a sentence when the list or a document cannot be fetched.
 */
export async function fetchChanges(
  list: ChangeList,
  location: string,
  before: ReadBefore,
  options: LocationOptions,
  signal: AbortSignal,
): Promise<Changes> {
  const text = async (path: string) => {
    const answer = await readFeed({ ...options, location: new URL(path, location).href, mirrors: [] }, null, signal)
    return answer.status === 'read' ? answer.bytes : Buffer.alloc(0)
  }
  const all = list.changesIn((await text(list.list)).toString('utf8'))
  const { seen } = before
  const newest = all.reduce((last, { at }) => (at > last ? at : last), seen ?? '')
  if (seen === null && !list.isWhole) return { documents: [], removed: [], seen: newest }
  const fresh = all.filter(freshSince(list, before))
  if (fresh.length > inputLimits.changedRecords) return { documents: null, removed: [], seen: newest }
  const documents: ChangedDocument[] = []
  for (const { path, at } of fresh) {
    try {
      documents.push({ name: path, bytes: await text(path), path, at })
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
      : list.changesIn((await text(list.deletions)).toString('utf8')).filter(({ at }) => at > (seen ?? ''))
  const last = gone.reduce((latest, { at }) => (at > latest ? at : latest), newest)
  return { documents, removed: gone.map(({ path }) => list.recordOf(path)), seen: last }
}

/**
 * Revisions of a list that is the whole feed are compared one by one: a publisher dates them by the day, so that a later one may
 * have the time of another document that was read before.
 */
function freshSince({ isWhole }: ChangeList, { seen, revisions, unread }: ReadBefore): (change: Change) => boolean {
  const again = new Set(unread)
  return ({ path, at }) => again.has(path) || (isWhole ? revisions[path] !== at : at > (seen ?? ''))
}

/** CSAF's changes.csv and deletions.csv. A line: `"2024/rhsa-2024_0010.json","2025-02-18T14:28:08+00:00"` */
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

/**
 * OSV's modified_id.csv beside all.zip. A line: `2026-11-20T10:00:00Z,DSA-1234-1`. Withdrawn records say so themselves.
 */
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

/** Microsoft's list of months, with the day of the last revision of each. Microsoft revises a month for years. */
export function msrcMonths(since: string): ChangeList {
  return {
    list: '',
    deletions: null,
    isWhole: true,
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

/** Converts to UTC, so that times with different offsets compare as text. */
function utc(text: string): string {
  const time = Date.parse(text)
  return Number.isNaN(time) ? text : new Date(time).toISOString()
}
