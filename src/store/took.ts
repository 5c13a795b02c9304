import { sql } from 'drizzle-orm'
import type { RingTook } from '../core/estimate.ts'
import type { Queryable } from './connection.ts'
import { newest } from './schema.ts'

/** Proposals of a team that are looked at, newest first. */
const LOOKED_AT = 500
/** Rollouts among them that count. */
const EARLIER = 50
/** Assets of each of their rings that count. */
const SAMPLES = 100
/**
 * The end states that count. Others say nothing about how long the work takes, and neither do assets whose system was
 * told ahead and reports late.
 */
const ENDED_WELL = ['installed', 'waiting for reboot', 'rebooted and re-scanned']

/** How long assets of a team took lately, in seconds, by engine and name of the ring. */
export async function tookByRing(db: Queryable, team: string): Promise<readonly RingTook[]> {
  const rows = await db.execute<{ engine: string; ring: string; seconds: number[] }>(sql`
    select engine, name as ring, json_agg(seconds order by seconds) as seconds from (
      select ring.name, starts.engine, greatest(1, extract(epoch from took.done_at - took.started_at))::float8 as seconds
      from (select id, state from
          (select id, number, state from proposals where team = ${team} and format >= 2
            order by ${newest} limit ${LOOKED_AT}) as looked
          where jsonb_typeof(state -> 'rollout') = 'object' order by number desc limit ${EARLIER}) as earlier
        cross join lateral (select position - 1 as number, value ->> 'name' as name
          from jsonb_array_elements(earlier.state -> 'rollout' -> 'rings') with ordinality as one (value, position)) as ring
        cross join lateral (select done_at, started_at, facts::jsonb -> 'deployment' ->> 'key' as key from results
          where results.proposal = earlier.id and results.part = 1 and results.ring = ring.number
            and done_at is not null and end_state in (${sql.join(ENDED_WELL, sql`, `)})
            and facts::jsonb -> 'deployment' ->> 'notBefore' is null
          limit ${SAMPLES}) as took
        join starts on starts.key = took.key) as each
    group by engine, name`)
  return rows.map(({ engine, ring, seconds }) => ({ engine, ring, seconds }))
}
