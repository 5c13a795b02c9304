/**
 * What can be asked of a WSUS server, and the form of its answers. The script that runs there, the simulated server and
 * the roles all speak this. One call at a time is made to a server.
 *
 * On the wire an instant is written as 20261125T020000Z, because some versions of PowerShell turn ISO 8601 text into
 * dates of their own. Here it is ISO 8601 UTC. `null` stands for what the server writes as its lowest or highest date.
 */

import { z } from 'zod'
import { instantOnWire as instant } from '../windows-script/instants.ts'

export { wireInstantOf } from '../windows-script/instants.ts'
export { ScriptProblem as WsusError } from '../windows-script/problem.ts'

const id = z.string().regex(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/)
const whole = z.int()

/** The two groups that every server has. */
export const ALL_COMPUTERS = 'a0a08746-4dbe-4a37-9adf-9e7652c0b421'
export const UNASSIGNED_COMPUTERS = 'b73ca6ed-5727-47f3-84de-015e03f6a88a'

/** What a machine last reported about an update. The names are those of the server's own enumeration. */
export const installationStates = [
  'Unknown',
  'NotApplicable',
  'NotInstalled',
  'Downloaded',
  'Installed',
  'Failed',
  'InstalledPendingReboot',
] as const
export type InstallationState = (typeof installationStates)[number]

const action = z.enum(['Install', 'Uninstall', 'NotApproved'])

const machine = z.object({
  id: z.string().min(1).max(200),
  /** Domain and name, as the machine gave them. */
  name: z.string(),
  address: z.string().nullable(),
  os: z.string(),
  /** All four numbers of the version of Windows, as far as the server knows them: `10.0.20348.2340`. */
  version: z.string().nullable(),
  architecture: z.string(),
  role: z.enum(['Unknown', 'Workstation', 'Server']),
  /** When it last asked the server. It says nothing about its updates. */
  contactedAt: instant.nullable(),
  /** When it last said what it has. `null`: never. */
  reportedAt: instant.nullable(),
  groups: z.array(id),
  /** True: it reports to a server below this one. */
  downstream: z.boolean(),
})
export type WsusMachine = z.output<typeof machine>

const behaviour = z.object({
  supported: z.boolean(),
  reboot: z.enum(['NeverReboots', 'AlwaysRequiresReboot', 'CanRequestReboot']),
  asksUser: z.boolean(),
})

const update = z.object({
  id,
  revision: whole,
  title: z.string(),
  /** Digits only. */
  kbs: z.array(z.string()),
  severity: z.enum(['Unspecified', 'Low', 'Moderate', 'Important', 'Critical']),
  classification: z.string(),
  products: z.array(z.string()),
  kind: z.enum(['Software', 'Driver', 'SoftwareApplication']),
  /** When the vendor released this revision, and when it reached this server. */
  releasedAt: instant.nullable(),
  arrivedAt: instant.nullable(),
  expired: z.boolean(),
  declined: z.boolean(),
  superseded: z.boolean(),
  /** Ids of the updates that this one supersedes, as far as the server knows them. */
  supersedes: z.array(id),
  install: behaviour,
  uninstall: behaviour,
  /** The licence is not accepted yet, and installing needs it. */
  licence: z.object({ required: z.boolean(), title: z.string().nullable() }),
  /** State of the content on the server: `Ready`, `NotReady`, `Failed` and others of its enumeration. */
  content: z.string(),
  local: z.boolean(),
})
export type WsusUpdate = z.output<typeof update>

const approval = z.object({
  id,
  update: id,
  revision: whole,
  group: id,
  action,
  /** `null`: none. */
  deadline: instant.nullable(),
  createdAt: instant.nullable(),
  by: z.string(),
  /** `Pending`: the server still fetches the content. */
  state: z.enum(['Pending', 'Active']),
  optional: z.boolean(),
})
export type WsusApproval = z.output<typeof approval>

/** One update on one machine: what it last reported, and the approval that counts for it. */
const installation = z.object({
  machine: z.string(),
  update: id,
  state: z.enum(installationStates),
  action: z.enum(['Install', 'Uninstall', 'NotApproved', 'All']),
  group: id,
})
export type WsusInstallation = z.output<typeof installation>

const group = z.object({ id, name: z.string(), parent: id.nullable() })
export type WsusGroup = z.output<typeof group>

const event = z.object({
  machine: z.string(),
  update: id,
  at: instant,
  status: z.string(),
  error: z.boolean(),
  code: whole.nullable(),
  message: z.string(),
})
export type WsusEvent = z.output<typeof event>

/** How the machines of a server ask and report, as numbers of them. */
const rhythm = z.object({
  all: whole,
  askedIn22Hours: whole,
  askedIn26Hours: whole,
  askedNotIn30Days: whole,
  reportedIn48Hours: whole,
  /** They asked within 26 hours, and their last report is older than 48. */
  askedAndDidNotReport: whole,
  neverReported: whole,
  /** All four numbers of their version of Windows are known. */
  withBuild: whole,
  /** Their id is a GUID. */
  withGuid: whole,
  namedTwice: whole,
  /** What the API says of the kind of its instants: Unspecified, Utc or Local; empty: no machine has one. */
  instants: z.string(),
})

export type WsusRhythm = z.output<typeof rhythm>

const openFacts = z.object({
  /** Version of the assembly. */
  api: z.string().nullable(),
  members: z.array(z.string()),
  /** The two built-in groups have the ids that are known here. */
  builtInGroups: z.boolean().nullable(),
  machines: rhythm.nullable(),
  /** Rows whose name changed lately, as of machines that were copied. */
  renamed: whole.nullable(),
  downstreamServers: whole.nullable(),
  /** A new revision takes over the approval of the one before. */
  refreshesApprovals: z.boolean().nullable(),
  staleApprovals: whole.nullable(),
  otherPublishers: whole.nullable(),
  synchronising: z.string().nullable(),
  /** Updates with two deadlines; and of machines in both groups, for how many the earlier or the later one counts. */
  twoDeadlines: z.object({ updates: whole, earlier: whole, later: whole }).nullable(),
})
export type WsusOpenFacts = z.output<typeof openFacts>

const probe = z.object({
  server: z.string(),
  version: z.string(),
  role: z.enum(['Unauthorized', 'Reporter', 'Administrator']),
  replica: z.boolean(),
  /** `Client`: a policy decides which groups a machine is in, and the server cannot change that. */
  targeting: z.enum(['Client', 'Server']),
  machines: whole,
  updates: whole.nullable(),
  synchronised: z
    .object({ result: z.string(), startedAt: instant.nullable(), endedAt: instant.nullable(), error: z.string() })
    .nullable(),
  nextSynchronisation: instant.nullable(),
  /** Rules that approve updates without a vote. */
  automatic: z.array(z.object({ name: z.string(), enabled: z.boolean(), groups: z.array(z.string()) })),
  /** Approvals for installation that stand now; 0 is a sign of a Configuration Manager update point. */
  approvals: whole.nullable(),
  languages: z.array(z.string()),
  culture: z.string(),
  powershell: z.string(),
  edition: z.string(),
  bits64: z.boolean(),
  codePage: whole,
  executionPolicy: z.array(z.object({ scope: z.string(), policy: z.string() })),
  /** The server's clock. */
  clock: instant,
  /** What documentation leaves open and this server tells. `null`: it was not asked. */
  open: openFacts.nullable().optional(),
  /** What could not be read, with the type of the error; the fields above then hold nothing or `null`. */
  unknown: z.array(z.string()).optional(),
})
export type WsusProbe = z.output<typeof probe>

const nothing = z.object({})
const span = z.object({ from: z.string().nullable(), to: z.string().nullable() })

/**
 * The calls. Instants in what is asked are made with `wireInstantOf`. Both ends of a span count, the last with its whole
 * second; a span of machines without a beginning holds those that never reported. Lists may be cut: then `truncated` of the envelope
 * is true, and the caller asks again with a shorter span.
 */
export const wsusCalls = {
  /**
   * Everything that `check` wants to know. Reads only. `brief`: without the numbers of updates and approvals, which a
   * large server counts for long.
   */
  probe: { asks: z.object({ brief: z.boolean().optional() }), answers: probe },
  groups: { asks: nothing, answers: z.array(group) },
  /** Machines that reported in the span, or all. `ids`: only these. */
  machines: { asks: span.extend({ ids: z.array(z.string()).optional() }), answers: z.array(machine) },
  /** Members of one group, without those of its children. */
  members: { asks: z.object({ group: id }), answers: z.array(z.object({ id: z.string(), name: z.string() })) },
  /** Updates that arrived in the span. `ids`: only these, whenever they arrived. */
  updates: { asks: span.extend({ ids: z.array(id).optional() }), answers: z.array(update) },
  /** What machines said of updates, without `NotApplicable`. `updates`: only these; left out: all. */
  installations: {
    asks: z.object({ machines: z.array(z.string()), updates: z.array(id).optional() }),
    answers: z.array(installation),
  },
  /** Approvals of these groups and updates; `null`: of all. */
  approvals: {
    asks: z.object({ groups: z.array(id).nullable(), updates: z.array(id).nullable() }),
    answers: z.array(approval),
  },
  /** What happened to an update on a machine, newest first. */
  events: { asks: span.extend({ machine: z.string(), updates: z.array(id) }), answers: z.array(event) },
  /** Makes a group under All Computers, or finds the one of that name. */
  'create-group': { asks: z.object({ name: z.string() }), answers: group },
  /** Deletes a group of ours. It is no error if it is gone. */
  'delete-group': { asks: z.object({ group: id, name: z.string() }), answers: z.object({ deleted: z.boolean() }) },
  'add-member': { asks: z.object({ group: id, machine: z.string() }), answers: nothing },
  /** It is no error if the machine is not a member. */
  'remove-member': { asks: z.object({ group: id, machine: z.string() }), answers: nothing },
  /** Approves the latest revision for one group, replacing what was approved for it. `deadline`: `null` for none. */
  approve: { asks: z.object({ update: id, group: id, action, deadline: z.string().nullable() }), answers: approval },
  /**
   * Takes one approval away, by its id: one that somebody made in its place stays. What is approved for groups above then
   * counts again. It is no error if it is gone.
   */
  'delete-approval': {
    asks: z.object({ approval: id, update: id, group: id }),
    answers: z.object({ deleted: z.boolean() }),
  },
  /** Accepts the licence of an update. */
  'accept-licence': { asks: z.object({ update: id }), answers: nothing },
  decline: { asks: z.object({ update: id }), answers: z.object({ declined: z.boolean() }) },
} as const

export type WsusOp = keyof typeof wsusCalls
export type Asked<Op extends WsusOp> = z.input<(typeof wsusCalls)[Op]['asks']>
export type Answered<Op extends WsusOp> = z.output<(typeof wsusCalls)[Op]['answers']>

/** Calls that change something. After one of them is lost, somebody must look. */
export const changes: ReadonlySet<WsusOp> = new Set([
  'create-group',
  'delete-group',
  'add-member',
  'remove-member',
  'approve',
  'delete-approval',
  'accept-licence',
  'decline',
])

export interface WsusAnswer<Op extends WsusOp> {
  readonly data: Answered<Op>
  /** True: the list was cut, so more exists than `data` holds. */
  readonly truncated: boolean
}

/** A WSUS server, real or simulated. */
export interface WsusServer {
  /** One line for people: `WSUS01 over SSH`. */
  readonly describe: string
  /**
   * Makes one call. Throws a `WsusError` with a sentence. After an error with `sent: true` nobody knows whether the
   * server did it: look before it is sent again.
   */
  call<Op extends WsusOp>(op: Op, data: Asked<Op>, signal: AbortSignal): Promise<WsusAnswer<Op>>
}
