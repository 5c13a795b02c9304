import type { CardRing } from './card.ts'

/** `3 of 12 done, 1 ended badly, 2 running`, then the ring's status if it is soaking, passed or failed. */
export function ringWords({ good, bad, running, total, status }: CardRing): string {
  const parts = [`${good} of ${total} done`]
  if (bad > 0) parts.push(`${bad} ended badly`)
  if (running > 0) parts.push(`${running} running`)
  if (status === 'soaking' || status === 'passed') parts.push(status)
  if (status === 'failed') parts.push('stopped here')
  return parts.join(', ')
}
