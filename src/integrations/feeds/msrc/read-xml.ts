import { walkXml, type XmlElement } from '../../xml-text.ts'
import type { Month, Vulnerability } from './month.ts'

export function isCvrfXml(head: string): boolean {
  return head.includes('cvrfdoc') && /microsoft|msrc|icasi/i.test(head)
}

interface Remediation {
  type: string
  subType: string
  description: string
  supersedes: string
  fixedBuild: string
  restart: string
  readonly products: string[]
}

interface Threat {
  type: string
  description: string
  readonly products: string[]
}

interface Score {
  score: number
  vector: string
}

/** What was read of a document so far. */
interface Reading {
  readonly products: Map<string, string>
  readonly vulnerabilities: Vulnerability[]
  id: string
  released: string
  /** The CVE of the vulnerability that is being read. */
  cve: string
  remediations: Remediation[]
  threats: Threat[]
  scores: Score[]
  /** The remediation that is being read; `null`: none. */
  remediation: Remediation | null
  /** The threat that is being read; `null`: none. */
  threat: Threat | null
}

/** Reads a month of Microsoft's security updates as CVRF 1.1 XML. The API sends XML unless the caller asks for JSON. */
export function readCvrfXml(text: string, what: string): Month {
  const reading: Reading = {
    products: new Map(),
    vulnerabilities: [],
    id: '',
    released: '',
    cve: '',
    remediations: [],
    threats: [],
    scores: [],
    remediation: null,
    threat: null,
  }
  walkXml(
    text,
    what,
    (element) => enter(reading, element),
    (element, own) => leave(reading, element, own),
  )
  const { id, released, products, vulnerabilities } = reading
  return { id, released, products, vulnerabilities }
}

function enter(reading: Reading, { name, attributes }: XmlElement): void {
  switch (name) {
    case 'Vulnerability':
      reading.cve = ''
      reading.remediations = []
      reading.threats = []
      reading.scores = []
      break
    case 'Remediation':
      reading.remediation = {
        type: attributes.Type ?? '',
        subType: '',
        description: '',
        supersedes: '',
        fixedBuild: '',
        restart: '',
        products: [],
      }
      break
    case 'Threat':
      reading.threat = { type: attributes.Type ?? '', description: '', products: [] }
      break
    case 'ScoreSet':
      reading.scores.push({ score: Number.NaN, vector: '' })
  }
}

function leave(reading: Reading, element: XmlElement, own: string): void {
  const { remediation, threat } = reading
  const parent = element.parent?.name
  const score = reading.scores.at(-1)
  switch (element.name) {
    case 'ID':
      if (parent === 'Identification') reading.id = own
      break
    case 'InitialReleaseDate':
      reading.released = own
      break
    case 'FullProductName':
      reading.products.set(element.attributes.ProductID ?? '', own)
      break
    case 'CVE':
      reading.cve = own
      break
    case 'ProductID':
      if (parent === 'Remediation') remediation?.products.push(own)
      if (parent === 'Threat') threat?.products.push(own)
      break
    case 'Description':
      if (parent === 'Remediation' && remediation) remediation.description = own
      if (parent === 'Threat' && threat) threat.description = own.replace(/\s+/g, ' ')
      break
    case 'SubType':
      if (remediation) remediation.subType = own
      break
    case 'Supercedence':
      if (remediation) remediation.supersedes = own
      break
    case 'FixedBuild':
      if (remediation) remediation.fixedBuild = own
      break
    case 'RestartRequired':
      if (remediation) remediation.restart = own
      break
    case 'BaseScore':
      if (score) score.score = Number(own)
      break
    case 'Vector':
      if (score) score.vector = own
      break
    case 'Remediation':
      if (remediation) reading.remediations.push(remediation)
      reading.remediation = null
      break
    case 'Threat':
      if (threat) reading.threats.push(threat)
      reading.threat = null
      break
    case 'Vulnerability': {
      const { cve, remediations, threats, scores } = reading
      reading.vulnerabilities.push({ cve, remediations, threats, scores })
    }
  }
}
