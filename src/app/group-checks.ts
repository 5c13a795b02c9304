import { isRota } from '../config/group-settings.ts'
import type { Config } from '../config/schema.ts'
import { errorText } from '../core/error-text.ts'
import { firstNames } from '../core/first-names.ts'
import type { PeopleSource } from '../core/ports.ts'
import { placeNames } from '../integrations/on-call/people-named.ts'
import type { GroupReader } from '../workflow/directory.ts'
import { buildPeople } from './people.ts'

interface Seen {
  readonly ok: boolean
  readonly what: string
}

/** A check for each group that another system keeps. */
export interface GroupCheck {
  readonly name: string
  readonly check: (signal: AbortSignal) => Promise<Seen>
}

/**
 * Asks each system who is in the group now, and whom it names in the coming weeks. Without `readers`, groups of chat
 * platforms are left out, because they can only be asked over a connection.
 */
export function groupChecks(
  config: Config,
  onCall: ReadonlyMap<string, PeopleSource>,
  readers: readonly GroupReader[] = [],
): readonly GroupCheck[] {
  return Object.entries(config.groups).flatMap(([name, group]) => {
    if (isRota(group)) return []
    const source = onCall.get(name)
    const reader = readers.find((one) => one.name === name)
    const ask = source ? (signal: AbortSignal) => askSource(source, config, signal) : reader && inGroup(reader, config)
    if (ask === undefined) return []
    return [
      {
        name,
        check: (signal: AbortSignal) => ask(signal).catch((error: unknown) => failed(error, config, name, signal)),
      },
    ]
  })
}

function failed(error: unknown, config: Config, name: string, signal: AbortSignal): Seen {
  signal.throwIfAborted()
  const group = config.groups[name]
  const held = group === undefined || isRota(group) ? [] : group.fallback
  const meanwhile =
    held.length > 0
      ? `${namesOf(held, config)} then ${held.length === 1 ? 'holds' : 'hold'} it, as its fallback.`
      : 'Then nobody holds it: give it a fallback.'
  return {
    ok: false,
    what: `${errorText(error).replace(/[.!]?$/, '.')} What it said last counts for a day. ${meanwhile}`,
  }
}

async function askSource(source: PeopleSource, config: Config, signal: AbortSignal): Promise<Seen> {
  const people = buildPeople(config)
  const now = placeNames(await source.names(signal), people)
  const ahead = (await source.upcoming?.(signal)) ?? { names: [], notes: [] }
  const vain = new Set([...now.vain, ...placeNames(ahead.names, people).vain])
  const lines = [
    ...[...vain].map((line) => `warning: ${source.describe} names somebody in vain: ${line}`),
    ...ahead.notes.map((note) => `warning: ${source.describe}: ${note}`),
  ]
  return seenOf(now.people, now.vain.length > 0, lines, config)
}

/** A group whose members are all unknown here holds no role, and that is not right. */
function seenOf(people: readonly string[], inVain: boolean, lines: readonly string[], config: Config): Seen {
  return { ok: people.length > 0 || !inVain, what: [presentLine(people, config), ...lines].join('\n') }
}

function inGroup(reader: GroupReader, config: Config) {
  return async (signal: AbortSignal): Promise<Seen> => {
    const { people, vain } = await reader.read(signal)
    return seenOf(
      people,
      vain.length > 0,
      vain.map((line) => `warning: ${line}`),
      config,
    )
  }
}

function presentLine(people: readonly string[], config: Config): string {
  return people.length === 0 ? 'nobody is in it now' : `${namesOf(people, config)} now`
}

function namesOf(ids: readonly string[], config: Config): string {
  return firstNames(ids.map((id) => config.people[id]?.name ?? id))
}
