/** What all parts of the engine share. */

import type { RebootRule } from '../../core/ports.ts'
import type { Api } from './api.ts'
import type { Known } from './known.ts'
import type { Notes } from './note.ts'

export interface Context {
  /** Name of the engine. */
  readonly name: string
  readonly api: Api
  readonly known: Known
  readonly notes: Notes
  /** Stands in the name of each group, scan template and scan that is made. */
  readonly installation: string
  readonly mayDeploy: boolean
  /** The deployment template by its name in the console, for each rule about restarts. */
  readonly templates: Readonly<Partial<Record<RebootRule, string>>>
  /** So long after it was asked for, a scan or deployment stands in the lists of the console. */
  readonly shownWithinSeconds: number
  /** So many seconds stand for an hour: fewer than 3,600 in a simulation. */
  readonly hourSeconds: number
  readonly clock: () => Date
}

/** Beginning of the names of all that installations of Patchwarden make. */
const OURS = 'Patchwarden ('

/** Beginning of the names of all that is made for one start, so that it is found by it. */
export function markOf({ installation }: Pick<Context, 'installation'>, key: string): string {
  if (!/^[A-Za-z0-9._-]{1,100}$/.test(key)) throw new Error(`"${key.slice(0, 120)}" cannot be the key of a start`)
  return `${OURS}${installation}) ${key} `
}

/** The key of the start for which something of this name was made; `null`: it is none of this installation. */
export function keyIn({ installation }: Pick<Context, 'installation'>, name: string | null): string | null {
  const mine = `${OURS}${installation}) `
  return name?.startsWith(mine) === true ? (name.slice(mine.length).split(' ')[0] ?? null) : null
}

/** What the name of a scan ends with that only looks at what was done. */
const LOOK = /^look\.\d+$/

export function lookName(context: Pick<Context, 'installation'>, key: string, count: number): string {
  return `${markOf(context, key)}look.${count}`
}

export function isLook(name: string | null): boolean {
  return LOOK.test(name?.split(' ').at(-1) ?? '')
}

/** Why nothing can be started here as it is set up, as a sentence; `null`: it can. */
export function lastingProblem({ mayDeploy, api }: Pick<Context, 'mayDeploy' | 'api'>): string | null {
  if (mayDeploy) return null
  return `The system of ${api.server} has "mode: read". Write "mode: deploy" once its inventory and proposals look right`
}
