import type { Status } from '../core/proposal/proposal.ts'
import type { Picture } from './picture/picture.ts'

/**
 * The pictures of a card: of each kind that still says something, the newest one that was posted in the thread (`told`,
 * oldest first). The card changes every few seconds, but keeps its pictures until new ones are posted.
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
