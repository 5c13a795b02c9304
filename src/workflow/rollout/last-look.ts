/** The last, complete look at every asset before the rollout is completed. The inventory is updated from it. */

import type { RecordedVerification } from '../../core/proposal/event.ts'
import type { ProposalState, Verification } from '../../core/proposal/proposal.ts'
import { verifyWithOthers } from '../../core/second-look.ts'
import { type Look, lookedAt } from '../../core/verification.ts'
import { readAssets } from '../../store/inventory.ts'
import { saveObservations } from '../../store/save-looks.ts'
import { lookAll } from './fresh-looks.ts'
import { ownWork } from './own-work.ts'
import type { Recording } from './recording.ts'
import { type SecondLooks, secondLooks } from './second-looks.ts'
import { type Ended, healthOf, plannedIn, startOf, type VerifyParts } from './verify.ts'

/** How many assets are looked at together. */
const LAST_LOOKS = 2_000
/** How many of these are judged together. */
const AT_ONCE = 100

export interface LastLook {
  readonly parts: VerifyParts
  readonly state: ProposalState
  readonly recording: Recording
  readonly signal: AbortSignal
}

export async function lookAgain(last: LastLook, assets: readonly string[]): Promise<void> {
  const { recording } = last
  recording.expect({ outcomes: [], verifications: assets })
  try {
    // A part at a time, so that few looks are in memory.
    for (let from = 0; from < assets.length; from += LAST_LOOKS)
      await lookAgainAt(last, assets.slice(from, from + LAST_LOOKS))
  } finally {
    recording.forget(assets)
  }
}

async function lookAgainAt({ parts, state, recording, signal }: LastLook, assets: readonly string[]): Promise<void> {
  const left = new Set(assets)
  const present = await readAssets(parts.db, assets)
  const others = await secondLooks(parts, assets, signal)
  const looked: { readonly ended: Ended; readonly earlier: Verification | null; readonly last: Look }[] = []
  const writing: Promise<void>[] = []
  async function record(): Promise<void> {
    const some = looked.splice(0)
    await saveObservations(
      parts.db,
      some.flatMap(({ last }) => (last.kind === 'gone' ? [] : [last])),
      parts.clock().toISOString(),
      { ...(parts.machines && { rule: parts.machines }) },
    )
    const judged = await Promise.all(
      some.map(({ ended, earlier, last }) => verifyAgain(parts, ended, earlier, last, others, signal)),
    )
    const write = recording.verifications(judged)
    // Awaited at the end. Until then this prevents an unhandled rejection.
    write.catch(() => undefined)
    writing.push(write)
  }
  const answered = (id: string) => state.rollout?.deployments[id]?.outcome?.state !== 'unreachable'
  for await (const last of lookAll({ parts, depth: 'full', answered, signal }, assets, present)) {
    const id = lookedAt(last)
    const item = plannedIn(state, id)
    const deployment = state.rollout?.deployments[id]
    if (item === null || !deployment?.outcome || !left.delete(id)) continue
    const ended = { state, planned: item, asset: present.get(id), outcome: deployment.outcome }
    looked.push({ ended, earlier: deployment.verification, last })
    if (looked.length >= AT_ONCE) await record()
  }
  await record()
  await Promise.all(writing)
}

async function verifyAgain(
  parts: VerifyParts,
  { state, planned, asset, outcome }: Ended,
  earlier: Verification | null,
  last: Look,
  others: SecondLooks,
  signal: AbortSignal,
): Promise<RecordedVerification> {
  const now = () => parts.clock().toISOString()
  // Nothing was begun on this asset, and it was not put back into service. A look at its packages does not change that.
  if (outcome.state === 'not begun' && earlier !== null) {
    return { asset: planned.asset.id, verification: { ...earlier, at: now() } }
  }
  const before = earlier?.healthBefore
  const health = last.kind === 'seen' && asset ? await healthOf(parts, state, asset, signal) : []
  const own = last.kind === 'seen' && asset ? await ownWork(parts, state, asset, outcome, signal) : undefined
  const known = { ...(before === undefined ? {} : { before }), ...(own === undefined ? {} : { own }) }
  const facts = { health, ...known, now: now(), ...startOf(state, planned) }
  const verification = verifyWithOthers(planned, outcome, last, facts, others.get(planned.asset.id) ?? [])
  return { asset: planned.asset.id, verification }
}
