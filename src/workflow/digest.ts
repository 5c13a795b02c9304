import { cardAction } from '../chat/card-actions.ts'
import type { ChatPlatform } from '../chat/platform.ts'
import { lineBreak, rich, strong, time } from '../chat/rich-text.ts'
import { count } from '../chat/words.ts'
import { type DigestRule, digestDay } from '../core/digest.ts'
import type { Tx } from '../store/connection.ts'
import { putMessages } from '../store/outbox.ts'
import { claimDigest } from '../store/people.ts'
import { votedOn } from '../store/proposal-pages.ts'
import { inTransaction } from '../store/transaction.ts'
import type { WorkflowParts } from './ports.ts'

const LISTED = 10

/** Posts the digests that are due: once a day and channel, by whichever process comes first. */
export function createDigests(
  parts: Pick<WorkflowParts, 'db' | 'clock' | 'teams' | 'platforms'>,
  afterCommit: () => void,
) {
  const { teams } = parts

  async function postDue(): Promise<void> {
    const now = parts.clock().toISOString()
    for (const { team } of teams.plans) {
      const rule = teams.digestOf(team)
      const day = rule === null ? null : digestDay(rule, now)
      if (rule === null || day === null) continue
      const channel = teams.channelOf(team)
      const posted = await inTransaction(parts.db, postDigest, {
        platforms: parts.platforms,
        team,
        rule,
        channel,
        day,
        now,
      })
      if (posted) afterCommit()
    }
  }

  return { postDue }
}

interface DigestGiven {
  readonly platforms: readonly Pick<ChatPlatform, 'name'>[]
  readonly team: string
  readonly rule: DigestRule
  readonly channel: string
  readonly day: string
  readonly now: string
}

/** False where another process was first, or nothing waits. */
async function postDigest(tx: Tx, { platforms, team, rule, channel, day, now }: DigestGiven): Promise<boolean> {
  if (!(await claimDigest(tx, `${channel} ${team}`, day))) return false
  const open = await votedOn(tx, team, rule.priorities, LISTED)
  if (open.count === 0) return false
  const lines = open.first.flatMap((line) => [
    ...rich(lineBreak, strong(line.id), ` ${line.title}; expires `),
    time(line.expiresAt, 'relative'),
  ])
  const more = open.count > LISTED ? rich(lineBreak, `and ${open.count - LISTED} more`) : []
  const entry = {
    author: null,
    tone: 'neutral' as const,
    text: [
      ...rich(`${count(open.count, 'proposal')} of low priority ${open.count === 1 ? 'waits' : 'wait'}:`),
      ...lines,
      ...more,
    ],
    detail: [],
    actions: open.first.map(({ id, revision }) => ({
      ...cardAction('approve', revision, `Approve ${id}`),
      proposal: id,
    })),
    link: `/c/${channel}`,
  }
  const chats = platforms.filter(({ name }) => name !== 'console')
  await putMessages(
    tx,
    chats.map(({ name }) => ({ platform: name, channel, proposal: null, at: now, entry })),
  )
  return true
}
