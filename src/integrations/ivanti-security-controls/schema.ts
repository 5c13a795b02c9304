/** The console's answers, only the fields that are used. Much may be missing or null, and names of states are words. */

import { z } from 'zod'
import { guidIn } from './client.ts'

const text = z
  .string()
  .nullish()
  .transform((value) => value?.trim() || null)
const number = z
  .number()
  .nullish()
  .transform((value) => value ?? null)
const guid = z
  .string()
  .min(1)
  .transform((value) => value.toLowerCase())
const flag = z
  .boolean()
  .nullish()
  .transform((value) => value === true)
/** Some times end with Z, others are UTC without saying so. A time of the console's own zone is never read. */
const instant = z
  .string()
  .nullish()
  .transform((value) => utcOf(value ?? null))

/** ISO 8601 UTC; `null`: no time, or the first day of all, which stands for none. */
export function utcOf(value: string | null): string | null {
  if (value === null || !/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}/.test(value)) return null
  const at = Date.parse(/(?:Z|[+-]\d{2}:?\d{2})$/i.test(value) ? value : `${value}Z`)
  return Number.isNaN(at) || at < Date.UTC(2000) ? null : new Date(at).toISOString()
}

const links = z
  .record(z.string(), z.object({ href: text }).nullish())
  .nullish()
  .transform((value) => value ?? {})

/** `Q5099999`, `KB5099999` or `5099999`: digits only; `null`: no number, as most patches of other vendors. */
const kb = text.transform((value) => /^(?:Q|KB)?(\d{5,8})$/i.exec(value ?? '')?.[1] ?? null)

export const machine = z
  .object({ id: z.int(), name: z.string().min(1), dnsName: text, domain: text, ipAddress: text, assignedGroup: text })
  .transform(({ ipAddress: address, assignedGroup: group, ...rest }) => ({ ...rest, address, group }))
export type Machine = z.infer<typeof machine>

/** What the console calls a vulnerability: a patch with one number, for several products, each with a GUID of its own. */
export const vulnerability = z
  .object({
    ...{ id: z.int(), kb, bulletinId: text, cve: z.array(z.string()).nullish(), patchIds: z.array(guid).nullish() },
    ...{ patchType: text, releaseDate: instant, replacedBy: z.array(z.int()).nullish() },
  })
  .transform(({ cve, patchIds, replacedBy, releaseDate, ...rest }) => ({
    ...rest,
    ...{ cves: cve ?? [], patchIds: patchIds ?? [], replacedBy: replacedBy ?? [], releasedAt: releaseDate },
  }))
export type Vulnerability = z.infer<typeof vulnerability>

export const patchesAnswer = z.object({
  vulnerabilities: z.array(z.unknown()).nullish(),
})

export const scan = z
  .object({
    ...{ id: guid, name: text, isComplete: flag, startedOn: instant, updatedOn: instant, user: text, links },
    ...{ expectedResultTotal: number, receivedResultCount: number },
  })
  .transform(({ startedOn: startedAt, updatedOn: updatedAt, links: own, ...rest }) => ({
    ...rest,
    ...{ startedAt, updatedAt, template: guidIn(own.template?.href ?? null) },
    ...{ expected: rest.expectedResultTotal, received: rest.receivedResultCount },
  }))
export type Scan = z.infer<typeof scan>

export const scanMachine = z
  .object({
    ...{ id: z.int(), name: z.string().min(1), domain: text, completedOn: instant },
    ...{ errorNumber: number, errorDescription: text },
  })
  .transform(({ completedOn: completedAt, errorNumber, errorDescription, ...rest }) => ({
    ...rest,
    completedAt,
    problem: (errorNumber ?? 0) === 0 ? null : (errorDescription ?? `error ${errorNumber}`),
  }))
export type ScanMachine = z.infer<typeof scanMachine>

export const patchRow = z
  .object({
    ...{ patchId: guid, kb, bulletinId: text, productName: text, patchType: text, vendorSeverity: text },
    scanState: text,
  })
  .transform(({ scanState, ...rest }) => ({ ...rest, word: scanState ?? 'nothing', state: stateOf(scanState ?? '') }))
export type PatchRow = z.infer<typeof patchRow>

/** Words that are not known stay unknown: neither installed nor missing. */
function stateOf(word: string): 'installed' | 'missing' | 'unknown' {
  if (/^(?:FoundPatch|InstalledPatch|Installed)$/i.test(word)) return 'installed'
  return /^MissingPatch$/i.test(word) ? 'missing' : 'unknown'
}

const patchFilter = z
  .object({ patchGroupFilterType: text, patchGroupIds: z.array(z.int()).nullish() })
  .nullish()
  .transform((value) => ({ type: value?.patchGroupFilterType ?? null, groups: value?.patchGroupIds ?? [] }))

/** `limited`: it does not look for everything, so what its scans leave out says nothing. */
export const scanTemplate = z
  .object({ id: guid, name: text, patchFilter })
  .transform(({ patchFilter: { type, groups }, ...rest }) => ({
    ...rest,
    ...{
      groups,
      limited: groups.length > 0 || (type !== null && !/^none$/i.test(type)),
      onlyGroups: /^scan$/i.test(type ?? ''),
    },
  }))
export type ScanTemplate = z.infer<typeof scanTemplate>

export const patchGroup = z.object({ id: z.int(), name: text })
export type PatchGroup = z.infer<typeof patchGroup>

/** The member of a group is a vulnerability, by its number. */
export const groupMember = z.union([z.int(), z.object({ id: z.int() }).transform(({ id }) => id)])

const reboot = z
  .object({ when: text })
  .nullish()
  .transform((value) => value?.when ?? null)

export const deployTemplate = z
  .object({ id: guid, name: text, PostDeploymentReboot: reboot, postDeploymentReboot: reboot })
  .transform(({ id, name, PostDeploymentReboot: a, postDeploymentReboot: b }) => ({ id, name, restarts: a ?? b }))
export type DeployTemplate = z.infer<typeof deployTemplate>

export const deployment = z
  .object({
    ...{ id: guid, name: text, creator: text, startedOn: instant, lastUpdatedOn: instant, isComplete: flag },
    expectedMachineCount: number,
  })
  .transform(({ startedOn: startedAt, lastUpdatedOn: updatedAt, expectedMachineCount: expected, ...rest }) => ({
    ...rest,
    ...{ startedAt, updatedAt, expected },
  }))
export type Deployment = z.infer<typeof deployment>

const patchState = z
  .object({
    ...{ patchId: guid, kb, hasExecuted: flag, nativeCode: number, finishedOn: instant },
    ...{ overallState: text, status: text, statusDescription: text },
  })
  .transform(({ finishedOn: finishedAt, hasExecuted, nativeCode: code, ...rest }) => ({
    ...rest,
    ...{ finishedAt, hasRun: hasExecuted, code },
  }))
export type PatchState = z.infer<typeof patchState>

export const deploymentMachine = z
  .object({
    ...{ id: z.int(), name: z.string().min(1), domain: text, lastUpdated: instant, overallState: text },
    ...{ statusDescription: text, patchStates: z.array(patchState).nullish() },
  })
  .transform(({ lastUpdated: updatedAt, patchStates, ...rest }) => ({
    ...rest,
    ...{
      updatedAt,
      patches: patchStates ?? null,
      isOver: /^(?:complete|completed|failed|cancell?ed)$/i.test(rest.overallState ?? ''),
    },
  }))
export type DeploymentMachine = z.infer<typeof deploymentMachine>

export const operation = z.object({ status: text, error: z.unknown() }).transform(({ status, error }) => ({
  word: status ?? 'nothing',
  isOver: !/^(?:running|queued|pending|notstarted|created|scheduled)$/i.test(status ?? 'running'),
  problem: error == null || error === '' ? null : typeof error === 'string' ? error : JSON.stringify(error),
}))
export type Operation = z.infer<typeof operation>

export const agent = z
  .object({ machineName: z.string().min(1), domain: text, assignedPolicyId: text })
  .transform(({ machineName: name, assignedPolicyId: policy, ...rest }) => ({ ...rest, name, policy }))
export type Agent = z.infer<typeof agent>

export const named = z.object({ id: z.union([z.string(), z.int()]).transform(String), name: text })
