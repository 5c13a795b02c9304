import { rich, strong } from '../chat/rich-text.ts'
import { count } from '../chat/story.ts'
import type { Assessment } from '../core/assessment.ts'
import type { WatchView } from './console-port.ts'

const ROWS = 40

/** What is pending on the teams' assets that have no engine: shown, never proposed. `null` where there are none. */
export function watchView(assessment: Assessment, teams: readonly string[]): WatchView | null {
  const watched = assessment.assets.filter((entry) => teams.includes(entry.asset.team) && entry.asset.engine === null)
  if (watched.length === 0) return null
  const ids = new Set(watched.flatMap((entry) => entry.patches))
  const patches = assessment.patches.filter((patch) => ids.has(patch.id))
  const security = patches.filter((patch) => patch.type === 'security').length
  const names = watched.map((entry) => entry.asset.name).join(', ')
  return {
    title: `${names.length > 60 ? count(watched.length, 'watched asset') : names}: watched, never changed`,
    lead:
      patches.length === 0
        ? rich('Nothing is pending here, as far as its package manager knows.')
        : rich(strong(count(patches.length, 'patch', 'patches')), ` pending, ${security} of them security.`),
    rows: patches.slice(0, ROWS).map((patch) => ({
      patch: patch.source,
      change: patch.version,
      type: patch.type,
      priority: patch.priority,
      tone: patch.priority === 'immediate' ? 'urgent' : patch.priority === 'out-of-cycle' ? 'warning' : 'neutral',
      note: patch.cves.slice(0, 3).join(', ') || patch.origins.slice(0, 1).join(''),
    })),
    hint: rich(
      patches.length > ROWS ? `${patches.length - ROWS} more are not shown. ` : '',
      'Nothing is installed here: the configuration names no engine for it. Add one to its source in patchwarden.yaml to propose and roll out its patches.',
    ),
  }
}
