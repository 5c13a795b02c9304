/** What the classes of the AdminService hold, as far as it is used. */

import { z } from 'zod'
import { count, id, instant, name, text, texts, yes } from './rows.ts'

export interface Machine {
  /** ResourceID. A machine that was installed anew gets another one. */
  readonly id: number
  /** With its domain, as far as that is known. */
  readonly name: string
  readonly address: string | null
  /** `Microsoft Windows Server 2022 Standard`, from its inventory; before that only a rough name. */
  readonly os: string
  /** `10.0.20348.2340`; the fourth number is not always known. */
  readonly version: string | null
  readonly hasClient: boolean
  /** The record of a machine that is gone or was installed anew. */
  readonly isObsolete: boolean
}

export const systemRow = z.object({
  resourceid: id,
  name,
  resourcenames: texts,
  operatingsystemnameandversion: text,
  ipaddresses: texts,
  client: yes,
  obsolete: yes,
  decommissioned: yes,
  build: text,
  buildext: text,
})
export const osRow = z.object({ resourceid: id, caption: text, version: text })
export const contactRow = z.object({ resourceid: id, lastpolicyrequest: instant, lastactivetime: instant })

export const updateRow = z
  .object({
    ci_id: id,
    ci_uniqueid: text,
    articleid: text,
    localizeddisplayname: text,
    localizedcategoryinstancenames: texts,
    categoryinstance_uniqueids: texts,
    severity: count,
    dateposted: instant,
    daterevised: instant,
    issuperseded: yes,
    isexpired: yes,
    iscontentprovisioned: yes,
    nummissing: count,
    numpresent: count,
    maxexecutiontime: count,
    eulaexists: yes,
    eulaaccepted: yes,
  })
  .transform((row) => ({
    id: row.ci_id,
    /** The id of the update at Microsoft, which WSUS has, too. */
    unique: row.ci_uniqueid ?? String(row.ci_id),
    /** Digits; `null`: it has none. */
    kb: /^\d{6,8}$/.test(row.articleid ?? '') ? row.articleid : null,
    title: row.localizeddisplayname ?? '',
    /** Classification and products, in the language of the site. */
    categories: row.localizedcategoryinstancenames,
    categoryIds: row.categoryinstance_uniqueids,
    severity: row.severity,
    releasedAt: row.dateposted,
    revisedAt: row.daterevised,
    superseded: row.issuperseded,
    expired: row.isexpired,
    provisioned: row.iscontentprovisioned,
    /** So many machines, as summarised within the last hour. */
    missing: row.nummissing ?? 0,
    present: row.numpresent ?? 0,
    /** Machines give up on it after so many minutes, and do not begin it in a window that has fewer left. */
    longestMinutes: row.maxexecutiontime ?? DEFAULT_MINUTES,
    licence: row.eulaexists && !row.eulaaccepted,
  }))
/** What Configuration Manager writes where the update says nothing. */
const DEFAULT_MINUTES = 60
export type Update = z.output<typeof updateRow>

export const relationRow = z.object({ fromciid: id, tociid: id })

/** What a machine last said of an update. */
export interface StateRow {
  readonly machine: number
  readonly update: number
  readonly status: 'unknown' | 'not required' | 'missing' | 'installed'
  /** When its scan said so; `null`: never. */
  readonly checkedAt: string | null
  readonly changedAt: string | null
  /** What its client last told of installing it (state messages of topic 402); `null`: nothing. */
  readonly enforcement: number | null
  readonly enforcedAt: string | null
}
export const stateRow = z
  .object({
    ci_id: id,
    // Not ResourceID, as in the other classes.
    machineid: id,
    status: count,
    laststatuschecktime: instant,
    laststatuschangetime: instant,
    lastenforcementmessageid: count,
    lastenforcementmessagetime: instant,
  })
  .transform(
    (row): StateRow => ({
      machine: row.machineid,
      update: row.ci_id,
      status: STATUSES[row.status ?? 0] ?? 'unknown',
      checkedAt: row.laststatuschecktime,
      changedAt: row.laststatuschangetime,
      enforcement: row.lastenforcementmessageid || null,
      enforcedAt: row.lastenforcementmessagetime,
    }),
  )
const STATUSES = ['unknown', 'not required', 'missing', 'installed'] as const

export const collectionRow = z
  .object({ collectionid: name, name, comment: text, currentstatus: count })
  .transform((row) => ({ id: row.collectionid, name: row.name, isReady: row.currentstatus === 1 }))
export type Collection = z.output<typeof collectionRow>

/** What makes machines members of a collection. */
export type Rule =
  | { readonly kind: 'direct'; readonly name: string; readonly machine: number }
  | { readonly kind: 'query' | 'include' | 'other'; readonly name: string }

export const ruleRow = z
  .object({
    rulename: text,
    resourceid: z.coerce.number().nullish().catch(null),
    queryexpression: text,
    includecollectionid: text,
  })
  .transform((row): Rule => {
    const named = { name: row.rulename ?? '' }
    if (row.resourceid) return { kind: 'direct', ...named, machine: row.resourceid }
    if (row.queryexpression !== null) return { kind: 'query', ...named }
    return { kind: row.includecollectionid === null ? 'other' : 'include', ...named }
  })

export const memberRow = z.object({ resourceid: id, name: text })

export const groupRow = z
  .object({ ci_id: id, localizeddisplayname: text })
  .transform((row) => ({ id: row.ci_id, name: row.localizeddisplayname ?? '' }))
/** A software update group. */
export type Group = z.output<typeof groupRow>

export const deploymentRow = z
  .object({
    assignmentid: id,
    assignmentname: text,
    assignmentuniqueid: text,
    assignedupdategroup: z.coerce.number().nullish().catch(null),
    targetcollectionid: text,
    enabled: yes,
    starttime: instant,
    enforcementdeadline: instant,
    usegmttimes: yes,
    suppressreboot: count,
    overrideservicewindows: yes,
    rebootoutsideofservicewindows: yes,
  })
  .transform((row) => ({
    id: row.assignmentid,
    name: row.assignmentname ?? '',
    unique: row.assignmentuniqueid ?? '',
    /** CI_ID of its update group. */
    group: row.assignedupdategroup ?? null,
    collection: row.targetcollectionid ?? '',
    enabled: row.enabled,
    availableAt: row.starttime,
    /** `null`: nothing is installed by itself. */
    deadline: row.enforcementdeadline,
    isUtc: row.usegmttimes,
    /** Bit 0: restarts of workstations are suppressed; bit 1: of servers. */
    suppressed: row.suppressreboot ?? 0,
    /** It installs, or restarts, outside of maintenance windows. */
    ignoresWindows: row.overrideservicewindows || row.rebootoutsideofservicewindows,
  }))
export type Deployment = z.output<typeof deploymentRow>

export const detailRow = z
  .object({
    resourceid: id,
    statustype: count,
    statusenforcementstate: count,
    statuserrorcode: count,
    statustime: instant,
    lastenforcementerrorcode: count,
  })
  .transform((row) => ({
    machine: row.resourceid,
    /** Topic 301 of state messages: 1 installs, 4 done, 5 waits for a restart, 6 failed, and so on. */
    state: row.statusenforcementstate,
    isError: row.statustype === 5,
    error: row.lastenforcementerrorcode || row.statuserrorcode || null,
    /** When the machine said so. */
    at: row.statustime,
  }))
/** How far a machine is with a deployment. */
export type Detail = z.output<typeof detailRow>

export const ruleOfSite = z.object({ name: text, collectionid: text, autodeploymentenabled: yes }).transform((row) => ({
  name: row.name ?? '',
  collection: row.collectionid ?? '',
  enabled: row.autodeploymentenabled,
}))
/** An automatic deployment rule. */
export type AutomaticRule = z.output<typeof ruleOfSite>

export const serviceWindowRow = z
  .object({
    name: text,
    isenabled: yes,
    isgmt: yes,
    duration: count,
    servicewindowtype: count,
    servicewindowschedules: text,
  })
  .transform((row) => ({
    name: row.name ?? '',
    isEnabled: row.isenabled,
    isUtc: row.isgmt,
    minutes: row.duration ?? 0,
    /** 1: for everything; 4: for software updates; 5: for task sequences. */
    type: row.servicewindowtype ?? 1,
    schedule: row.servicewindowschedules ?? '',
  }))
/** A maintenance window of a collection. */
export type ServiceWindow = z.output<typeof serviceWindowRow>

export function machineOf(row: z.output<typeof systemRow>, os: z.output<typeof osRow> | undefined): Machine {
  const full = row.resourcenames.find((one) => one.includes('.'))
  return {
    id: row.resourceid,
    name: full ?? row.name,
    address: row.ipaddresses.find((one) => one.includes('.')) ?? row.ipaddresses[0] ?? null,
    os: os?.caption ?? row.operatingsystemnameandversion ?? '',
    // Its inventory of hardware says three numbers, and is read once a week; its heartbeat says four, once a day.
    version: row.buildext ?? os?.version ?? row.build,
    hasClient: row.client,
    isObsolete: row.obsolete || row.decommissioned,
  }
}
