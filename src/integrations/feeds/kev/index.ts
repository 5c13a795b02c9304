/** Feed of CISA's catalog of known exploited vulnerabilities. docs/integrations/kev.md */

import { z } from 'zod'
import type { KevEntry, RejectedRecord } from '../../../core/catalog.ts'
import type { CatalogFeed } from '../../../core/ports.ts'
import { parseJson } from '../../json-text.ts'
import {
  createFeed,
  type FeedInput,
  type FeedOptions,
  type ParsedFeed,
  requireNotShrunken,
  requireReadable,
  type WholeFile,
} from '../feed.ts'
import { schemaProblem } from '../schema-problem.ts'
import { catalogSchema, entrySchema } from './schema.ts'

export const kevLocation = 'https://www.cisa.gov/sites/default/files/feeds/known_exploited_vulnerabilities.json'
/** CISA's own copy. CISA updates it by hand, so it may be older. */
export const kevMirror =
  'https://raw.githubusercontent.com/cisagov/kev-data/develop/known_exploited_vulnerabilities.json'

/** CISA withdraws entries rarely and one at a time. A larger loss means that the answer is broken. */
const MAX_SHRINK_PERCENT = 5

const stateSchema = z.object({ count: z.number(), catalogVersion: z.string() })
type State = z.infer<typeof stateSchema>

export interface KevOptions extends Omit<FeedOptions, 'location'> {
  /** Default: CISA's address, then its mirror. */
  readonly location?: string
}

/** An entry that CISA withdraws disappears at the next fetch, because each answer replaces the last one. */
export function createKevFeed(options: KevOptions): CatalogFeed {
  const places = options.location === undefined ? { location: kevLocation, mirrors: [kevMirror] } : {}
  return createFeed(
    { location: kevLocation, ...places, ...options },
    { describe: 'CISA KEV', state: stateSchema, parse: parseKev },
  )
}

export const kevFile: WholeFile = {
  matches: (head) => /^\s*\{/.test(head) && /"catalogVersion"\s*:/.test(head),
  parse: parseKev,
}

export function parseKev(input: FeedInput<State>): ParsedFeed<State> {
  const { bytes, what, previous, fromMirror } = input
  const parsed = catalogSchema.safeParse(parseJson(bytes.toString('utf8'), what))
  if (!parsed.success)
    throw new Error(`${what} is not a KEV catalog: ${schemaProblem(parsed.error, Object.keys(catalogSchema.shape))}`)
  const { count, vulnerabilities, catalogVersion } = parsed.data
  if (count !== vulnerabilities.length) {
    throw new Error(`${what} says it has ${count} entries and has ${vulnerabilities.length}: it is not believed`)
  }
  if (fromMirror && previous !== null && catalogVersion < previous.catalogVersion) {
    throw new Error(`${what} is a mirror that still has ${catalogVersion}; ${previous.catalogVersion} is already here`)
  }
  const entries = new Map<string, KevEntry>()
  const rejected: RejectedRecord[] = []
  for (const [index, value] of vulnerabilities.entries()) {
    const entry = entrySchema.safeParse(value)
    const where = `entry ${index + 1}`
    if (!entry.success) {
      rejected.push({ where, reason: schemaProblem(entry.error) })
      continue
    }
    const { cveID: cve, vulnerabilityName: name, dateAdded, dueDate, knownRansomwareCampaignUse } = entry.data
    if (entries.has(cve)) {
      rejected.push({ where, reason: `${cve} is listed twice` })
      continue
    }
    entries.set(cve, {
      cve,
      dateAdded,
      dueDate,
      ransomware: knownRansomwareCampaignUse.toLowerCase() === 'known',
      name,
    })
  }
  requireReadable(what, entries.size, rejected)
  requireNotShrunken(input, previous?.count ?? null, entries.size, MAX_SHRINK_PERCENT)
  const state = { count: entries.size, catalogVersion }
  const saidAt = catalogVersion.slice(0, 10).replaceAll('.', '-')
  return { content: { kev: [...entries.values()] }, rejected, state, saidAt }
}
