import type { Person } from '../../chat/desk.ts'
import type { FleetCoverage } from '../../core/coverage.ts'
import type { Member } from '../../core/policy.ts'
import type { TeamCounts } from '../../store/asset-pages.ts'
import type { Db } from '../../store/connection.ts'
import type { UnmanagedCounts } from '../../store/unmanaged.ts'
import type { WorkflowParts } from '../../workflow/ports.ts'
import type { WatchedConnection } from '../../workflow/watched-connection.ts'
import type { Workflow } from '../../workflow/workflow.ts'
import type { ConsolePort, Viewer } from '../console-port.ts'
import type { Kept } from '../kept-for.ts'
import type { SessionWatch } from '../session-watch.ts'

export interface People {
  readonly all: readonly { readonly id: string; readonly name: string; readonly timeZone: string | null }[]
  readonly timeZone: string
  /** Ids of the people who are operators in the configuration now. */
  readonly operators: () => readonly string[]
  /** True only in the labelled example, where operators may act as any of its people. */
  readonly example: boolean
}

export interface Channel {
  readonly id: string
  readonly title: string
  readonly teams: readonly string[]
}

export interface ConsoleParts {
  readonly db: Db
  readonly parts: WorkflowParts
  readonly workflow: Workflow
  readonly people: People
  readonly channels: readonly Channel[]
  readonly sources: readonly {
    readonly name: string
    readonly kind: 'inventory' | 'catalog' | 'engine'
    readonly describe: string
  }[]
  /** Connections to the chat platforms, by name, and to the database. */
  readonly connections?: readonly WatchedConnection[]
  readonly subscribe: ConsolePort['subscribe']
}

/** Everything that the console's answers are made from. */
export interface Backend {
  readonly service: ConsoleParts
  readonly assetCounts: () => Promise<Kept<ReadonlyMap<string, TeamCounts>>>
  /** Of all teams. */
  readonly coverage: () => Promise<Kept<FleetCoverage>>
  /** Of all teams. */
  readonly unmanaged: () => Promise<Kept<UnmanagedCounts>>
  readonly sessionWatch: SessionWatch
}

/** ISO 8601 UTC. */
export function nowOf({ service }: Backend): string {
  return service.parts.clock().toISOString()
}

export function personOf(viewer: Viewer): Person {
  return { kind: 'person', id: viewer.person, name: viewer.name, via: 'console', through: viewer.through }
}

/** The viewer as a member of a team. Without roles if the viewer does not belong to it. */
export function memberIn({ service }: Backend, team: string, viewer: Viewer): Member {
  const member = service.parts.teams.membersOf(team).find((item) => item.id === viewer.person)
  return member ?? { id: viewer.person, name: viewer.name, roles: [] }
}

/** For each person, their roles in all teams. */
export function allRoles({ service: { channels, parts } }: Backend): ReadonlyMap<string, readonly string[]> {
  const roles = new Map<string, Set<string>>()
  for (const team of new Set(channels.flatMap((channel) => channel.teams)))
    for (const { id, roles: held } of parts.teams.membersOf(team)) {
      const known = roles.get(id) ?? new Set<string>()
      roles.set(id, known)
      for (const role of held) known.add(role)
    }
  return new Map([...roles].map(([id, held]) => [id, [...held]]))
}
