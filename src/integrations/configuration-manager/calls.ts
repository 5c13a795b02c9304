/**
 * What can be asked to be changed in a site, and the form of the answers. The script that runs on the site server and the simulated site
 * speak this. Everything is read over the AdminService instead (`api.ts`). Instants are written as 20261125T020000Z.
 */

import { z } from 'zod'
import { instantOnWire } from '../windows-script/instants.ts'

export { ScriptProblem as SiteError } from '../windows-script/problem.ts'

const whole = z.int()
const nothing = z.object({})
const named = z.object({ id: z.string().min(1), name: z.string() })
const times = {
  /** When machines may know of it, and when they must install. */
  available: z.string(),
  deadline: z.string(),
  /** No machine is restarted for it. */
  suppress: z.boolean(),
}

const probe = z.object({
  /** Code of the site, and version of the module. */
  site: z.string(),
  module: z.string(),
  powershell: z.string(),
  edition: z.string(),
  /** Cmdlets that the script uses and that are not there, or lack a parameter. */
  missing: z.array(z.string()),
  /** The clock of the site server, and by how many minutes its local time is ahead of UTC. */
  clock: instantOnWire,
  offsetMinutes: whole,
})
export type SiteProbe = z.output<typeof probe>

/** The calls. What is made is found by its name first, so that the same call makes nothing twice. */
export const siteCalls = {
  /** What `check` wants to know of the site server. Changes nothing. */
  probe: { asks: nothing, answers: probe },
  /** Makes an empty collection of devices, or finds the one of that name. */
  'create-collection': { asks: z.object({ name: z.string(), limiting: z.string() }), answers: named },
  /** Makes an update group of exactly these updates, or finds the one of that name. */
  'create-group': {
    asks: z.object({ name: z.string(), updates: z.array(whole) }),
    answers: z.object({ id: whole, name: z.string() }),
  },
  /** Deploys a group to a collection, or finds the deployment of that name. */
  'create-deployment': {
    asks: z.object({
      ...{ name: z.string(), group: whole, collection: z.string(), ...times },
      /** Machines fetch the updates from Microsoft. */
      withoutPackage: z.boolean(),
      /** The licences were part of what was voted on. */
      acceptLicence: z.boolean(),
    }),
    answers: named,
  },
  /** Sets the times and restarts of a deployment of ours back, and enables it. */
  'set-deployment': { asks: z.object({ deployment: z.string(), name: z.string(), ...times }), answers: nothing },
  /** Adds machines by their ids, and has the collection evaluated. Those that are there already stay. */
  'add-members': { asks: z.object({ collection: z.string(), machines: z.array(whole) }), answers: nothing },
  /** It is no error if one is not there. */
  'remove-members': { asks: z.object({ collection: z.string(), machines: z.array(whole) }), answers: nothing },
  /** Removes rules that others added, by their names. */
  'remove-rules': {
    asks: z.object({
      collection: z.string(),
      rules: z.array(z.object({ kind: z.enum(['query', 'include']), name: z.string() })),
    }),
    answers: nothing,
  },
  /** They delete what has this id and this name. It is no error if it is gone. */
  'delete-deployment': {
    asks: z.object({ deployment: z.string(), name: z.string() }),
    answers: z.object({ deleted: z.boolean() }),
  },
  'delete-group': { asks: z.object({ group: whole, name: z.string() }), answers: z.object({ deleted: z.boolean() }) },
  'delete-collection': {
    asks: z.object({ collection: z.string(), name: z.string() }),
    answers: z.object({ deleted: z.boolean() }),
  },
} as const

export type SiteOp = keyof typeof siteCalls
export type Asked<Op extends SiteOp> = z.input<(typeof siteCalls)[Op]['asks']>
export type Answered<Op extends SiteOp> = z.output<(typeof siteCalls)[Op]['answers']>

/** Calls that change something. After one of them is lost, somebody must look. */
export const changes: ReadonlySet<string> = new Set(Object.keys(siteCalls).filter((op) => op !== 'probe'))

/** What changes a site, real or simulated. */
export interface Writer {
  /** One line for people: `CM01 over SSH`. */
  readonly describe: string
  /** Throws a `SiteError`. After one with `sent: true` nobody knows whether the site did it: look before it is sent again. */
  call<Op extends SiteOp>(op: Op, data: Asked<Op>, signal: AbortSignal): Promise<Answered<Op>>
}
