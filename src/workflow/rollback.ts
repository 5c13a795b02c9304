import pLimit from 'p-limit'
import type { Answer, Person } from '../chat/desk.ts'
import { rich, sentence, strong } from '../chat/rich-text.ts'
import type { Asset } from '../core/asset.ts'
import { awayProblem } from '../core/away.ts'
import { errorText } from '../core/error-text.ts'
import type { DeployEngine } from '../core/ports.ts'
import { contentHash } from '../core/proposal/decision-content.ts'
import type { PatchSubject, PlannedAsset, ProposalState } from '../core/proposal/proposal.ts'
import {
  type LeftOutOfRollBack,
  leftOutOfRollBack,
  restores,
  rollbackProblem,
  rollbackSubject,
  startsToUndo,
} from '../core/rollback.ts'
import { engineOf } from '../core/rollout/lanes.ts'
import { readAssets } from '../store/inventory.ts'
import { findProposal } from '../store/proposals.ts'
import type { Execute } from './commands/execute.ts'
import { momentOf } from './places.ts'
import type { WorkflowParts } from './ports.ts'
import { didNothing, journalsOf } from './rollout/own-work.ts'

export type Rollback = ReturnType<typeof createRollback>

const PREVIEWS_AT_ONCE = 8

type RollbackParts = Pick<WorkflowParts, 'db' | 'clock' | 'teams' | 'engines' | 'log'>

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
  const untouched = await untouchedIn(parts, state, rollbackSubject(state, state.subject, only))
  const { subject, stays } = await previewed(parts, rollbackSubject(state, state.subject, only, untouched))
  const possible = subject.assets.filter(({ previewProblem }) => previewProblem === null)
  const left = [...problemsIn(subject), ...leftOutOfRollBack(state, state.subject, only, untouched)]
  if (possible.length === 0) return refused(`No server can be rolled back (${listed(left)}).`)
  const staying =
    stays.length === 0 ? '' : ` No older version of ${stays.join(', ')} is available: these stay as they are.`
  const without = left.length === 0 ? '' : ` Left out: ${listed(left)}.`
  const content = {
    title: `Roll back ${state.id}: ${state.title}`,
    subject,
    contentHash: contentHash(subject),
    priority: state.priority,
    whyNow: `${sentence(reason.trim())}${staying}${without}`,
    dueAt: null,
  }
  const opened = await openRollBack(state, content, person, { end: only === null, reason: reason.trim() })
  if (!opened.ok) return refused(opened.refusal.sentence)
  return {
    ok: true,
    message: rich(
      strong(opened.state.id),
      ` rolls ${state.id} back on ${possible.length} of its servers now.${staying}${without}`,
    ),
    link: `/p/${opened.state.id}`,
  }
}

function problemsIn({ assets }: PatchSubject): readonly LeftOutOfRollBack[] {
  return assets.flatMap(({ asset: { name }, previewProblem }) =>
    previewProblem === null ? [] : [{ name, why: previewProblem.replace(/\.$/, '') }],
  )
}

/** How many servers a sentence names with their reasons. */
const NAMED = 8

function listed(left: readonly LeftOutOfRollBack[]): string {
  const first = left.slice(0, NAMED).map(({ name, why }) => `${name} (${why})`)
  const more = left.length > NAMED ? ` and ${left.length - NAMED} more` : ''
  return `${first.join('; ')}${more}`
}

/** Assets that were not known to be untouched, and of which every journal now says that nothing was changed. */
async function untouchedIn(
  parts: RollbackParts,
  state: ProposalState,
  { assets }: PatchSubject,
): Promise<ReadonlySet<string>> {
  const unsure = assets
    .map(({ asset }) => asset.id)
    .filter((id) => startsToUndo(state, id).every(({ changed }) => changed === null))
  const present = await readAssets(parts.db, unsure)
  const limit = pLimit(PREVIEWS_AT_ONCE)
  const found = await Promise.all(
    unsure.map((id) =>
      limit(async () => {
        const asset = present.get(id)
        if (asset === undefined) return []
        const answers = await journalsOf(parts, state, asset, new AbortController().signal)
        return answers.length > 0 && answers.every(({ report }) => didNothing(report)) ? [id] : []
      }),
    ),
  )
  return new Set(found.flat())
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
