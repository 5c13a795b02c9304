import { and, eq } from 'drizzle-orm'
import type { Posts } from '../chat/platform.ts'
import type { Db, Queryable } from './connection.ts'
import { posts } from './schema.ts'

/** Whether a card of the proposal is on any chat platform, or on its way there. */
export async function hasCard(db: Queryable, proposal: string): Promise<boolean> {
  const rows = await db
    .select({ key: posts.key })
    .from(posts)
    .where(eq(posts.key, `card ${proposal}`))
    .limit(1)
  return rows.length > 0
}

export function createPosts(db: Db): Posts {
  const one = (platform: string, key: string) => and(eq(posts.platform, platform), eq(posts.key, key))

  return {
    async find(platform, key) {
      const [row] = await db.select().from(posts).where(one(platform, key))
      return row ?? null
    },
    async begin(platform, { key, proposal, place }) {
      await db.insert(posts).values({ platform, key, proposal, place, message: null }).onConflictDoNothing()
    },
    async sent(platform, key, message) {
      await db.update(posts).set({ message }).where(one(platform, key))
    },
    async forget(platform, key) {
      await db.delete(posts).where(one(platform, key))
    },
    async proposalOf(platform, place, message) {
      const here = and(eq(posts.platform, platform), eq(posts.place, place), eq(posts.message, message))
      const [row] = await db.select({ proposal: posts.proposal }).from(posts).where(here)
      return row?.proposal ?? null
    },
  }
}
