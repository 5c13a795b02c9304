import { errorText } from '../core/error-text.ts'
import { onDuty, type Rota } from '../core/rota.ts'
import { DAY_MS } from '../core/time/instant.ts'
import type { Db } from '../store/connection.ts'
import { forgetGroups, readGroups, saveGroup } from '../store/people.ts'
import type { WorkflowLog } from './log.ts'

/** A group that another system keeps. */
export interface GroupReader {
  readonly name: string
  /** Who is in the group now. Throws a sentence. */
  read(signal: AbortSignal): Promise<GroupMembers>
}

export interface GroupMembers {
  /** Ids of people, each once. */
  readonly people: readonly string[]
  /** A sentence for each member who is nobody that the configuration knows. */
  readonly vain: readonly string[]
}

export interface DirectoryParts {
  readonly db: Db
  readonly clock: () => Date
  readonly log: WorkflowLog
  readonly rotas: ReadonlyMap<string, Rota>
  /** Who is in a group while the other system does not answer. */
  readonly fallbacks: ReadonlyMap<string, readonly string[]>
}

export type Directory = ReturnType<typeof createDirectory>

/** An answer older than this gives nobody a role any more. */
const TRUSTED_MS = DAY_MS

/** Who is in each group now, from a rota or from the other system's last answer. */
export function createDirectory(parts: DirectoryParts) {
  let seen: ReadonlyMap<string, { readonly people: readonly string[]; readonly seenAt: string }> = new Map()
  let readers: readonly GroupReader[] = []
  const failing = new Set<string>()

  async function load(): Promise<void> {
    seen = new Map((await readGroups(parts.db)).map((group) => [group.name, group]))
  }

  async function readOne(reader: GroupReader, signal: AbortSignal): Promise<void> {
    try {
      const { people } = await reader.read(signal)
      await saveGroup(parts.db, { name: reader.name, people, seenAt: parts.clock().toISOString() })
      if (failing.delete(reader.name)) parts.log.info(`The group ${reader.name} can be read again.`)
    } catch (error) {
      if (signal.aborted || failing.has(reader.name)) return
      failing.add(reader.name)
      parts.log.warn(
        `The group ${reader.name} cannot be read: ${errorText(error)} Its last known members count for a day.`,
      )
    }
  }

  return {
    inGroup(name: string): readonly string[] {
      const rota = parts.rotas.get(name)
      if (rota) {
        const person = onDuty(rota, parts.clock().toISOString())
        return person === null ? [] : [person]
      }
      const known = seen.get(name)
      if (known && parts.clock().getTime() - Date.parse(known.seenAt) < TRUSTED_MS) return known.people
      return parts.fallbacks.get(name) ?? []
    },
    use(all: readonly GroupReader[]): void {
      readers = all
    },
    load,
    async refresh(signal: AbortSignal): Promise<void> {
      await Promise.all(readers.map((reader) => readOne(reader, signal)))
      const now = parts.clock()
      await forgetGroups(parts.db, new Date(now.getTime() - TRUSTED_MS).toISOString(), now.toISOString())
      await load()
    },
  }
}
