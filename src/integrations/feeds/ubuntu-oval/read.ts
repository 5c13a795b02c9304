import type { Fix } from '../../../core/catalog.ts'
import { schemeFor } from '../../../core/versions/scheme.ts'
import { walkXml, type XmlElement } from '../../xml-text.ts'
import { isCveId } from '../cve-id.ts'
import type { DocumentReader } from '../document-reader.ts'
import type { Sink } from '../sink.ts'

export const ovalReader: DocumentReader = {
  form: 'text',
  marks: '<oval_definitions> of Ubuntu',
  matches: isUbuntuOval,
  read: readUbuntuOval,
}

function isUbuntuOval(head: string): boolean {
  return head.includes('<oval_definitions') && /ubuntu/i.test(head)
}

interface Definition {
  title: string
  usn: string | null
  severity: string | null
  issued: string | null
  platform: string | null
  readonly cves: Set<string>
  readonly tests: { readonly test: string; readonly comment: string }[]
}

interface Test {
  object: string
  state: string
}

/** What was read of a document so far. */
interface Reading {
  readonly definitions: Definition[]
  readonly tests: Map<string, Test>
  readonly objects: Map<string, string>
  readonly states: Map<string, string>
  readonly variables: Map<string, string[]>
  /** The definition that is being read; `null`: none. */
  definition: Definition | null
  /** The test that is being read; `null`: none. */
  test: Test | null
}

/**
 * Reads Canonical's OVAL of USNs. A definition has tests; a test has an object (a variable that lists packages) and a
 * state (a version).
 */
function readUbuntuOval(text: string, where: string, sink: Sink): void {
  const reading: Reading = {
    definitions: [],
    tests: new Map(),
    objects: new Map(),
    states: new Map(),
    variables: new Map(),
    definition: null,
    test: null,
  }
  walkXml(
    text,
    where,
    (element) => enter(reading, element),
    (element, own) => leave(reading, element, own),
  )
  if (reading.definitions.length > 0 && reading.definitions.every(({ usn }) => usn === null)) {
    sink.rejected.push({ where, reason: 'is not the OVAL of security notices: take the file ending in .usn.oval.xml' })
    return
  }
  for (const definition of reading.definitions) {
    const { usn } = definition
    if (usn === null) continue
    sink.records.add(usn)
    readDefinition(reading, definition, usn, `${where} (${usn})`, sink)
  }
}

function enter(reading: Reading, { name, attributes, parent }: XmlElement): void {
  const { definition, test } = reading
  const id = attributes.id ?? ''
  switch (name) {
    case 'definition':
      reading.definition = {
        title: '',
        usn: null,
        severity: null,
        issued: null,
        platform: null,
        cves: new Set(),
        tests: [],
      }
      break
    case 'reference':
      if (definition && attributes.source === 'USN') definition.usn = attributes.ref_id ?? null
      if (definition && attributes.source === 'CVE' && isCveId(attributes.ref_id ?? ''))
        definition.cves.add(attributes.ref_id ?? '')
      break
    case 'issued':
      if (definition) definition.issued = attributes.date?.slice(0, 10) ?? null
      break
    case 'criterion':
      definition?.tests.push({ test: attributes.test_ref ?? '', comment: attributes.comment ?? '' })
      break
    case 'dpkginfo_test':
      reading.test = { object: '', state: '' }
      reading.tests.set(id, reading.test)
      break
    case 'object':
      if (test) test.object = attributes.object_ref ?? ''
      break
    case 'state':
      if (test) test.state = attributes.state_ref ?? ''
      break
    case 'name':
      if (parent?.name === 'dpkginfo_object' && attributes.var_ref)
        reading.objects.set(parent.attributes.id ?? '', attributes.var_ref)
      break
    case 'constant_variable':
      reading.variables.set(id, [])
  }
}

function leave(reading: Reading, { name, parent }: XmlElement, own: string): void {
  const { definition } = reading
  switch (name) {
    case 'definition':
      if (definition) reading.definitions.push(definition)
      reading.definition = null
      break
    case 'title':
      if (definition) definition.title = own.replace(/\s+/g, ' ')
      break
    case 'severity':
      if (definition) definition.severity = own
      break
    case 'platform':
      if (definition) definition.platform = platformOf(own)
      break
    case 'dpkginfo_test':
      reading.test = null
      break
    case 'evr':
      reading.states.set(parent?.attributes.id ?? '', own)
      break
    case 'value':
      reading.variables.get(parent?.attributes.id ?? '')?.push(own)
  }
}

/** `where` names the document and the notice. */
function readDefinition(
  { tests, variables, objects, states }: Reading,
  { title, severity, issued, platform, cves, tests: criteria }: Definition,
  id: string,
  where: string,
  sink: Sink,
): void {
  if (platform === null) {
    sink.rejected.push({ where, reason: 'names no Ubuntu release' })
    return
  }
  const fixes: Fix[] = []
  for (const { test: ref, comment } of criteria) {
    const found = tests.get(ref)
    if (found === undefined) continue // kernel tests look at the running kernel; OSV has these by source package
    const packages = variables.get(objects.get(found.object) ?? '') ?? []
    const version = states.get(found.state)?.replace(/^0:/, '')
    if (version === undefined || !schemeFor(platform).valid(version)) {
      sink.rejected.push({ where, reason: `${ref} has no version` })
      continue
    }
    const subscription = /ubuntu pro|esm/i.test(comment) ? 'Ubuntu Pro' : null
    for (const name of packages)
      fixes.push({
        platform,
        package: name,
        by: 'binary',
        cves: [...cves],
        fixedVersion: version,
        advisory: id,
        record: id,
        subscription,
      })
  }
  sink.fixes.push(...fixes)
  sink.advisories.push({
    id,
    title: title.replace(/^USN-[\d-]+ -- /, '').slice(0, 500) || id,
    published: issued,
    cves: [...cves],
    fixes: fixes.map((fix) => ({ platform, source: fix.package, fixedVersion: fix.fixedVersion ?? '' })),
    severity: severity || null,
  })
}

function platformOf(text: string): string | null {
  const release = /^Ubuntu (\d\d\.\d\d)/.exec(text)?.[1]
  return release === undefined ? null : `ubuntu:${release}`
}
