import type { CardRing } from './card.ts'

/** `3 of 12 done, 1 ended badly, 2 running`, then what became of the ring if it is soaking, over or failed. */
export function ringWords({ good, bad, running, total, status }: CardRing): string {
  const parts = [`${good} of ${total} done`]
  if (bad > 0) parts.push(`${bad} ended badly`)
  if (running > 0) parts.push(`${running} running`)
  if (status === 'soaking') parts.push(status)
  // A ring of which nothing succeeded has not passed: somebody, or its gate, let the rollout go on.
  if (status === 'passed') parts.push(good > 0 ? status : 'the rollout went on')
  if (status === 'failed') parts.push('stopped here')
  return parts.join(', ')
}
