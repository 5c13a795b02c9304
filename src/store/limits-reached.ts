import { notInArray, sql } from 'drizzle-orm'
import { limits } from '../core/limits.ts'
import { finalStatuses } from '../core/proposal/proposal.ts'
import type { Queryable } from './connection.ts'
import { assets, proposals } from './schema.ts'

/** A state is reported from this share of the limit on. */
const NEAR = 0.75

export interface LimitReached {
  /** A team or a proposal. */
  readonly name: string
  /** Sentences: which limit is reached, and what follows. */
  readonly what: string
  /** True: something cannot be recorded any more, or soon cannot. */
  readonly blocks: boolean
}

/** The teams and proposals that have reached a limit of core/limits.ts, or nearly. */
export async function limitsReached(db: Queryable): Promise<readonly LimitReached[]> {
  const size = sql<number>`count(*)::int`
  const large = await db
    .select({ team: assets.team, size })
    .from(assets)
    .groupBy(assets.team)
    .having(sql`${size} > ${limits.assetsPerProposal}`)
    .orderBy(assets.team)
  const bytes = sql<number>`octet_length(${proposals.state}::text)`
  const heavy = await db
    .select({ id: proposals.id, state: proposals.state })
    .from(proposals)
    .where(sql`${proposals.format} >= 2 and ${notInArray(proposals.status, [...finalStatuses])}
      and ${bytes} > ${limits.stateBytes * NEAR}`)
    .orderBy(proposals.number)
  return [
    ...large.map(({ team, size: count }) => ({
      name: team,
      blocks: false,
      what: `The team has ${count.toLocaleString('en')} servers, and one decision holds ${limits.assetsPerProposal.toLocaleString('en')} at most. What is more waits for the decision after it.`,
    })),
    ...heavy.map((one) => ({
      name: one.id,
      blocks: true,
      what: `It takes ${Math.ceil(Buffer.byteLength(JSON.stringify(one.state)) / 1_024)} KB, and a proposal has ${limits.stateBytes / 1_024} KB at most. What would be more is refused: decide it, or withdraw it.`,
    })),
  ]
}
