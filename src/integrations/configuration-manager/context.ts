/** What all parts of the engine share. */

import type { Api } from './api.ts'
import type { Writer } from './calls.ts'
import type { Known } from './known.ts'
import type { Notes } from './note.ts'

export interface Context {
  /** Name of the engine. */
  readonly name: string
  readonly api: Api
  /** `null`: nothing says how the site is to be changed. */
  readonly writer: Writer | null
  readonly known: Known
  readonly notes: Notes
  /** Stands in the name of each collection that is made. */
  readonly installation: string
  readonly mayDeploy: boolean
  /** Id of the collection that limits ours: no other machine can become a member. */
  readonly limiting: string
  /** Machines fetch updates from Microsoft, so no content is needed on distribution points. */
  readonly withoutPackage: boolean
  /** A client asks for its policy at least this often. */
  readonly contactSeconds: number
  /** So long after a change of its rules, the members of a collection follow. */
  readonly evaluatedWithinSeconds: number
  /** So many seconds stand for an hour: fewer than 3,600 in a simulation. */
  readonly hourSeconds: number
  readonly clock: () => Date
}

/** Why nothing can be started here as it is set up, as a sentence; `null`: it can. */
export function lastingProblem({
  mayDeploy,
  writer,
  api,
}: Pick<Context, 'mayDeploy' | 'writer' | 'api'>): string | null {
  if (!mayDeploy)
    return `The system of ${api.server} has "mode: read". Write "mode: deploy" once its inventory and proposals look right`
  if (writer === null)
    return `Nothing says how ${api.server} is to be changed: write the name of the site server, which is reached over SSH, as "host"`
  return null
}

/** What changes the site. Throws a sentence if nothing can be started. */
export function writerOf(context: Pick<Context, 'mayDeploy' | 'writer' | 'api'>): Writer {
  const problem = lastingProblem(context)
  if (problem !== null || context.writer === null) throw new Error(problem ?? '')
  return context.writer
}
