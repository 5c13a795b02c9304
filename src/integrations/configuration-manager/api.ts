/** What is read of a site, over the AdminService (`/AdminService/wmi/CLASS`). */

import { z } from 'zod'
import { ApiProblem } from '../http/json-api.ts'
import { type Client, oneOf, type Query, quoted } from './client.ts'
import { ids, read, rowList } from './rows.ts'
import {
  type AutomaticRule,
  type Collection,
  collectionRow,
  contactRow,
  type Deployment,
  type Detail,
  deploymentRow,
  detailRow,
  type Group,
  groupRow,
  type Machine,
  machineOf,
  memberRow,
  osRow,
  type Rule,
  relationRow,
  ruleOfSite,
  ruleRow,
  type ServiceWindow,
  type StateRow,
  serviceWindowRow,
  stateRow,
  systemRow,
  type Update,
  updateRow,
} from './schema.ts'

/** Values that stand in one filter: web servers take addresses of 2,048 characters. */
const VALUES_AT_ONCE = 20

export interface Api {
  readonly server: string
  /** When the server says that it last answered, ISO 8601; `null`: it does not say. */
  clockThere(): string | null
  machines(ids: readonly number[] | null, signal: AbortSignal): Promise<readonly Machine[]>
  /** When machines last asked for their policy, by machine. Those that never did are left out. */
  contacts(ids: readonly number[] | null, signal: AbortSignal): Promise<ReadonlyMap<number, string>>
  /** Updates that some machine needs or has, or those of these ids. */
  updates(ids: readonly number[] | null, signal: AbortSignal): Promise<readonly Update[]>
  /** What supersedes what, of all or of these newer ones. */
  supersedence(
    newer: readonly number[] | null,
    signal: AbortSignal,
  ): Promise<readonly { readonly newer: number; readonly older: number }[]>
  /** What machines say that they need or have of these updates. */
  states(updates: readonly number[], signal: AbortSignal): Promise<readonly StateRow[]>
  /** What changed since, of these updates or of all. ISO 8601. */
  statesSince(since: string, updates: readonly number[] | null, signal: AbortSignal): Promise<readonly StateRow[]>
  /** All that is said of one update, of these machines or of all. */
  scans(update: number, machines: readonly number[] | null, signal: AbortSignal): Promise<readonly StateRow[]>
  /** Collections whose names begin so. */
  collections(prefix: string, signal: AbortSignal): Promise<readonly Collection[]>
  /** The rules of a collection; `null`: it is not there. */
  rules(collection: string, signal: AbortSignal): Promise<readonly Rule[] | null>
  /** Who is a member now. A change of the rules shows here some minutes later. */
  members(collection: string, signal: AbortSignal): Promise<ReadonlyMap<number, string>>
  /** Update groups whose names begin so. */
  groups(prefix: string, signal: AbortSignal): Promise<readonly Group[]>
  /** The updates of a group; `null`: it is not there. */
  updatesIn(group: number, signal: AbortSignal): Promise<readonly number[] | null>
  /** The groups that hold one of these updates. */
  groupsWith(updates: readonly number[], signal: AbortSignal): Promise<ReadonlySet<number>>
  /** All deployments of update groups. */
  deployments(signal: AbortSignal): Promise<readonly Deployment[]>
  details(deployment: number, signal: AbortSignal): Promise<readonly Detail[]>
  automaticRules(signal: AbortSignal): Promise<readonly AutomaticRule[]>
  /** Collections with maintenance windows. */
  collectionsWithWindows(signal: AbortSignal): Promise<readonly Collection[]>
  serviceWindows(collection: string, signal: AbortSignal): Promise<readonly ServiceWindow[]>
}

/** Asks for lists, and reads their rows. */
interface Reader {
  list<T>(className: string, schema: z.ZodType<T>, query: Query, signal: AbortSignal): Promise<readonly T[]>
  /** `sure`: fields that every version has. The others are left out where the site refuses them. */
  listWith<T>(
    className: string,
    schema: z.ZodType<T>,
    fields: { readonly sure: readonly string[]; readonly more: readonly string[] },
    filter: Pick<Query, 'filter'>,
    signal: AbortSignal,
  ): Promise<readonly T[]>
}

function createReader(client: Client): Reader {
  /** Classes that lack a field on this site. */
  const lacking = new Set<string>()

  const list: Reader['list'] = async (className, schema, query, signal) =>
    (await client.rows(className, query, signal)).map((row) => read(schema, className, row))

  return {
    list,
    async listWith(className, schema, { sure, more }, filter, signal) {
      if (lacking.has(className)) return list(className, schema, { ...filter, select: sure }, signal)
      try {
        return await list(className, schema, { ...filter, select: [...sure, ...more] }, signal)
      } catch (error) {
        if (!(error instanceof ApiProblem) || error.status !== 400) throw error
        const found = await list(className, schema, { ...filter, select: sure }, signal)
        lacking.add(className)
        return found
      }
    },
  }
}

/** The rows of these values of a field, or all. */
async function inParts<T>(
  field: string,
  values: readonly number[] | null,
  ask: (filter: string | null) => Promise<readonly T[]>,
): Promise<readonly T[]> {
  if (values === null) return ask(null)
  const found: T[] = []
  for (let at = 0; at < values.length; at += VALUES_AT_ONCE)
    for (const row of await ask(oneOf(field, values.slice(at, at + VALUES_AT_ONCE)))) found.push(row)
  return found
}

function only(filter: string | null): Pick<Query, 'filter'> {
  return filter === null ? {} : { filter }
}

function both(one: string, other: string | null): string {
  return other === null ? one : `${one} and ${other}`
}

export function createApi(client: Client): Api {
  const reader = createReader(client)
  const { server, clockThere } = client
  return {
    ...{ server, clockThere },
    ...machinesBy(reader),
    ...updatesBy(reader),
    ...statesBy(reader),
    ...collectionsBy(reader, client),
    ...deploymentsBy(reader, client),
  }
}

const SYSTEM_FIELDS = {
  sure: [
    ...['ResourceId', 'Name', 'ResourceNames', 'OperatingSystemNameandVersion', 'IPAddresses'],
    ...['Client', 'Obsolete', 'Decommissioned'],
  ],
  more: ['Build', 'BuildExt'],
}
const CONTACT_FIELDS = { sure: ['ResourceID', 'LastActiveTime'], more: ['LastPolicyRequest'] }

function machinesBy({ list, listWith }: Reader): Pick<Api, 'machines' | 'contacts'> {
  return {
    async machines(wanted, signal) {
      const systems = await inParts('ResourceId', wanted, (filter) =>
        listWith('SMS_R_System', systemRow, SYSTEM_FIELDS, only(filter), signal),
      )
      const select = ['ResourceID', 'Caption', 'Version']
      const found = await inParts('ResourceID', wanted, (filter) =>
        list('SMS_G_System_OPERATING_SYSTEM', osRow, { ...only(filter), select }, signal),
      )
      const os = new Map(found.map((row) => [row.resourceid, row]))
      return systems.map((row) => machineOf(row, os.get(row.resourceid)))
    },

    async contacts(wanted, signal) {
      const rows = await inParts('ResourceID', wanted, (filter) =>
        listWith('SMS_CombinedDeviceResources', contactRow, CONTACT_FIELDS, only(filter), signal),
      )
      const found = new Map<number, string>()
      for (const { resourceid, lastpolicyrequest, lastactivetime } of rows) {
        // It may have learned with any contact, so the later one counts.
        const [at] = [lastpolicyrequest ?? '', lastactivetime ?? ''].sort().reverse()
        if (at) found.set(resourceid, at)
      }
      return found
    },
  }
}

const IN_USE = 'IsExpired eq false and (NumMissing gt 0 or NumPresent gt 0)'
const UPDATE_FIELDS = [
  ...['CI_ID', 'CI_UniqueID', 'ArticleID', 'LocalizedDisplayName', 'LocalizedCategoryInstanceNames'],
  ...['CategoryInstance_UniqueIDs', 'Severity', 'DatePosted', 'DateRevised', 'IsSuperseded', 'IsExpired'],
  ...['IsContentProvisioned', 'NumMissing', 'NumPresent', 'MaxExecutionTime', 'EULAExists', 'EULAAccepted'],
]

function updatesBy({ list }: Reader): Pick<Api, 'updates' | 'supersedence'> {
  return {
    updates: (wanted, signal) =>
      inParts('CI_ID', wanted, (filter) =>
        list('SMS_SoftwareUpdate', updateRow, { filter: filter ?? IN_USE, select: UPDATE_FIELDS }, signal),
      ),

    async supersedence(newer, signal) {
      const select = ['FromCIID', 'ToCIID']
      const rows = await inParts('FromCIID', newer, (filter) =>
        list('SMS_CIRelation', relationRow, { filter: both('RelationType eq 6', filter), select }, signal),
      )
      return rows.map((row) => ({ newer: row.fromciid, older: row.tociid }))
    },
  }
}

const STATE_FIELDS = [
  ...['CI_ID', 'MachineID', 'Status', 'LastStatusCheckTime', 'LastStatusChangeTime'],
  ...['LastEnforcementMessageID', 'LastEnforcementMessageTime'],
]

function statesBy({ list }: Reader): Pick<Api, 'states' | 'statesSince' | 'scans'> {
  const states = (filter: string, signal: AbortSignal) =>
    list('SMS_UpdateComplianceStatus', stateRow, { filter, select: STATE_FIELDS }, signal)

  return {
    states: (updates, signal) =>
      inParts('CI_ID', updates, (filter) => states(both('(Status eq 2 or Status eq 3)', filter), signal)),

    statesSince(since, updates, signal) {
      // An installation that failed changes no state.
      const changed = `(LastStatusChangeTime ge ${since} or LastEnforcementMessageTime ge ${since})`
      return inParts('CI_ID', updates, (filter) => states(both(changed, filter), signal))
    },

    scans: (update, machines, signal) =>
      inParts('MachineID', machines, (filter) => states(both(`CI_ID eq ${update}`, filter), signal)),
  }
}

const COLLECTION_FIELDS = ['CollectionID', 'Name', 'CurrentStatus']

function collectionsBy(
  { list }: Reader,
  client: Client,
): Pick<Api, 'collections' | 'rules' | 'members' | 'collectionsWithWindows' | 'serviceWindows'> {
  const collections = (filter: string, signal: AbortSignal) =>
    list('SMS_Collection', collectionRow, { filter, select: COLLECTION_FIELDS }, signal)

  return {
    collections: (prefix, signal) => collections(`startswith(Name,${quoted(prefix)})`, signal),
    collectionsWithWindows: (signal) => collections('ServiceWindowsCount gt 0 and CollectionType eq 2', signal),

    async rules(collection, signal) {
      const found = await client.one('SMS_Collection', quoted(collection), signal)
      if (found === null) return null
      const { collectionrules } = read(z.object({ collectionrules: rowList }), 'SMS_Collection', found)
      return collectionrules.map((row) => read(ruleRow, 'CollectionRules', row))
    },

    async members(collection, signal) {
      const query = { filter: `CollectionID eq ${quoted(collection)}`, select: ['ResourceID', 'Name'] }
      const rows = await list('SMS_FullCollectionMembership', memberRow, query, signal)
      return new Map(rows.map((row) => [row.resourceid, row.name ?? String(row.resourceid)]))
    },

    async serviceWindows(collection, signal) {
      const found = await client.one('SMS_CollectionSettings', quoted(collection), signal)
      // A collection without settings has no such object.
      if (found === null) return []
      const { servicewindows } = read(z.object({ servicewindows: rowList }), 'SMS_CollectionSettings', found)
      return servicewindows.map((row) => read(serviceWindowRow, 'ServiceWindows', row))
    },
  }
}

function deploymentsBy(
  { list }: Reader,
  client: Client,
): Pick<Api, 'groups' | 'updatesIn' | 'groupsWith' | 'deployments' | 'details' | 'automaticRules'> {
  return {
    groups(prefix, signal) {
      const filter = `startswith(LocalizedDisplayName,${quoted(prefix)})`
      return list('SMS_AuthorizationList', groupRow, { filter, select: ['CI_ID', 'LocalizedDisplayName'] }, signal)
    },

    async updatesIn(group, signal) {
      const found = await client.one('SMS_AuthorizationList', String(group), signal)
      return found === null ? null : read(z.object({ updates: ids }), 'SMS_AuthorizationList', found).updates
    },

    async groupsWith(updates, signal) {
      const select = ['FromCIID', 'ToCIID']
      const rows = await inParts('ToCIID', updates, (filter) =>
        list('SMS_CIRelation', relationRow, { filter: both('RelationType eq 1', filter), select }, signal),
      )
      return new Set(rows.map(({ fromciid }) => fromciid))
    },

    deployments: (signal) => list('SMS_UpdateGroupAssignment', deploymentRow, {}, signal),
    details: (deployment, signal) =>
      list('SMS_SUMDeploymentAssetDetails', detailRow, { filter: `AssignmentID eq ${deployment}` }, signal),
    automaticRules: (signal) => list('SMS_AutoDeployment', ruleOfSite, {}, signal),
  }
}
