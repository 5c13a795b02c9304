import { recordedConfiguration } from '../config/recorded.ts'
import type { Config } from '../config/schema.ts'
import type { Database } from '../store/database.ts'
import { noteConfigured } from '../store/people.ts'
import { configuredAccountsOf } from '../workflow/accounts.ts'
import type { WorkflowParts } from '../workflow/ports.ts'
import { noteRights } from '../workflow/rights.ts'
import { buildPeople } from './people.ts'

/** The parts of the service that are needed to record its configuration. */
interface Configured {
  readonly config: Config
  readonly database: Pick<Database, 'db'>
  readonly parts: Pick<WorkflowParts, 'platforms'>
}

/**
 * Records the people of the configuration, their accounts and the settings that give rights, if they have changed since
 * the last start. Only the service does this, because a command may be given another file. `user`: the user of the
 * operating system.
 */
export async function noteConfiguration(
  { config, database, parts }: Configured,
  { user, host }: { readonly user: string; readonly host: string },
): Promise<void> {
  const now = new Date().toISOString()
  const people = buildPeople(config)
  await noteRights(database.db, {
    people,
    configuration: (pseudonymOf) => recordedConfiguration(config, pseudonymOf),
    beside: {
      user,
      host,
      file: config.file,
      freezes: config.freezes.flatMap((one) => ('name' in one ? one.name : [])),
    },
    platforms: parts.platforms,
    now,
  })
  await noteConfigured(database.db, configuredAccountsOf(people), now)
}
