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
  /** `patch`: what a notice fixes; `vulnerability`: where a CVE is, or which CVEs a source package has. */
  readonly class: string
  title: string
  usn: string | null
  severity: string | null
  issued: string | null
  platform: string | null
  readonly cves: Set<string>
  readonly tests: Criterion[]
}

interface Criterion {
  readonly test: string
  readonly comment: string
}

interface Test {
  readonly about: 'packages' | 'running kernel' | 'kernel version'
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
 * Reads Canonical's OVAL of a release: of notices (`usn`), of CVEs (`cve`) or of packages (`pkg`). A definition has tests; a test
 * has an object (a variable that lists packages) and a state (a version). Of CVEs without a fix, the test has no state.
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
  for (const definition of reading.definitions) {
    if (definition.class === 'vulnerability') readVulnerability(reading, definition, where, sink)
    else if (definition.usn !== null)
      readNotice(reading, definition, definition.usn, `${where} (${definition.usn})`, sink)
  }
}

const abouts = { dpkginfo_test: 'packages', uname_test: 'running kernel', variable_test: 'kernel version' } as const

function enter(reading: Reading, { name, attributes, parent }: XmlElement): void {
  const { definition, test } = reading
  const id = attributes.id ?? ''
  switch (name) {
    case 'definition':
      reading.definition = {
        class: attributes.class ?? '',
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
    case 'uname_test':
    case 'variable_test':
      reading.test = { about: abouts[name], object: '', state: '' }
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
    case 'uname_test':
    case 'variable_test':
      reading.test = null
      break
    case 'name':
      // Files of before 2019 name the package in the object itself.
      if (parent?.name === 'dpkginfo_object' && own !== '') {
        const object = parent.attributes.id ?? ''
        reading.objects.set(object, object)
        reading.variables.set(object, [own])
      }
      break
    case 'evr':
    case 'os_release':
      reading.states.set(parent?.attributes.id ?? '', own)
      break
    case 'value':
      if (parent?.name === 'variable_state') reading.states.set(parent.attributes.id ?? '', own)
      reading.variables.get(parent?.attributes.id ?? '')?.push(own)
  }
}

/** `where` names the document and the notice. */
function readNotice(reading: Reading, definition: Definition, id: string, where: string, sink: Sink): void {
  const { title, severity, issued, platform, cves } = definition
  sink.records.add(id)
  if (platform === null) {
    sink.rejected.push({ where, reason: 'names no Ubuntu release' })
    return
  }
  const fixes: Fix[] = []
  let running: RunningKernel | null = null
  for (const criterion of definition.tests) {
    const test = reading.tests.get(criterion.test)
    if (test?.about === 'running kernel') {
      running = runningKernel(reading.states.get(test.state) ?? '')
      if (running === null) sink.rejected.push({ where, reason: `${criterion.test} names no kernel` })
    }
    const packages = packagesOf(reading, criterion)
    if (packages === null && (test?.about !== 'kernel version' || running === null)) continue
    const version = versionOf(reading, criterion, platform)
    if (packages?.length === 0 || version === null || version === 'invalid') {
      sink.rejected.push({ where, reason: `${criterion.test} has no package or no version` })
      continue
    }
    const subscription = subscriptionIn(criterion.comment)
    const said = { platform, cves: [...cves], fixedVersion: version, advisory: id, record: id, subscription }
    for (const name of packages ?? []) fixes.push({ ...said, package: name, by: 'binary' })
    if (packages !== null || running === null) continue
    for (const name of running.sources) fixes.push({ ...said, package: name, by: 'source', introduced: running.first })
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

/**
 * A definition of a CVE, or of a source package, whose criteria then name the CVE themselves: `(CVE-2026-1000093) openssl package
 * in jammy was vulnerable but has been fixed (note: '3.0.2-0ubuntu1.19').`
 */
function readVulnerability(reading: Reading, definition: Definition, where: string, sink: Sink): void {
  const { platform, cves, tests } = definition
  const [own = null] = cves
  if (platform === null) {
    sink.rejected.push({ where: `${where} (${own ?? definition.title})`, reason: 'names no Ubuntu release' })
    return
  }
  const running = new Set<string>()
  for (const criterion of tests) {
    const { comment } = criterion
    const kernel = /^Is kernel '?([\w.+-]+?)'? running\?$/.exec(comment)?.[1]
    if (kernel !== undefined) running.add(kernel)
    const cve = /^\((CVE-[\d-]+)\)/.exec(comment)?.[1] ?? own
    if (cve === null || kernel !== undefined) continue
    sink.records.add(cve)
    const said = { platform, cves: [cve], record: cve, subscription: subscriptionIn(comment) }
    const packages = packagesOf(reading, criterion)
    const version = versionOf(reading, criterion, platform)
    if (packages === null) {
      const fixed = kernelIn(comment)
      if (fixed !== null) sink.fixes.push({ ...said, package: fixed.source, by: 'source', fixedVersion: fixed.version })
      running.delete(fixed?.source ?? '')
    } else if (packages.length === 0 || version === 'invalid')
      sink.rejected.push({ where: `${where} (${cve})`, reason: `${criterion.test} has no package or no version` })
    else for (const name of packages) sink.fixes.push({ ...said, package: name, by: 'binary', fixedVersion: version })
  }
  // A kernel that a CVE names without a version has no fix.
  if (own === null) return
  for (const source of running)
    sink.fixes.push({
      platform,
      package: source,
      by: 'source',
      cves: [own],
      fixedVersion: null,
      record: own,
      subscription: null,
    })
}

/** Kernels that a notice is about: it names them by the release of the running one, `6.5.0-\\d+(-generic|-generic-64k)`. */
interface RunningKernel {
  /** Before every version of the series, so that an older series, which has fixes of its own, is not meant. */
  readonly first: string
  /** Source packages that build such kernels. Those that the release does not have do no harm. */
  readonly sources: ReadonlySet<string>
}

function runningKernel(pattern: string): RunningKernel | null {
  const [, base, series = '', flavours] = /^((\d+\.\d+)\.\d+)-\\d\+\(([^()]+)\)$/.exec(pattern) ?? []
  if (base === undefined || flavours === undefined) return null
  const sources = new Set<string>()
  for (const flavour of flavours.split('|').map((one) => one.replace(/^-/, '')))
    for (const name of [flavour, flavour.replace(/-(?:64k|lpae|fde)$/, '')]) {
      const stem = name === 'generic' ? 'linux' : `linux-${name}`
      for (const behind of ['', '-hwe', `-${series}`, `-hwe-${series}`]) sources.add(`${stem}${behind}`)
    }
  return { first: `${base}-0`, sources }
}

/** The binary packages that a criterion is about; `null`: it looks at the running kernel. */
function packagesOf({ tests, objects, variables }: Reading, { test }: Criterion): readonly string[] | null {
  const found = tests.get(test)
  return found?.about !== 'packages' ? null : (variables.get(objects.get(found.object) ?? '') ?? [])
}

/** The fixed version; `null`: the criterion names none. */
function versionOf({ tests, states }: Reading, { test }: Criterion, platform: string): string | null | 'invalid' {
  const state = tests.get(test)?.state ?? ''
  if (state === '') return null
  const version = states.get(state)?.replace(/^0:/, '')
  return version !== undefined && schemeFor(platform).valid(version) ? version : 'invalid'
}

/** `linux-aws package in noble was vulnerable but has been fixed (note: '6.8.0-1009.9').`, or `'linux' kernel in noble ...` */
function kernelIn(comment: string): { readonly source: string; readonly version: string | null } | null {
  const [, source] = /^(?:\([\w-]+\) )?'?(linux[\w.+-]*?)'? (?:source package|package|kernel) in /.exec(comment) ?? []
  if (source === undefined) return null
  const [, version = null] = /(?:has been fixed|is pending publication) \(note: '(\d[^' ]*)'\)/.exec(comment) ?? []
  return { source, version }
}

function subscriptionIn(comment: string): string | null {
  return /ubuntu pro|\besm-(?:apps|infra)\b|[~+]esm\d/i.test(comment) || /\bESM\b/.test(comment) ? 'Ubuntu Pro' : null
}

function platformOf(text: string): string | null {
  const release = /^Ubuntu (\d\d\.\d\d)/.exec(text)?.[1]
  return release === undefined ? null : `ubuntu:${release}`
}
