/** A brief: what a proposal asks for, in short. Lists and cards say no more about it, however many assets it has. */

import type { Patch } from '../catalog.ts'
import { type Change, changeTarget, versionBefore } from '../change.ts'
import { clusterProblem } from '../cluster.ts'
import { type RingsAhead, ringsAhead } from '../forecast/ahead.ts'
import { type RingsDirect, ringsDirect } from '../forecast/direct.ts'
import { unchecked } from '../health-checks.ts'
import { limits } from '../limits.ts'
import { memoizeByIdentity } from '../memoize-by-identity.ts'
import type { TransactionStep } from '../ports.ts'
import { type Promised, promisedIn } from '../promised.ts'
import { lanesOf } from '../rollout/lanes.ts'
import { asKept } from './decision-content.ts'
import type { PatchSubject, PlannedRing, StandingRuleSubject, Subject } from './proposal.ts'

/** A list of different values, shown as its first value and the number of values. */
export interface Values {
  readonly count: number
  /** `null`: the list is empty. */
  readonly first: string | null
}

export interface BriefPatch extends Pick<Patch, 'source' | 'version'> {
  /** Versions of the patch's packages before and after the change. */
  readonly from: Values
  readonly to: Values
  /** The first CVEs, and how many there are. */
  readonly cves: readonly string[]
  readonly cveCount: number
}

export interface BriefRing extends Pick<PlannedRing, 'name' | 'soakSeconds' | 'beforeVote' | 'engine' | 'after'> {
  readonly assets: number
  readonly gate: Pick<PlannedRing['gate'], 'maxFailures' | 'go'>
}

export interface PatchBrief {
  readonly kind: 'patches'
  /** The first patches, which are the most urgent, and how many there are. */
  readonly patches: readonly BriefPatch[]
  readonly patchCount: number
  readonly types: readonly Patch['type'][]
  /** What is asked for besides patching, for example a forensic investigation. */
  readonly also: readonly string[]
  /** Facts that were assumed, each with all values that were assumed for it. */
  readonly assumed: readonly { readonly fact: string; readonly values: readonly string[] }[]
  readonly assets: number
  /** Names of the first assets. */
  readonly names: readonly string[]
  /** True if all assets are hosts of the example fleet. */
  readonly simulated: boolean
  /** How many assets have a preview (`previewed`), and the first asset without one (`blind`), with the reason. */
  readonly previewed: number
  readonly blind: { readonly name: string; readonly problem: string } | null
  /** Names of all packages that the previews remove, and of the first ones that they newly install. */
  readonly removed: readonly string[]
  readonly added: readonly string[]
  /** Lane by lane. */
  readonly rings: readonly BriefRing[]
  /** The engine of the first lane. Left out: there is only one lane. */
  readonly engine?: string
  /** Name of the window, and a sentence about its measured load; `null`: no load was measured. */
  readonly window: string
  readonly measured: string | null
  /** Sentences: clusters of which no member could ever be worked on. */
  readonly clusterProblems: readonly string[]
  /** The proposal that this one rolls back; `null`: none. */
  readonly rollsBack: string | null
  /** What engines promise, and the rings of those whose systems are told ahead. Left out: all work on the host itself. */
  readonly promised?: readonly Promised[]
  readonly ahead?: readonly RingsAhead[]
  /** The lanes whose engines work at once, as their forecast needs them. Left out: an earlier version made the brief. */
  readonly direct?: readonly RingsDirect[]
  /** How many assets no health check looks at. Left out: a check looks at all of them, or nobody counted. */
  readonly unchecked?: number
}

export type Brief = PatchBrief | StandingRuleSubject

/** Worked out once for each subject. Many assets share few lists of changes. */
export const briefOf = memoizeByIdentity((asked: Subject): Brief => {
  const subject = asKept(asked)
  if (subject.kind === 'standing rule') return subject
  const { patches, assets, rings, engine, window, measured, clusters = [], rollsBack } = subject
  const [none, most] = [{ count: 0, first: null }, limits.briefEntries]
  const versions = versionsOf(patches.slice(0, most), assets)
  const previews = previewsOf(subject)
  return {
    kind: 'patches',
    patches: patches.slice(0, most).map(({ id, source, version, cves }) => ({
      source,
      version,
      ...(versions.get(id) ?? { from: none, to: none }),
      cves: cves.slice(0, most),
      cveCount: cves.length,
    })),
    patchCount: patches.length,
    types: [...new Set(patches.map(({ type }) => type))],
    also: [...new Set(patches.flatMap(({ also }) => also ?? []))],
    assumed: assumptions(subject).slice(0, most),
    assets: assets.length,
    names: assets.slice(0, most).map(({ asset }) => asset.name),
    simulated: assets.every(({ asset }) => asset.simulated),
    ...previews,
    rings: rings.map(({ name, assets: planned, soakSeconds, beforeVote, engine: lane, after, gate }) => ({
      name,
      assets: planned.length,
      soakSeconds,
      ...(lane === undefined ? {} : { engine: lane }),
      ...(after === undefined ? {} : { after }),
      ...(beforeVote === undefined ? {} : { beforeVote }),
      gate: { maxFailures: gate.maxFailures, ...(gate.go === undefined ? {} : { go: gate.go }) },
    })),
    ...(lanesOf(subject).length === 1 ? {} : { engine }),
    window: window.name,
    measured: measured?.kind === 'measured' ? measured.evidence.sentence : null,
    clusterProblems: clusters.flatMap((cluster) => clusterProblem(cluster) ?? []),
    rollsBack: rollsBack?.proposal ?? null,
    ...promisesOf(subject),
    direct: ringsDirect(subject),
    unchecked: unchecked(subject.health, assets),
  }
})

function promisesOf(subject: PatchSubject): Pick<PatchBrief, 'promised' | 'ahead'> {
  const promised = promisedIn(subject)
  if (promised.length === 0) return {}
  return { promised: promised.slice(0, limits.briefEntries), ahead: ringsAhead(subject) }
}

function valuesOf(found: ReadonlySet<string>): Values {
  const [first = null] = found
  return { count: found.size, first }
}

/** The versions that these patches lead from and to. */
function versionsOf(
  named: PatchSubject['patches'],
  assets: PatchSubject['assets'],
): ReadonlyMap<string, Pick<BriefPatch, 'from' | 'to'>> {
  const patchesOf = new Map<string, string[]>()
  for (const { id, packages } of named) {
    for (const { name } of packages) {
      const known = patchesOf.get(name)
      if (known === undefined) patchesOf.set(name, [id])
      else known.push(id)
    }
  }
  const versions = new Map(named.map(({ id }) => [id, { from: new Set<string>(), to: new Set<string>() }]))
  const seen = new Map<readonly Change[], Set<readonly string[]>>()
  for (const { changes, patches } of assets) {
    const lists = seen.get(changes) ?? new Set()
    if (lists.has(patches)) continue
    seen.set(changes, lists.add(patches))
    for (const change of changes) {
      const from = versionBefore(change)
      for (const id of patchesOf.get(change.name) ?? []) {
        if (!patches.includes(id)) continue
        if (from !== null) versions.get(id)?.from.add(from)
        versions.get(id)?.to.add(changeTarget(change))
      }
    }
  }
  return new Map([...versions].map(([id, { from, to }]) => [id, { from: valuesOf(from), to: valuesOf(to) }]))
}

function previewsOf({ assets }: PatchSubject): Pick<PatchBrief, 'previewed' | 'blind' | 'removed' | 'added'> {
  const [removed, added] = [new Set<string>(), new Set<string>()]
  const previews = new Set<readonly TransactionStep[]>()
  let previewed = 0
  let blind: PatchBrief['blind'] = null
  for (const { asset, transaction, previewProblem } of assets) {
    if (previewProblem === null) {
      previewed++
      previews.add(transaction)
    } else blind ??= { name: asset.name, problem: previewProblem }
  }
  for (const steps of previews)
    for (const { action, name, from } of steps) {
      if (action === 'remove') removed.add(name)
      else if (action === 'install' && from === null) added.add(name)
    }
  return { previewed, blind, removed: [...removed], added: [...added].slice(0, limits.briefEntries) }
}

/** The assumed facts, each with the different values that patches assumed. */
function assumptions({ patches }: PatchSubject): PatchBrief['assumed'] {
  const taken = new Map<string, Set<string>>()
  for (const { fact, value } of patches.flatMap((patch) => patch.assumptions))
    taken.set(fact, (taken.get(fact) ?? new Set()).add(String(value)))
  return [...taken].map(([fact, values]) => ({ fact, values: [...values] }))
}
