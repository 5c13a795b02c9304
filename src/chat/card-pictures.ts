import type { Status } from '../core/proposal/proposal.ts'
import type { Picture } from './picture/picture.ts'

/**
 * What a card shows of the pictures that its thread was told, oldest first: the newest of each kind that still says
 * something. Only those that were told: a card that changes each few seconds keeps its pictures meanwhile.
 */
export function cardPictures(status: Status, told: readonly Picture[]): readonly Picture[] {
  return kindsOf(status).flatMap((kind) => told.findLast((picture) => picture.kind === kind) ?? [])
}

function kindsOf(status: Status): readonly Picture['kind'][] {
  switch (status) {
    case 'open':
    case 'approved':
    case 'scheduled':
      return ['plan', 'load']
    case 'rolling out':
    case 'paused':
    case 'verifying':
      return ['plan']
    case 'halted':
    case 'completed':
      return ['outcome']
    case 'rejected':
    case 'expired':
    case 'withdrawn':
    case 'superseded':
      return []
  }
}
