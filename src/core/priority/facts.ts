import type { Asset, Criticality, Exposure } from '../asset.ts'
import type { CveFacts, EpssScore, KevEntry, PatchType } from '../catalog.ts'
import { memoizeByIdentity } from '../memoize-by-identity.ts'
import { decideByTable, type Turn, turnsOf } from './decision-table.ts'
import { type Assumption, type Priority, type PriorityEvidence, priorityRank } from './priority.ts'
import { type KnownPoint, knownPoints, type Outcome, type PriorityRule } from './rule.ts'

/** From this EPSS score on, a public proof of concept is assumed if no feed says more. Our own, cautious choice. */
export const EPSS_POC = 0.1

export interface PriorityDefaults {
  readonly exposure: Exposure
  readonly criticality: Criticality
}

export interface Judgement {
  readonly priority: Priority
  readonly outcome: Outcome
  /** The outcome in the table's own word. */
  readonly word: string
  readonly evidence: readonly PriorityEvidence[]
  readonly assumptions: readonly Assumption[]
  /** Single facts that would change the outcome. */
  readonly turns: readonly Turn[]
  readonly unexploited: TableDecision['unexploited']
}

/** What feeds say about one CVE. */
export interface CveEvidence {
  readonly cve: string
  readonly kev: KevEntry | null
  readonly epss: EpssScore | null
  readonly facts: CveFacts | null
}

/** Everything that a table can know about a CVE, as text. CVEs of the same kind get the same answer. */
export function kindOf({ kev, epss, facts }: CveEvidence): string {
  const ssvc = facts?.ssvc ?? null
  const points = ssvc === null ? '' : `${ssvc.exploitation} ${ssvc.automatable} ${ssvc.technicalImpact}`
  return `${kev !== null} ${facts?.exploited != null} ${points} ${epss !== null && epss.score >= EPSS_POC}`
}

/** One fact, with its source or with the reason for assuming it. */
interface Fact {
  readonly value: string
  readonly evidence: Omit<PriorityEvidence, 'fact' | 'value'> | null
  readonly assumed: string | null
  /** What an assumption is based on; `null`: the fact is not assumed. */
  readonly basis: Basis | null
}

/** How a missing fact is filled in: by a careful value, by the configured default, or by a high EPSS score. */
export type Basis = 'careful' | 'default' | 'EPSS'

/** One fact of a decision, with its source or with the basis for assuming it. */
export interface DecidedPoint {
  readonly fact: string
  readonly value: string
  /** `null`: the fact is assumed. */
  readonly source: string | null
  /** Day of the statement; `null`: the statement has no date. */
  readonly date: string | null
  readonly basis: Basis | null
}

/** The answer of a table, with the facts that it was asked with. */
export interface TableDecision {
  readonly points: readonly DecidedPoint[]
  /** Counts from 1; `null`: no row matches, so the most urgent outcome is used. */
  readonly row: number | null
  readonly priority: Priority
  readonly outcome: Outcome
  /** The outcome in the table's own word. */
  readonly word: string
  /** The answer if no exploit were known; `null`: it would be as urgent. */
  readonly unexploited: Pick<TableDecision, 'priority' | 'outcome' | 'word'> | null
}

/**
 * The priority of one CVE on one asset: the table's row for the facts from feeds and inventory. If sources disagree,
 * KEV wins over a vendor, a vendor over CISA's SSVC points, and these over EPSS. A missing fact is assumed cautiously
 * and listed as an assumption.
 */
export function judge(asset: Asset, about: CveEvidence, defaults: PriorityDefaults, rule: PriorityRule): Judgement {
  const evidence: PriorityEvidence[] = []
  const assumptions: Assumption[] = []
  const facts: Record<string, string> = {}
  for (const { name, point, fact } of factsOf(asset, about, defaults, rule)) {
    facts[name] = fact.value
    if (fact.evidence !== null) evidence.push({ fact: name, value: shown(point, fact.value, about), ...fact.evidence })
    if (fact.assumed !== null) assumptions.push({ fact: name, value: fact.value, why: fact.assumed })
  }
  const { epss, cve } = about
  if (epss !== null)
    evidence.push({
      fact: 'EPSS',
      value: `${epss.score} (${cve})`,
      source: `FIRST EPSS ${epss.model}`,
      date: epss.date,
      note: null,
    })
  const cvss = baseScore(about.facts)
  if (cvss !== null)
    evidence.push({
      fact: 'CVSS',
      value: `${cvss.score} (${cve})`,
      source: `${cvss.source}, CVSS ${cvss.version}`,
      date: null,
      note: cvss.vector,
    })
  const { row, outcome, priority, word, turns, unexploited } = answerOf(facts, rule)
  const { also } = outcome
  evidence.push({
    fact: 'Decision',
    value: word === priority ? priority : `${priority} ("${word}")`,
    source: rule.title,
    date: null,
    note:
      row === null
        ? 'no row fits, so the most urgent outcome is taken'
        : `row ${row} of ${rule.table.rows.length}${also === undefined ? '' : `; asks for ${also}`}`,
  })
  return { priority, outcome, word, evidence, assumptions, turns, unexploited }
}

type TableAnswer = Omit<TableDecision, 'points'> & Pick<Judgement, 'turns'>

const answersOf = memoizeByIdentity((_rule: PriorityRule) => new Map<string, TableAnswer>())

/** A table's answer for facts. Answers are kept: few sets of facts differ, and finding the turns takes long. */
function answerOf(facts: Readonly<Record<string, string>>, rule: PriorityRule): TableAnswer {
  const known = answersOf(rule)
  const key = JSON.stringify(facts)
  const there = known.get(key) ?? { ...decide(facts, rule), turns: turnsOf(rule.table, facts) }
  known.set(key, there)
  return there
}

/** The same decision as plain facts, for the record. It does not name the asset. */
export function decisionOf(
  asset: Asset,
  about: CveEvidence,
  defaults: PriorityDefaults,
  rule: PriorityRule,
): TableDecision {
  const facts: Record<string, string> = {}
  const points = factsOf(asset, about, defaults, rule).map(({ name, fact: { value, evidence, basis } }) => {
    facts[name] = value
    return { fact: name, value, source: evidence?.source ?? null, date: evidence?.date ?? null, basis }
  })
  return { points, ...decide(facts, rule) }
}

/** What is known for each point of the table, in the table's order. */
function factsOf(asset: Asset, about: CveEvidence, defaults: PriorityDefaults, rule: PriorityRule) {
  return rule.table.points.flatMap(({ name }) => {
    const point = knownPoints.find((known) => known.toLowerCase() === name.toLowerCase())
    return point === undefined ? [] : [{ name, point, fact: factFor(point, asset, about, defaults) }]
  })
}

/** The values of points that say that no exploit is known. */
const noExploit: Readonly<Record<string, string>> = { exploitation: 'none', 'in kev': 'no' }

function decide(facts: Readonly<Record<string, string>>, rule: PriorityRule): Omit<TableDecision, 'points'> {
  const answer = outcomeOf(facts, rule)
  const calm = Object.fromEntries(
    Object.entries(facts).map(([name, value]) => [name, noExploit[name.toLowerCase()] ?? value]),
  )
  const { priority, outcome, word } = outcomeOf(calm, rule)
  const later =
    priorityRank(priority) - priorityRank(answer.priority) ||
    (outcome.days ?? Infinity) - (answer.outcome.days ?? Infinity)
  return { ...answer, unexploited: later > 0 ? { priority, outcome, word } : null }
}

/** The day since which an exploit is known, ISO 8601; `null`: none is, or nobody says since when. */
export function exploitKnownSince({ kev, facts }: CveEvidence): string | null {
  if (kev !== null) return kev.dateAdded
  if (facts?.exploited) return facts.exploited
  const points = facts?.ssvc ?? null
  return points === null || points.exploitation === 'none' ? null : points.date
}

function outcomeOf(
  facts: Readonly<Record<string, string>>,
  rule: PriorityRule,
): Omit<TableDecision, 'points' | 'unexploited'> {
  const decided = decideByTable(rule.table, facts)
  const known = decided === null ? undefined : rule.outcomes.get(decided.outcome.toLowerCase())
  const outcome: Outcome = known ?? { priority: 'immediate' }
  const { priority } = outcome
  return { row: decided?.row ?? null, outcome, priority, word: decided?.outcome ?? priority }
}

/** Adds the CVE to values that are about the CVE. */
function shown(point: KnownPoint, value: string, { cve }: CveEvidence): string {
  const ofCve: readonly KnownPoint[] = ['Exploitation', 'In KEV', 'Automatable', 'Technical Impact']
  return ofCve.includes(point) ? `${value} (${cve})` : value
}

function factFor(point: KnownPoint, asset: Asset, about: CveEvidence, defaults: PriorityDefaults): Fact {
  switch (point) {
    case 'Exploitation':
      return exploitation(about)
    case 'In KEV':
      return inKev(about)
    case 'Automatable':
      return fromSsvc(about, 'automatable', 'yes')
    case 'Technical Impact':
      return fromSsvc(about, 'technicalImpact', 'total')
    case 'System Exposure':
      return ofAsset(asset, asset.exposure, defaults.exposure, 'exposed')
    case 'Publicly Exposed':
      return mapped(ofAsset(asset, asset.exposure, defaults.exposure, 'exposed'), (value) =>
        value === 'open' ? 'yes' : 'no',
      )
    case 'Human Impact':
      return ofAsset(asset, asset.criticality, defaults.criticality, 'critical')
    case 'Mission and Well-Being Impact':
      return mapped(ofAsset(asset, asset.criticality, defaults.criticality, 'critical'), (value) =>
        value === 'very high' ? 'high' : value,
      )
  }
}

function mapped(fact: Fact, map: (value: string) => string): Fact {
  return { ...fact, value: map(fact.value) }
}

function said(value: string, source: string, date: string | null, note: string | null = null): Fact {
  return { value, evidence: { source, date, note }, assumed: null, basis: null }
}

function assumed(value: string, why: string, basis: Basis = 'careful'): Fact {
  return { value, evidence: null, assumed: why, basis }
}

const VULNRICHMENT = 'CISA Vulnrichment (SSVC)'

function exploitation({ cve, kev, epss, facts }: CveEvidence): Fact {
  const points = facts?.ssvc ?? null
  if (kev !== null) {
    const notes = kev.ransomware ? ['used in ransomware campaigns'] : []
    if (points !== null && points.exploitation !== 'active')
      notes.push(`${VULNRICHMENT} still says ${points.exploitation}: KEV wins`)
    return said('active', 'CISA KEV', kev.dateAdded, notes.length === 0 ? null : notes.join('; '))
  }
  if (facts?.exploited) return said('active', 'the vendor', facts.exploited, 'exploited when the update was published')
  if (points !== null)
    return said(points.exploitation === 'poc' ? 'public poc' : points.exploitation, VULNRICHMENT, points.date)
  if (epss !== null && epss.score >= EPSS_POC)
    return assumed(
      'public poc',
      `EPSS ${epss.score} of ${cve} is ${EPSS_POC} or more, and no feed says whether an exploit is public`,
      'EPSS',
    )
  return assumed('none', `no configured feed knows of an exploit of ${cve}`)
}

function inKev({ cve, kev }: CveEvidence): Fact {
  if (kev !== null)
    return said('yes', 'CISA KEV', kev.dateAdded, kev.ransomware ? 'used in ransomware campaigns' : null)
  return assumed('no', `CISA KEV, as far as it was read, does not list ${cve}`)
}

function fromSsvc({ facts }: CveEvidence, point: 'automatable' | 'technicalImpact', careful: string): Fact {
  const points = facts?.ssvc ?? null
  if (points === null) return assumed(careful, 'no configured feed says; the careful value')
  return said(points[point], VULNRICHMENT, points.date)
}

function ofAsset(asset: Asset, value: string | null, fallback: string, word: string): Fact {
  if (value === null) return assumed(fallback, `the inventory does not say how ${word} ${asset.name} is`, 'default')
  return said(value, `inventory ${asset.source}`, null, asset.name)
}

/** Whose score counts first: the assigner of the CVE, then vendors, CISA, and NVD, which scores only some CVEs. */
const scorers = ['CNA', 'vendor', 'CISA-ADP', 'NVD']

/** The score that counts; `null`: none. Most are CVSS 3, which cannot be compared with 4, so 3 comes before 4. */
export function baseScore(facts: CveFacts | null): CveFacts['scores'][number] | null {
  const rank = (source: string) => {
    const found = scorers.indexOf(source)
    return found === -1 ? scorers.indexOf('vendor') : found
  }
  let best: CveFacts['scores'][number] | null = null
  for (const score of facts?.scores ?? []) {
    if (best === null) best = score
    const [a, b] = [Number(score.version.startsWith('3')), Number(best.version.startsWith('3'))]
    if (a > b || (a === b && rank(score.source) < rank(best.source))) best = score
  }
  return best
}

/** Judges an update without a known CVE: features are deferred; bug fixes and security archives are scheduled. */
export function judgeWithoutCve(type: PatchType, origins: readonly string[]): Judgement {
  const priority: Priority = type === 'feature' ? 'defer' : 'scheduled'
  const note =
    type === 'security'
      ? 'comes from a security archive; no configured feed lists its CVEs'
      : `a ${type} update mends no known CVE`
  const source = origins[0] ?? 'package manager'
  const evidence = [{ fact: 'Decision', value: priority, source, date: null, note }]
  return { priority, outcome: { priority }, word: priority, evidence, assumptions: [], turns: [], unexploited: null }
}

export function moreUrgent(a: Judgement, b: Judgement): Judgement {
  const order = priorityRank(b.priority) - priorityRank(a.priority)
  if (order !== 0) return order < 0 ? b : a
  return (b.outcome.days ?? Infinity) < (a.outcome.days ?? Infinity) || (b.outcome.also && !a.outcome.also) ? b : a
}
