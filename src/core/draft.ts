import type { AssessedAsset, Assessment } from './assessment.ts'
import type { Patch } from './catalog.ts'
import type { Priority } from './priority/priority.ts'
import type { PatchSubject, PlannedRing } from './proposal/proposal.ts'
import type { RingRule, TeamPlan } from './ring-rule.ts'
import { whyNow } from './why-now.ts'

/** A proposal that could be opened: previews are still to be filled in. */
export interface Draft {
  readonly team: string
  readonly title: string
  readonly subject: PatchSubject
  readonly priority: Priority
  readonly whyNow: string
  readonly dueAt: string | null
}

/** One draft per team and engine over the assets that miss something. Assets without an engine are only watched. */
export function draftSubjects(options: { readonly assessment: Assessment; readonly teams: readonly TeamPlan[] }): {
  readonly drafts: readonly Draft[]
  readonly watched: readonly AssessedAsset[]
} {
  const { assessment, teams } = options
  const watched = assessment.assets.filter((entry) => entry.asset.engine === null)
  const drafts: Draft[] = []
  for (const plan of teams) {
    const mine = assessment.assets.filter(
      (entry) => entry.asset.team === plan.team && entry.asset.engine !== null && entry.changes.length > 0,
    )
    const engines = [...new Set(mine.flatMap((entry) => entry.asset.engine ?? []))].sort()
    for (const engine of engines) {
      const assets = mine.filter((entry) => entry.asset.engine === engine)
      drafts.push(draft(plan, engine, assets, assessment.patches))
    }
  }
  return { drafts, watched }
}

function draft(plan: TeamPlan, engine: string, entries: readonly AssessedAsset[], all: readonly Patch[]): Draft {
  const assets = [...entries].sort((a, b) =>
    a.asset.name < b.asset.name ? -1 : a.asset.name > b.asset.name ? 1 : a.asset.id < b.asset.id ? -1 : 1,
  )
  const ids = new Set(assets.flatMap((entry) => entry.patches))
  const patches = all.filter((patch) => ids.has(patch.id))
  const due = patches.flatMap((patch) => patch.dueAt ?? []).sort()
  const seen = assets.map((entry) => entry.observedAt).sort()
  return {
    team: plan.team,
    title: title(patches, assets.length),
    subject: {
      kind: 'patches',
      patches,
      assets: assets.map(({ asset, patches: missing, changes }) => ({
        asset,
        patches: missing,
        changes,
        transaction: [],
        previewProblem: null,
      })),
      rings: ringsFor(plan.rings, assets),
      window: plan.window,
      health: plan.health,
      engine,
      inventoryAt: seen[0] ?? '',
    },
    priority: patches[0]?.priority ?? 'defer',
    whyNow: whyNow(
      patches,
      assets.map((entry) => entry.asset),
    ),
    dueAt: due[0] ?? null,
  }
}

function title(patches: readonly Patch[], assets: number): string {
  const first = patches[0]
  const where = `on ${assets} ${assets === 1 ? 'server' : 'servers'}`
  if (!first) return `Updates ${where}`
  if (patches.length === 1) return `${first.source} ${first.version} ${where}`
  return `${first.source} and ${patches.length - 1} more ${where}`
}

/** Every asset lands in exactly one ring: the first that selects it, and the last where none does. */
export function ringsFor(rules: readonly RingRule[], entries: readonly AssessedAsset[]): readonly PlannedRing[] {
  let left = [...entries]
  const members = rules.map((rule) => {
    const taken = select(rule, left, entries.length)
    left = left.filter((entry) => !taken.includes(entry))
    return taken
  })
  const last = members.at(-1)
  if (last) last.push(...left)
  const rings: PlannedRing[] = []
  for (const [index, rule] of rules.entries()) {
    const assets = members[index] ?? []
    if (assets.length === 0) continue
    const { kind, value } = rule.batch
    const batchSize = Math.max(1, kind === 'count' ? value : Math.ceil((assets.length * value) / 100))
    rings.push({
      name: rule.name,
      assets: assets.map((entry) => entry.asset.id),
      batchSize,
      soakSeconds: rule.soakSeconds,
      gate: rule.gate,
    })
  }
  return rings
}

function select(rule: RingRule, left: readonly AssessedAsset[], total: number): AssessedAsset[] {
  const { select: by } = rule
  switch (by.kind) {
    case 'tag':
      return left.filter((entry) => entry.asset.tags.includes(by.tag))
    case 'count':
      return left.slice(0, by.count)
    case 'percent':
      return left.slice(0, Math.ceil((total * by.percent) / 100))
    case 'rest':
      return [...left]
  }
}
