import type { Deployment, EndState, Gate } from '../proposal/proposal.ts'

/** How one asset's end state counts at a gate. */
export type GateCount = 'good' | 'bad' | 'unreachable' | 'undecided'

export function countEndState(end: EndState): GateCount {
  switch (end) {
    case 'installed':
    case 'waiting for reboot':
    case 'rebooted and re-scanned':
    case 'rolled back': // a roll back ended as promised
      return 'good'
    case 'unreachable':
    case 'silent':
    case 'not known':
      return 'unreachable'
    case 'not touched':
      return 'undecided'
    case 'still missing':
    case 'held back':
    case 'failed':
      return 'bad'
  }
}

/** Whether the asset ended badly, or nobody knows how it ended. */
export function endsBadly(end: EndState): boolean {
  const count = countEndState(end)
  return count === 'bad' || count === 'unreachable'
}

export interface GateTally {
  readonly total: number
  readonly bad: number
  /** How many of `bad` were held back: nothing was changed on them. Left out: none. */
  readonly heldBack?: number
  readonly unreachable: number
  /** Assets that are not fixed because an update waits for a restart. They are not part of `bad`. */
  readonly owing: number
  /** Assets that ended well, or have not ended yet. */
  readonly hopeful: number
}

/**
 * Counts how the assets of a ring ended. `total`: all its assets. `failed`: those that did not end well. `owing`: those
 * that ended well, but for a restart that an update waits for.
 */
export function tally(total: number, failed: readonly Pick<Deployment, 'verification'>[], owing = 0): GateTally {
  const ends = failed.map(({ verification }) => (verification === null ? 'undecided' : countEndState(verification.end)))
  const bad = ends.filter((end) => end === 'bad').length
  const unreachable = ends.filter((end) => end === 'unreachable').length
  const heldBack = failed.filter(({ verification }) => verification?.end === 'held back').length
  return {
    total,
    bad,
    ...(heldBack === 0 ? {} : { heldBack }),
    unreachable,
    owing,
    hopeful: total - bad - unreachable - owing,
  }
}

/**
 * Why the ring may not go on; `null`: it may. Checked after every asset, so that a ring stops as soon as it cannot pass
 * any more: too many assets failed, or the success rate is out of reach even if all others succeed. Assets that never
 * answered are counted apart; the gate says how they count.
 */
export function gateProblem(gate: Gate, counts: GateTally): string | null {
  const failures = counts.bad + counts.owing + (gate.unreachable === 'as failure' ? counts.unreachable : 0)
  const unanswered =
    counts.unreachable === 0
      ? ''
      : ` (${counts.unreachable} never answered, counted ${gate.unreachable === 'as failure' ? 'as failures' : 'neither way'})`
  if (failures > gate.maxFailures) {
    return `${failures} of ${counts.total} ${failedWords(counts, failures)}${unanswered}${owed(counts)}, more than the ${gate.maxFailures} this ring allows`
  }
  const counted = counts.total - (gate.unreachable === 'ignored' ? counts.unreachable : 0)
  if (counted === 0) {
    return counts.unreachable > 0 ? `none of its ${counts.unreachable} servers answered` : null
  }
  const best = (counts.hopeful / counted) * 100
  if (best < gate.minSuccessPercent) {
    return `at most ${Math.floor(best)} % can succeed${unanswered}${owed(counts)}, and this ring asks for ${gate.minSuccessPercent} %`
  }
  return null
}

/** Nothing was changed on what was held back, so it has not failed. */
function failedWords({ heldBack = 0 }: GateTally, failures: number): string {
  if (heldBack === 0) return 'failed'
  return heldBack === failures
    ? `${failures === 1 ? 'was' : 'were'} held back`
    : `failed (${heldBack} of them held back)`
}

function owed({ owing }: GateTally): string {
  if (owing === 0) return ''
  return ` (${owing} ${owing === 1 ? 'waits' : 'wait'} for a restart and ${owing === 1 ? 'is' : 'are'} not fixed until then)`
}
