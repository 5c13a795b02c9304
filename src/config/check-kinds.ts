import { type AnyRole, type EntryNotes, type Kind, type Reference, roleOf } from './kind.ts'
import { type RoleName, sectionOf } from './kind-settings.ts'
import { named } from './named.ts'
import type { Notes } from './notes.ts'
import type { EntryConfig, Settings } from './schema.ts'

const roles: readonly RoleName[] = ['inventory', 'feed', 'engine', 'metrics', 'load', 'silence']

/** Runs the checks of each kind on its entries, and of each engine on the sources that name it. */
export function checkKinds(settings: Settings, kinds: readonly Kind[], notes: Notes): void {
  for (const [role, name, entry] of entriesOfKinds(settings)) {
    const path = [sectionOf[role], name]
    const own: EntryNotes = { problem: (within, ...said) => notes.problem([...path, ...within], ...said) }
    const { check }: AnyRole = roleOf(kinds, role, entry)
    check?.(entry, { name, settings }, own)
  }
  for (const [name, source] of Object.entries(settings.sources)) {
    const engine = named(settings.engines, source.engine)
    const obstacle = engine === null ? null : roleOf(kinds, 'engine', engine).obstacle?.(engine, source)
    if (obstacle) notes.problem(['sources', name, 'engine'], obstacle.what, obstacle.mend)
  }
}

/** Names that entries take from elsewhere in the file, with their whole paths. */
export function referencesOfKinds(settings: Settings, kinds: readonly Kind[]): readonly Reference[] {
  return [...entriesOfKinds(settings)].flatMap(([role, name, entry]) => {
    const { refersTo }: AnyRole = roleOf(kinds, role, entry)
    const within = refersTo?.(entry) ?? []
    return within.map((reference) => ({ ...reference, path: [sectionOf[role], name, ...reference.path] }))
  })
}

function* entriesOfKinds(settings: Settings): Generator<readonly [RoleName, string, EntryConfig]> {
  for (const role of roles)
    for (const [name, entry] of Object.entries(settings[sectionOf[role]])) yield [role, name, entry]
}
