/**
 * A catalog in one JSON file, for the example fleet and for sites without a network. docs/integrations/file-catalog.md
 */

import { z } from 'zod'
import type { RejectedRecord } from '../../../core/catalog.ts'
import type { CatalogFeed } from '../../../core/ports.ts'
import { parseJson } from '../../json-text.ts'
import {
  createFeed,
  type FeedInput,
  type FeedOptions,
  type ParsedFeed,
  requireReadable,
  type WholeFile,
} from '../feed.ts'
import { schemaProblem } from '../schema-problem.ts'
import { advisorySchema, catalogFileSchema, epssSchema, fixSchema, kevSchema, updateSchema } from './schema.ts'

export interface FileCatalogOptions extends FeedOptions {
  /** Used for dates such as `today-3`. */
  readonly clock: () => Date
}

const stateSchema = z.object({})
type State = z.infer<typeof stateSchema>

export function createFileCatalogFeed(options: FileCatalogOptions): CatalogFeed {
  const { clock } = options
  return createFeed(options, {
    describe: 'Catalog file',
    state: stateSchema,
    parse: (input) => parseFileCatalog(input, clock().toISOString().slice(0, 10)),
  })
}

export const catalogFile: WholeFile = {
  matches: (head) => /^\s*\{\s*"(?:\$schema|about|fixes|advisories|updates|kev|epss)"\s*:/.test(head),
  parse: (input, { today }) => parseFileCatalog(input, today),
}

export function parseFileCatalog({ bytes, what }: FeedInput<State>, today: string): ParsedFeed<State> {
  const file = catalogFileSchema.safeParse(parseJson(bytes.toString('utf8'), what))
  if (!file.success)
    throw new Error(`${what} is not a catalog: ${schemaProblem(file.error, Object.keys(catalogFileSchema.shape))}`)
  const { fixes, advisories, updates, kev, epss } = file.data
  if ([fixes, advisories, updates, kev, epss].every((list) => list === undefined)) {
    throw new Error(`${what} is not a catalog: it names none of "fixes", "advisories", "updates", "kev" and "epss"`)
  }
  const rejected: RejectedRecord[] = []
  const content = {
    ...(fixes && { fixes: readable('fixes', fixes, fixSchema, rejected) }),
    ...(advisories && { advisories: readable('advisories', advisories, advisorySchema(today), rejected) }),
    ...(updates && { updates: readable('updates', updates, updateSchema(today), rejected) }),
    ...(kev && { kev: readable('kev', kev, kevSchema(today), rejected) }),
    ...(epss && { epss: readable('epss', epss, epssSchema(today), rejected) }),
  }
  const total = Object.values(content).reduce((sum, records) => sum + records.length, 0)
  if (rejected.length > 0) requireReadable(what, total, rejected)
  return { content, rejected, state: {} }
}

function readable<T>(kind: string, values: readonly unknown[], schema: z.ZodType<T>, rejected: RejectedRecord[]): T[] {
  const records: T[] = []
  for (const [index, value] of values.entries()) {
    const record = schema.safeParse(value)
    if (record.success) records.push(record.data)
    else rejected.push({ where: `${kind}, record ${index + 1}`, reason: schemaProblem(record.error) })
  }
  return records
}
