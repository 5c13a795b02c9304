import type { CardRing } from './card.ts'

/** `3 of 12 done, 1 ended badly, 2 running`, and whether it is being watched. */
export function ringWords({ good, bad, running, total, status }: CardRing): string {
  const parts = [`${good} of ${total} done`]
  if (bad > 0) parts.push(`${bad} ended badly`)
  if (running > 0) parts.push(`${running} running`)
  if (status === 'soaking' || status === 'passed') parts.push(status)
  if (status === 'failed') parts.push('stopped here')
  return parts.join(', ')
}
