/** Records the rights from the configuration when the service starts, and tells the channels what has changed. */

import type { ChatPlatform } from '../chat/platform.ts'
import { rightsTold } from '../chat/rights-told.ts'
import { contentOf, type HashedContent } from '../core/content.ts'
import { configurationDifferences, type RecordedConfiguration, teamChanges } from '../core/record/configuration.ts'
import { named } from '../core/record/differences.ts'
import type { Beside } from '../core/record/entry.ts'
import { storable } from '../core/storable.ts'
import type { Db, Tx } from '../store/connection.ts'
import { nameContents, prepareContents } from '../store/content.ts'
import { putMessages } from '../store/outbox.ts'
import { type KnownPerson, knowPersons, readRegister } from '../store/persons.ts'
import { lockLastLoaded, readConfiguration, recordLoaded } from '../store/rights.ts'
import { inTransaction } from '../store/transaction.ts'

export interface Loaded {
  /** All people of the configuration, with their present names. */
  readonly people: readonly KnownPerson[]
  /** The configuration in the form for the record. */
  readonly configuration: (pseudonymOf: (person: string) => string) => RecordedConfiguration
  /** Who started the service, where, and with which file. */
  readonly beside: Beside
  readonly platforms: readonly Pick<ChatPlatform, 'name'>[]
  /** ISO 8601 UTC. */
  readonly now: string
}

/**
 * Records the configuration if it differs from the last one. If several processes start together, one of them does it.
 */
export async function noteRights(db: Db, { people, configuration, beside, platforms, now }: Loaded): Promise<void> {
  await knowPersons(db, people, now)
  const value = configuration((await readRegister(db)).pseudonymOf)
  const content = contentOf('configuration', value)
  await prepareContents(db, [content], now)
  await inTransaction(db, noteLoaded, { content, beside, platforms: platforms.map(({ name }) => name), now })
}

interface LoadedGiven extends Pick<Loaded, 'beside' | 'now'> {
  readonly content: HashedContent
  /** Names of the platforms whose channels are told. */
  readonly platforms: readonly string[]
}

async function noteLoaded(tx: Tx, { content, beside, platforms, now }: LoadedGiven): Promise<void> {
  const last = await lockLastLoaded(tx)
  if (last === content.hash) return
  const after = JSON.parse(content.text) as RecordedConfiguration
  const before = last === null ? null : ((await readConfiguration(tx, last)) as RecordedConfiguration | null)
  await nameContents(tx, [content.hash], { contents: [content], now })
  const changed = before === null ? {} : named(configurationDifferences(before, after))
  await recordLoaded(tx, { at: now, facts: { configuration: content.hash, ...changed }, beside })
  if (before !== null) await tellTeams(tx, { before, after, platforms, now })
}

interface Telling extends Pick<LoadedGiven, 'platforms' | 'now'> {
  readonly before: RecordedConfiguration
  readonly after: RecordedConfiguration
}

async function tellTeams(tx: Tx, { before, after, platforms, now }: Telling): Promise<void> {
  const { personOf } = await readRegister(tx)
  const nameOf = (pseudonym: string) => personOf(pseudonym).name
  const messages = teamChanges(before, after).flatMap((change) => {
    const channel = after.teams?.[change.team]?.channel ?? change.team
    const entry = rightsTold(change, { nameOf, channel })
    return platforms.map((platform) => ({ platform, channel, proposal: null, at: now, entry }))
  })
  await putMessages(tx, storable(messages))
}
