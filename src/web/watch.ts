import { rich, strong, time } from '../chat/rich-text.ts'
import { count } from '../chat/words.ts'
import type { WatchedTeam } from '../store/watched.ts'
import type { WatchView } from './console-port.ts'

/** The missing patches of a team's assets without an engine. They are shown, never proposed. */
export function watchView({ assets, names, patches, security, first, at }: WatchedTeam): WatchView {
  const all = names.join(', ')
  const named = assets === names.length && all.length <= 60 ? all : count(assets, 'watched server')
  return {
    title: `${named}: watched, never changed`,
    lead:
      patches === 0
        ? rich('Nothing is known to be pending here. Last change ', time(at, 'relative'), '.')
        : rich(
            strong(count(patches, 'patch', 'patches')),
            ` pending, ${security} of them security. Last change `,
            time(at, 'relative'),
            '.',
          ),
    rows: first.map(({ source, version, type, priority, cves, origins }) => ({
      patch: source,
      change: version,
      type,
      priority,
      tone: priority === 'immediate' ? 'urgent' : priority === 'out-of-cycle' ? 'warning' : 'neutral',
      note: cves.slice(0, 3).join(', ') || origins.slice(0, 1).join(''),
    })),
    hint: rich(
      patches > first.length ? `${patches - first.length} more are not shown. ` : '',
      'Nothing is installed here: the configuration names no engine for it. Add one to its source in patchwarden.yaml to propose and roll out its patches.',
    ),
  }
}
