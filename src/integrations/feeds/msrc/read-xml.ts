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

/** A month of Microsoft's security updates as CVRF 1.1 XML, what the API sends unless asked for JSON. */
export function readCvrfXml(text: string, what: string): Month {
  const products = new Map<string, string>()
  const vulnerabilities: Vulnerability[] = []
  let id = ''
  let released = ''
  let cve = ''
  let remediations: Remediation[] = []
  let threats: Threat[] = []
  let scores: { score: number; vector: string }[] = []
  let remediation: Remediation | null = null
  let threat: Threat | null = null

  const enter = ({ name, attributes }: XmlElement) => {
    if (name === 'Vulnerability') {
      cve = ''
      remediations = []
      threats = []
      scores = []
    }
    if (name === 'Remediation')
      remediation = {
        type: attributes.Type ?? '',
        subType: '',
        description: '',
        supersedes: '',
        fixedBuild: '',
        restart: '',
        products: [],
      }
    if (name === 'Threat') threat = { type: attributes.Type ?? '', description: '', products: [] }
    if (name === 'ScoreSet') scores.push({ score: Number.NaN, vector: '' })
  }
  const leave = (element: XmlElement, own: string) => {
    const parent = element.parent?.name
    switch (element.name) {
      case 'ID':
        if (parent === 'Identification') id = own
        break
      case 'InitialReleaseDate':
        released = own
        break
      case 'FullProductName':
        products.set(element.attributes.ProductID ?? '', own)
        break
      case 'CVE':
        cve = own
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
      case 'BaseScore': {
        const score = scores.at(-1)
        if (score) score.score = Number(own)
        break
      }
      case 'Vector': {
        const score = scores.at(-1)
        if (score) score.vector = own
        break
      }
      case 'Remediation':
        if (remediation) remediations.push(remediation)
        remediation = null
        break
      case 'Threat':
        if (threat) threats.push(threat)
        threat = null
        break
      case 'Vulnerability':
        vulnerabilities.push({ cve, remediations, threats, scores })
    }
  }
  walkXml(text, what, enter, leave)
  return { id, released, products, vulnerabilities }
}
