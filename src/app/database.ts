import { exampleDatabase } from '../config/default-config.ts'
import type { Environment } from '../config/environment.ts'
import type { Config } from '../config/schema.ts'
import { type CarriedOver, carryOver } from '../store/carry-over.ts'
import { type Database, type DatabaseOptions, lookAhead, openDatabase } from '../store/database.ts'
import { claimDatabase } from '../store/installation.ts'
import type { WorkflowLog } from '../workflow/log.ts'
import { createLog } from './log.ts'

/**
 * Opens the configured database. Proposals of earlier versions that still matter today are carried over before it
 * returns.
 */
export async function openConfigured(config: Config, environment: Environment, log: WorkflowLog): Promise<Database> {
  const database = await openDatabase(optionsOf(config, environment, log))
  await claimDatabase(database.db, config.example).catch(async (error: unknown) => {
    await database.close()
    throw error
  })
  tellCarried(await carryOver(database.db, 'live', new Date().toISOString()), log)
  return database
}

/** Finds out what the next start would do to the database, and changes nothing in it. */
export function lookAtDatabase(config: Config, environment: Environment) {
  return lookAhead(optionsOf(config, environment, createLog(environment.logLevel)))
}

function optionsOf(config: Config, environment: Environment, log: WorkflowLog): DatabaseOptions {
  return {
    url: environment.databaseUrl ?? undefined,
    dataDir: config.example ? exampleDatabase(config.dataDir) : `${config.dataDir}/postgres`,
    durable: true,
    log: log.info,
    warn: log.warn,
    withoutCopy: environment.upgradeWithoutCopy,
  }
}

export function tellCarried({ carried, problems }: CarriedOver, log: WorkflowLog): void {
  if (carried > 0) log.info(`${carried} proposals of an earlier version were carried over.`)
  for (const problem of problems) log.warn(problem)
}
