import type { Command } from 'commander'
import { readEnvironment } from '../app/environment.ts'
import type { Service } from '../app/open.ts'
import { readAuthorities, trustAuthorities } from '../config/authorities.ts'
import type { Environment } from '../config/environment.ts'
import { describeProblem } from '../config/problem.ts'
import type { Config } from '../config/schema.ts'
import { loadConfig } from '../integrations/configuration.ts'
import { BadUse } from './failure.ts'

export interface Loaded {
  readonly config: Config
  readonly environment: Environment
  readonly warnings: readonly string[]
}

/** Reads the configuration and the environment. Throws `BadUse` with all problems. */
export function load(program: Command): Loaded {
  const environment = readEnvironment()
  if (!environment.ok) throw new BadUse(...environment.problems.map(describeProblem))
  const { config: file } = program.optsWithGlobals<{ config?: string }>()
  const certificates: string[] = []
  const loaded = loadConfig(file ?? null, environment.environment)
  if (!loaded.ok) throw new BadUse(...loaded.problems.map(describeProblem))
  for (const file of loaded.config.ca) {
    const read = readAuthorities(file)
    if (!read.ok) throw new BadUse(`ca: ${file} ${read.what}. ${read.fix}`)
    certificates.push(...read.certificates)
  }
  trustAuthorities(certificates)
  const warnings = [...environment.warnings, ...loaded.warnings].map(describeProblem)
  return { config: loaded.config, environment: environment.environment, warnings }
}

/** Opens the service for one command and closes it again. Other processes on the database do not notice. */
export async function withService<T>(program: Command, work: (service: Service) => Promise<T>): Promise<T> {
  const { config, environment } = load(program)
  // Loaded only here: this loads every chat platform and engine, and most commands need none.
  const { openService } = await import('../app/open.ts')
  const service = await openService(config, {
    ...environment,
    logLevel: environment.logLevel === 'info' ? 'warn' : environment.logLevel,
  })
  try {
    return await work(service)
  } finally {
    await service.close()
  }
}
