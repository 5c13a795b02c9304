import type { Tone } from '../../chat/card.ts'
import type { Status } from '../../core/proposal/proposal.ts'
import { type Html, html } from '../html.ts'

/** A symbol of assets/icons.svg. It stands beside words that say the same. */
export function icon(name: string): Html {
  return html`<svg class="icon" viewBox="0 0 16 16" aria-hidden="true"><use href="/assets-static/icons.svg#${name}"></use></svg>`
}

/** The class that gives a part its colours. */
export function statusOf(tone: Tone): string {
  switch (tone) {
    case 'urgent':
      return 'stop'
    case 'warning':
      return 'warn'
    case 'decided':
      return 'run'
    case 'good':
      return 'good'
    case 'neutral':
      return 'idle'
  }
}

/** Each state has a shape of its own, so that colour is never the only sign. */
export function stateIcon(status: Status, tone: Tone): Html {
  switch (status) {
    case 'open':
      return icon('vote')
    case 'approved':
    case 'scheduled':
      return icon('clock')
    case 'rolling out':
    case 'verifying':
      return icon('run')
    case 'paused':
      return icon('pause')
    case 'halted':
      return icon('halt')
    case 'completed':
      return icon(tone === 'good' ? 'ok' : 'warn')
    case 'rejected':
    case 'expired':
    case 'withdrawn':
    case 'superseded':
      return icon('no')
  }
}
