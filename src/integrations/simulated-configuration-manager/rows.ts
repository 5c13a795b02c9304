/** The classes of the simulated AdminService, as rows. */

import { allCollections, membersAt } from './members.ts'
import type { Row } from './odata.ts'
import type { SimulatedCollection, SiteState } from './state.ts'

/** What stands for "never". */
const NEVER = '1980-01-01T00:00:00Z'

const second = (at: string | null) => (at === null ? NEVER : `${at.slice(0, 19)}Z`)

/** `null`: there is no such class. `now`: ms. */
export function rowsOf(state: SiteState, className: string, now: number): readonly Row[] | null {
  const make = (classes as Readonly<Record<string, (state: SiteState, now: number) => readonly Row[]>>)[
    className.toLowerCase()
  ]
  return make === undefined ? null : make(state, now)
}

const classes = {
  sms_r_system: ({ machines }: SiteState): readonly Row[] =>
    machines.map((one) => ({
      ResourceId: one.id,
      Name: one.name.split('.')[0]?.toUpperCase(),
      ResourceNames: [one.name],
      OperatingSystemNameandVersion: 'Microsoft Windows NT Server 10.0',
      IPAddresses: one.address === null ? [] : [one.address],
      Client: one.hasClient ? 1 : 0,
      Obsolete: one.obsolete ? 1 : 0,
      Decommissioned: 0,
      SMSUniqueIdentifier: `GUID:${one.id}`,
      Build: one.version.split('.').slice(0, 3).join('.'),
      BuildExt: one.said?.version ?? one.version,
    })),

  sms_g_system_operating_system: ({ machines }: SiteState): readonly Row[] =>
    machines.map((one) => ({
      ResourceID: one.id,
      Caption: `Microsoft ${one.os}`,
      Version: one.version.split('.').slice(0, 3).join('.'),
    })),

  sms_combineddeviceresources: ({ machines }: SiteState): readonly Row[] =>
    machines.map((one) => ({
      ResourceID: one.id,
      Name: one.name,
      LastActiveTime: second(one.contactedAt),
      LastPolicyRequest: second(one.contactedAt),
    })),

  sms_softwareupdate: ({ updates, machines }: SiteState): readonly Row[] =>
    updates.map((one) => {
      const said = machines.flatMap((machine) => machine.said?.states[one.id]?.status ?? [])
      return {
        CI_ID: one.id,
        CI_UniqueID: one.unique,
        ArticleID: one.kb,
        BulletinID: 'None',
        LocalizedDisplayName: one.title,
        LocalizedCategoryInstanceNames: [one.classification, 'Windows Server'],
        CategoryInstance_UniqueIDs: [],
        Severity: one.severity,
        DatePosted: second(one.releasedAt),
        DateRevised: second(one.releasedAt),
        IsSuperseded: updates.some(({ supersedes, expired }) => !expired && supersedes.includes(one.id)),
        IsExpired: one.expired,
        IsContentProvisioned: one.provisioned,
        NumMissing: said.filter((status) => status === 2).length,
        NumPresent: said.filter((status) => status === 3).length,
        MaxExecutionTime: one.longestMinutes,
        EULAExists: one.licence,
        EULAAccepted: 0,
      }
    }),

  sms_cirelation: ({ updates, groups }: SiteState): readonly Row[] => [
    ...updates.flatMap(({ id, supersedes }) =>
      supersedes.map((older) => ({ FromCIID: id, ToCIID: older, RelationType: 6 })),
    ),
    ...groups.flatMap(({ id, updates: all }) =>
      all.map((update) => ({ FromCIID: id, ToCIID: update, RelationType: 1 })),
    ),
  ],

  /** Rows whose state is unknown are not there. */
  sms_updatecompliancestatus: ({ machines }: SiteState): readonly Row[] =>
    machines.flatMap(({ id, said, enforcement }) =>
      Object.entries(said?.states ?? {}).map(([update, { status, changedAt }]) => ({
        CI_ID: Number(update),
        MachineID: id,
        Status: status,
        LastStatusCheckTime: second(said?.at ?? null),
        LastStatusChangeTime: second(changedAt),
        LastEnforcementMessageID: enforcement[update]?.id ?? 0,
        LastEnforcementMessageTime: second(enforcement[update]?.at ?? null),
      })),
    ),

  sms_collection: (state: SiteState, now: number): readonly Row[] =>
    allCollections(state).map((one) => ({
      CollectionID: one.id,
      Name: one.name,
      Comment: '',
      CollectionType: 2,
      MemberCount: membersAt(state, one, now).length,
      CurrentStatus: 1,
      ServiceWindowsCount: one.windows.length,
      // Lists leave it out.
      CollectionRules: null,
    })),

  sms_fullcollectionmembership: (state: SiteState, now: number): readonly Row[] =>
    allCollections(state).flatMap((one) =>
      membersAt(state, one, now).map(({ id, name, hasClient }) => ({
        CollectionID: one.id,
        ResourceID: id,
        Name: name.split('.')[0]?.toUpperCase(),
        IsClient: hasClient,
      })),
    ),

  sms_authorizationlist: ({ groups }: SiteState): readonly Row[] =>
    groups.map(({ id, name, updates }) => ({
      CI_ID: id,
      LocalizedDisplayName: name,
      NumberOfUpdates: updates.length,
      Updates: null,
    })),

  sms_updategroupassignment: ({ deployments }: SiteState): readonly Row[] =>
    deployments.map((one) => ({
      AssignmentID: one.id,
      AssignmentName: one.name,
      AssignmentUniqueID: one.unique,
      AssignmentType: 5,
      AssignedUpdateGroup: one.group,
      TargetCollectionID: one.collection,
      Enabled: one.enabled,
      StartTime: second(one.availableAt),
      EnforcementDeadline: second(one.deadline),
      UseGMTTimes: one.isUtc,
      SuppressReboot: one.suppressed,
      OverrideServiceWindows: one.ignoresWindows,
      RebootOutsideOfServiceWindows: false,
    })),

  sms_sumdeploymentassetdetails: ({ machines }: SiteState): readonly Row[] =>
    machines.flatMap(({ id, name, details }) =>
      Object.entries(details).map(([deployment, detail]) => ({
        AssignmentID: Number(deployment),
        ResourceID: id,
        DeviceName: name,
        StatusType: detail.type,
        StatusEnforcementState: detail.state,
        StatusErrorCode: detail.error ?? 0,
        LastEnforcementErrorCode: detail.error ?? 0,
        StatusTime: second(detail.at),
      })),
    ),

  sms_autodeployment: ({ rules }: SiteState): readonly Row[] =>
    rules.map(({ name, collection, enabled }, index) => ({
      AutoDeploymentID: index + 1,
      Name: name,
      CollectionID: collection,
      AutoDeploymentEnabled: enabled,
    })),
}

/** One object with what lists leave out; `null`: there is none. `key`: as between the brackets. */
export function objectOf(state: SiteState, className: string, key: string, now: number): Row | null {
  const plain = key.replace(/^'(.*)'$/, '$1')
  if (/^sms_authorizationlist$/i.test(className)) {
    const found = state.groups.find(({ id }) => String(id) === plain)
    return found === undefined ? null : { CI_ID: found.id, LocalizedDisplayName: found.name, Updates: found.updates }
  }
  const collection = allCollections(state).find(({ id }) => id === plain)
  if (collection === undefined) return null
  if (/^sms_collectionsettings$/i.test(className)) return settingsOf(collection)
  if (!/^sms_collection$/i.test(className)) return null
  const [row] = (rowsOf(state, className, now) ?? []).filter(({ CollectionID }) => CollectionID === plain)
  return row === undefined ? null : { ...row, CollectionRules: rulesOf(collection) }
}

function rulesOf({ rules }: SimulatedCollection): readonly Row[] {
  return rules.map((rule): Row => {
    if (rule.kind === 'direct')
      return {
        '@odata.type': '#AdminService.SMS_CollectionRuleDirect',
        RuleName: String(rule.machine),
        ResourceClassName: 'SMS_R_System',
        ResourceID: rule.machine,
      }
    if (rule.kind === 'query')
      return {
        '@odata.type': '#AdminService.SMS_CollectionRuleQuery',
        RuleName: rule.name,
        QueryExpression: `select * from SMS_R_System where Name like '${rule.begins}%'`,
      }
    return {
      '@odata.type': '#AdminService.SMS_CollectionRuleIncludeCollection',
      RuleName: rule.name,
      IncludeCollectionID: rule.collection,
    }
  })
}

function settingsOf({ id, windows }: SimulatedCollection): Row | null {
  if (windows.length === 0) return null
  return {
    CollectionID: id,
    ServiceWindows: windows.map((one) => ({
      Name: one.name,
      Description: '',
      IsEnabled: one.isEnabled,
      IsGMT: one.isUtc,
      Duration: one.minutes,
      ServiceWindowSchedules: one.schedule,
      ServiceWindowType: one.type,
    })),
  }
}
