/** What all parts of the engine share. */

import type { Asset } from '../../core/asset.ts'
import type { Api, Configuration } from './api.ts'
import type { Known } from './known.ts'
import type { Notes } from './note.ts'

/** A deployment policy of ManageEngine, as the operator says what it does. */
export interface PolicyRule {
  /** Its name there. */
  readonly name: string
  /** What it does about restarts. */
  readonly reboot: 'never' | 'if required'
}

export interface Context {
  /** Name of the engine. */
  readonly name: string
  readonly api: Api
  readonly known: Known
  readonly notes: Notes
  /** Stands in the name of each configuration that is made. */
  readonly installation: string
  readonly mayDeploy: boolean
  /** By the names of our windows. */
  readonly policies: Readonly<Record<string, PolicyRule>>
  /** The name of the window of an asset; `null`: its team has none. */
  readonly windowOf: (asset: Pick<Asset, 'id' | 'name' | 'team' | 'tags' | 'timeZone'>) => string | null
  /** An agent asks its server at least this often. */
  readonly contactSeconds: number
  /** So long after it was sent, a configuration stands in the server's list. */
  readonly shownWithinSeconds: number
  /** So many seconds stand for an hour: fewer than 3,600 in a simulation. */
  readonly hourSeconds: number
  readonly clock: () => Date
}

/** Whether its machines may still learn of it. */
export function isOpen({ status }: Pick<Configuration, 'status'>): boolean {
  return !/suspend|expired|draft/.test(status)
}

/** Why nothing can be started here as it is set up, as a sentence; `null`: it can. */
export function lastingProblem({ mayDeploy, api }: Pick<Context, 'mayDeploy' | 'api'>): string | null {
  if (mayDeploy) return null
  return `The system of ${api.server} has "mode: read". Write "mode: deploy" once its inventory and proposals look right`
}

/** What is lost where the server has only the older API. */
export const ONLY_LEGACY =
  'its API is the older one, which can neither suspend a configuration nor say which machines it has'
