import pLimit from 'p-limit'
import type { Answer, Person } from '../chat/desk.ts'
import { rich, sentence, strong } from '../chat/rich-text.ts'
import type { Asset } from '../core/asset.ts'
import { awayProblem } from '../core/away.ts'
import { errorText } from '../core/error-text.ts'
import type { DeployEngine } from '../core/ports.ts'
import { contentHash } from '../core/proposal/decision-content.ts'
import type { PatchSubject, PlannedAsset } from '../core/proposal/proposal.ts'
import { restores, rollbackProblem, rollbackSubject } from '../core/rollback.ts'
import { engineOf } from '../core/rollout/lanes.ts'
import { readAssets } from '../store/inventory.ts'
import { findProposal } from '../store/proposals.ts'
import type { Execute } from './commands/execute.ts'
import { momentOf } from './places.ts'
import type { WorkflowParts } from './ports.ts'

export type Rollback = ReturnType<typeof createRollback>

const PREVIEWS_AT_ONCE = 8

type RollbackParts = Pick<WorkflowParts, 'db' | 'clock' | 'teams' | 'engines'>

interface Asked {
  readonly reason: string | null
  /** Only this asset; `null`: all of them. */
  readonly only: string | null
}

/** Rolls a rollout back: opens a new proposal that is approved by the person who asks, and starts at once. */
export function createRollback(parts: RollbackParts, commands: Pick<Execute, 'openRollBack'>) {
  return {
    rollBack: (proposal: string, asked: Asked, person: Person) => rollBack(parts, commands, proposal, asked, person),
  }
}

const refused = (sentence: string): Answer => ({ ok: false, message: rich(sentence) })

async function rollBack(
  parts: RollbackParts,
  { openRollBack }: Pick<Execute, 'openRollBack'>,
  proposal: string,
  { reason, only }: Asked,
  person: Person,
): Promise<Answer> {
  const state = await findProposal(parts.db, proposal)
  if (state === null) return refused(`There is no proposal ${proposal}.`)
  const moment = await momentOf(parts, state.team)
  const problem = rollbackProblem({ state, doer: person, reason, only, moment })
  if (problem !== null || state.subject.kind !== 'patches' || reason === null) return refused(problem ?? 'Say why.')
  const { subject, stays } = await previewed(parts, rollbackSubject(state, state.subject, only))
  const staying =
    stays.length === 0 ? '' : ` No older version of ${stays.join(', ')} is available: these stay as they are.`
  const possible = subject.assets.filter(({ previewProblem }) => previewProblem === null)
  if (possible.length === 0) {
    const first = subject.assets[0]
    return refused(`No server can be rolled back (${first?.asset.name ?? ''}: ${first?.previewProblem ?? ''}).`)
  }
  const content = {
    title: `Roll back ${state.id}: ${state.title}`,
    subject,
    contentHash: contentHash(subject),
    priority: state.priority,
    whyNow: `${sentence(reason.trim())}${staying}`,
    dueAt: null,
  }
  const opened = await openRollBack(state, content, person, { end: only === null, reason: reason.trim() })
  if (!opened.ok) return refused(opened.refusal.sentence)
  const left = subject.assets.length - possible.length
  const more = left === 0 ? '' : ` ${left} cannot: the plan says why.`
  return {
    ok: true,
    message: rich(
      strong(opened.state.id),
      ` rolls ${state.id} back on ${possible.length} of its servers now.${more}${staying}`,
    ),
    link: `/p/${opened.state.id}`,
  }
}

/**
 * Adds the exact transaction of each asset. Some older versions are not available: assets without a transaction stay as
 * they are.
 */
async function previewed(
  parts: RollbackParts,
  subject: PatchSubject,
): Promise<{ readonly subject: PatchSubject; readonly stays: readonly string[] }> {
  const present = await readAssets(
    parts.db,
    subject.assets.map(({ asset }) => asset.id),
  )
  const limit = pLimit(PREVIEWS_AT_ONCE)
  const stays = new Set<string>()
  const assets = await Promise.all(
    subject.assets.map((planned) =>
      limit(async (): Promise<PlannedAsset> => {
        const asset = present.get(planned.asset.id)
        const name = engineOf(subject, planned.asset)
        const engine = parts.engines.get(name)
        const problem = awayProblem(asset, name)
        if (asset === undefined || problem !== null) return { ...planned, previewProblem: problem }
        if (restores(subject)) return planned
        if (!engine) return { ...planned, previewProblem: `the engine "${name}" is not configured` }
        try {
          const { changes, transaction } = await possible(engine, asset, planned.changes)
          for (const { name } of planned.changes) if (!changes.some((change) => change.name === name)) stays.add(name)
          return { ...planned, changes, transaction }
        } catch (error) {
          return { ...planned, previewProblem: errorText(error) }
        }
      }),
    ),
  )
  return { subject: { ...subject, assets, inventoryAt: parts.clock().toISOString() }, stays: [...stays].sort() }
}

async function possible(engine: DeployEngine, asset: Asset, changes: PlannedAsset['changes']) {
  const preview = (wanted: PlannedAsset['changes']) => engine.preview(asset, wanted, new AbortController().signal)
  try {
    return { changes, transaction: await preview(changes) }
  } catch (error) {
    const kept: PlannedAsset['changes'][number][] = []
    for (const change of changes) {
      const alone = await preview([change]).catch(() => null)
      if (alone !== null) kept.push(change)
    }
    if (kept.length === 0) throw error
    return { changes: kept, transaction: await preview(kept) }
  }
}
