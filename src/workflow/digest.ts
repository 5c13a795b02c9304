import { cardAction, numberOfAction } from '../chat/card-actions.ts'
import { lineBreak, rich, strong, time } from '../chat/rich-text.ts'
import { count } from '../chat/words.ts'
import { type DigestRule, digestDay } from '../core/digest.ts'
import { offersToAny } from '../core/permission/answer.ts'
import { approvalBringsOn } from '../core/proposal/approval.ts'
import type { Tx } from '../store/connection.ts'
import { putMessages } from '../store/outbox.ts'
import { claimDigest } from '../store/people.ts'
import { readGlances, votedOn } from '../store/proposal-pages.ts'
import { inTransaction } from '../store/transaction.ts'
import { placesOf } from './places.ts'
import type { WorkflowParts } from './ports.ts'

const LISTED = 10

/** Posts the digests that are due: one for each channel, team and day, from the first process that claims it. */
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
        parts,
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
  readonly parts: Pick<WorkflowParts, 'clock' | 'teams' | 'platforms'>
  readonly team: string
  readonly rule: DigestRule
  readonly channel: string
  readonly day: string
  readonly now: string
}

/** False if another process was first, or nothing waits. */
async function postDigest(tx: Tx, { parts, team, rule, channel, day, now }: DigestGiven): Promise<boolean> {
  if (!(await claimDigest(tx, `${channel} ${team}`, day))) return false
  const open = await votedOn(tx, team, rule.priorities, LISTED)
  if (open.count === 0) return false
  const glances = await readGlances(
    tx,
    open.first.map(({ id }) => id),
  )
  const places = await placesOf({ db: tx, clock: parts.clock, teams: parts.teams }, glances)
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
    actions: places
      .filter((place) => offersToAny(place).has('approve') && approvalBringsOn(place.glance, place.members))
      .map(({ glance }) => ({
        ...cardAction('approve', numberOfAction('approve', glance), `Approve ${glance.id}`),
        proposal: glance.id,
      })),
    link: `/c/${channel}`,
  }
  const chats = parts.platforms.filter(({ name }) => name !== 'console')
  await putMessages(
    tx,
    chats.map(({ name }) => ({ platform: name, channel, proposal: null, at: now, entry })),
  )
  return true
}
