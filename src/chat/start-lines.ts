/** The calls of a start that has not begun, as lines for a terminal. */

import { DateTime } from 'luxon'
import { firstNames } from '../core/first-names.ts'
import type { PlannedCall, PlannedCalls } from '../core/ports.ts'

export interface StartShown {
  readonly ring: string
  readonly engine: string
  readonly key: string
  readonly toldAt: string | null
  readonly notBefore: string | null
  readonly calls: PlannedCalls | { readonly problem: string }
}

/** Calls of one step that are listed one by one. */
const LISTED = 60

/** `timeZone`: IANA zone for its times. */
export function startLines({ ring, engine, key, toldAt, notBefore, calls }: StartShown, timeZone: string) {
  const at = (instant: string) => DateTime.fromISO(instant, { zone: timeZone }).toFormat('yyyy-MM-dd HH:mm ZZZZ')
  const title = `Calls to ${engine}, ring ${ring} (start ${key})`
  if ('problem' in calls) return [title, `  They cannot be listed: ${calls.problem}`]
  let n = 0
  function step(head: string, all: readonly PlannedCall[]): readonly string[] {
    const lines = all.slice(0, LISTED).map(({ what, deadline }) => {
      n++
      return `    ${n}. ${what}${deadline === undefined ? '' : `, deadline ${at(deadline)}`}`
    })
    const more = all.length - lines.length
    n += Math.max(more, 0)
    return all.length === 0 ? [] : [`  ${head}`, ...lines, ...(more > 0 ? [`    and ${more} more of the same`] : [])]
  }
  const told = toldAt === null ? 'when its window is near' : `${at(toldAt)} at the earliest`
  const begins = notBefore === null ? '' : `, for work from ${at(notBefore)}`
  const why = new Map<string, string[]>()
  for (const { asset, why: reason } of calls.left) why.set(reason, [...(why.get(reason) ?? []), asset])
  return [
    title,
    ...step(`Made ready, ${told}:`, calls.stage),
    ...step(`Told then${begins}:`, calls.start),
    ...step('After the window, and when all have ended:', calls.afterwards),
    ...[...why].map(([reason, assets]) => `  None for ${firstNames(assets)}: ${reason}`),
  ]
}
