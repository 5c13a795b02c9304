import type { Policy, StandingRule } from '../../core/policy.ts'
import { contentHash } from '../../core/proposal/decision-content.ts'
import type { Content } from '../../core/proposal/event.ts'
import { minuteOf } from '../../core/time/instant.ts'
import { hasContent } from '../../store/proposals.ts'
import { assessment, type Proposing } from './proposing.ts'

/** People also vote on standing rules. Each configured rule gets one proposal until it is decided. */
export async function proposeRules({ parts, commands }: Pick<Proposing, 'parts' | 'commands'>): Promise<void> {
  for (const { rule, decidedBy, content } of await rulesToPropose(parts))
    await commands.open(rule.team, content, decidedBy, assessment)
}

/** Rules without a proposal yet. */
export async function rulesToPropose({ db, clock, teams }: Pick<Proposing['parts'], 'db' | 'clock' | 'teams'>) {
  const found: { readonly rule: StandingRule; readonly decidedBy: Policy; readonly content: Content }[] = []
  for (const { rule, decidedBy, window } of teams.standingRules) {
    if (Date.parse(rule.expiresAt) <= clock().getTime()) continue
    const subject = { kind: 'standing rule', rule, window } as const
    const hash = contentHash(subject)
    if (await hasContent(db, hash, ['open', 'approved', 'rejected', 'withdrawn'])) continue
    const title = `Standing approval "${rule.name}": ${rule.types.join(', ')} patches on ${rule.tags.join(', ')} assets`
    const whyNow = `The configuration asks for it; it takes effect only once it is voted, and ends on ${minuteOf(rule.expiresAt)} UTC.`
    const content: Content = { title, subject, contentHash: hash, priority: 'scheduled', whyNow, dueAt: null }
    found.push({ rule, decidedBy, content })
  }
  return found
}
