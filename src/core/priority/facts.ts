import type { Asset, Criticality, Exposure } from '../asset.ts'
import type { EpssScore, KevEntry, PatchType } from '../catalog.ts'
import { decideByTable, parseDecisionTable } from './decision-table.ts'
import { type Assumption, type Priority, type PriorityEvidence, priorities, priorityRank } from './priority.ts'
import { ssvcDeployerCsv } from './ssvc-deployer.ts'

/** An EPSS score from here on counts as a public proof of concept where no feed says more: our own, cautious choice. */
export const EPSS_POC = 0.1

export interface PriorityDefaults {
  readonly exposure: Exposure
  readonly criticality: Criticality
}

export interface Judgement {
  readonly priority: Priority
  readonly evidence: readonly PriorityEvidence[]
  readonly assumptions: readonly Assumption[]
}

const table = parseDecisionTable(ssvcDeployerCsv)

/**
 * The priority of one CVE on one asset: CERT/CC's SSVC deployer table over four facts. A KEV entry means active
 * exploitation and wins over everything else; what nobody says is taken cautiously and listed as an assumption.
 */
export function judge(
  asset: Asset,
  cve: string,
  kev: KevEntry | null,
  epss: EpssScore | null,
  defaults: PriorityDefaults,
): Judgement {
  const evidence: PriorityEvidence[] = []
  const assumptions: Assumption[] = []
  let exploitation = 'none'
  if (kev !== null) {
    exploitation = 'active'
    const note = kev.ransomware ? 'used in ransomware campaigns' : null
    evidence.push({ fact: 'Exploitation', value: `active (${cve})`, source: 'CISA KEV', date: kev.dateAdded, note })
  } else if (epss !== null && epss.score >= EPSS_POC) {
    exploitation = 'public poc'
    const why = `EPSS ${epss.score} of ${cve} is ${EPSS_POC} or more, and no feed says whether an exploit is public`
    assumptions.push({ fact: 'Exploitation', value: 'public poc', why })
  } else {
    assumptions.push({ fact: 'Exploitation', value: 'none', why: `no configured feed knows of an exploit of ${cve}` })
  }
  if (epss !== null) {
    const value = `${epss.score} (${cve})`
    evidence.push({ fact: 'EPSS', value, source: `FIRST EPSS ${epss.model}`, date: epss.date, note: null })
  }
  const exposure = asset.exposure ?? defaults.exposure
  if (asset.exposure === null) {
    assumptions.push({
      fact: 'System Exposure',
      value: exposure,
      why: `the inventory does not say how exposed ${asset.name} is`,
    })
  } else {
    evidence.push({
      fact: 'System Exposure',
      value: exposure,
      source: `inventory ${asset.source}`,
      date: null,
      note: asset.name,
    })
  }
  const impact = asset.criticality ?? defaults.criticality
  if (asset.criticality === null) {
    assumptions.push({
      fact: 'Human Impact',
      value: impact,
      why: `the inventory does not say how critical ${asset.name} is`,
    })
  } else {
    evidence.push({
      fact: 'Human Impact',
      value: impact,
      source: `inventory ${asset.source}`,
      date: null,
      note: asset.name,
    })
  }
  assumptions.push({ fact: 'Automatable', value: 'yes', why: 'no configured feed says; the careful value' })

  const facts = { Exploitation: exploitation, 'System Exposure': exposure, Automatable: 'yes', 'Human Impact': impact }
  const decided = decideByTable(table, facts)
  const priority = priorities.find((item) => item === decided?.outcome.toLowerCase()) ?? 'immediate'
  evidence.push({
    fact: 'Decision',
    value: priority,
    source: 'SSVC deployer table 1.0.0',
    date: null,
    note: decided === null ? 'no row fits, so the most urgent outcome is taken' : `row ${decided.row} of 72`,
  })
  return { priority, evidence, assumptions }
}

/** Updates that mend no known CVE: bug fixes go with the next cycle, features may wait. A security archive is believed. */
export function judgeWithoutCve(type: PatchType, origins: readonly string[]): Judgement {
  const priority: Priority = type === 'feature' ? 'defer' : 'scheduled'
  const note =
    type === 'security'
      ? 'comes from a security archive; no configured feed lists its CVEs'
      : `a ${type} update mends no known CVE`
  const source = origins[0] ?? 'package manager'
  return { priority, evidence: [{ fact: 'Decision', value: priority, source, date: null, note }], assumptions: [] }
}

export function moreUrgent(a: Judgement, b: Judgement): Judgement {
  return priorityRank(b.priority) < priorityRank(a.priority) ? b : a
}

/** Days to patch, by priority; `null` sets no date. */
export type DueDays = Readonly<Record<Priority, number | null>>

export const defaultDueDays: DueDays = { immediate: 3, 'out-of-cycle': 14, scheduled: 60, defer: null }

/** When a patch is due: so many days after it was first seen, or KEV's own date where that is earlier. ISO 8601. */
export function dueAt(priority: Priority, from: string, days: DueDays, kev: readonly KevEntry[]): string | null {
  const own = days[priority]
  const dates = kev.map((entry) => Date.parse(`${entry.dueDate}T23:59:59Z`)).filter((date) => !Number.isNaN(date))
  if (own !== null) dates.push(Date.parse(from) + own * 86_400_000)
  return dates.length === 0 ? null : new Date(Math.min(...dates)).toISOString()
}
