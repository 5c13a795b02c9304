import type { z } from 'zod'
import { streamOf } from '../../../core/assessment/matching.ts'
import type { CvssScore, Fix, PatchType } from '../../../core/catalog.ts'
import { schemeFor } from '../../../core/versions/scheme.ts'
import { isCveId } from '../cve-id.ts'
import type { DocumentReader } from '../document-reader.ts'
import { rhelPlatform, susePlatform } from '../osv/ecosystem.ts'
import { schemaProblem } from '../schema-problem.ts'
import type { Sink } from '../sink.ts'
import { documentSchema, type Product, productSchema, relationshipSchema, vulnerabilitySchema } from './schema.ts'

export const csafReader: DocumentReader = {
  form: 'json',
  marks: 'a "document" with a "csaf_version"',
  matches: isCsaf,
  read: readCsaf,
}

function isCsaf(value: object): boolean {
  return (
    'document' in value &&
    typeof value.document === 'object' &&
    value.document !== null &&
    'csaf_version' in value.document
  )
}

interface Component {
  readonly platform: string
  readonly package: string
  /** `null` when the product has no version, as is usual for products without a fix. */
  readonly version: string | null
  readonly module: string | null
}

/** Reads one CSAF document: a vendor's advisory, or its VEX statement about one CVE. */
function readCsaf(value: unknown, where: string, sink: Sink): void {
  const parsed = documentSchema.safeParse(value)
  if (!parsed.success) {
    sink.rejected.push({ where, reason: schemaProblem(parsed.error) })
    return
  }
  const { document, product_tree: tree, vulnerabilities } = parsed.data
  const { id, initial_release_date: released } = document.tracking
  sink.records.add(id)
  const components = componentsOf(tree)
  const advisory = isCveId(id) ? null : id
  const type = typeOf(id)
  const fixes = new Map<string, Fix>()
  const all = new Set<string>()
  for (const [index, item] of vulnerabilities.entries()) {
    const one = vulnerabilitySchema.safeParse(item)
    const place = `${where} (${id}), vulnerability ${index + 1}`
    if (!one.success) {
      sink.rejected.push({ where: place, reason: schemaProblem(one.error) })
      continue
    }
    const { cve, product_status: status, scores, release_date: date } = one.data
    if (cve === undefined || !isCveId(cve)) continue
    all.add(cve)
    const said = { cves: [cve], advisory, type, record: id }
    const fixed = new Set<string>()
    for (const product of [...(status.fixed ?? []), ...(status.first_fixed ?? []), ...(status.recommended ?? [])]) {
      const found = components.get(product)
      if (found === undefined || found.version === null) continue
      const { platform, package: name, version, module } = found
      const key = `${cve} ${platform} ${name} ${streamOf(module, version)}`
      fixed.add(`${platform} ${name}`)
      const known = fixes.get(key)
      // A package may have several architectures and rebuilds. The lowest of their versions fixes the flaw.
      if (known?.fixedVersion != null && schemeFor(platform).compare(known.fixedVersion, version) <= 0) continue
      fixes.set(key, { ...said, platform, package: name, by: 'binary', fixedVersion: version, module })
    }
    for (const product of status.known_affected ?? []) {
      const found = components.get(product)
      if (found === undefined || fixed.has(`${found.platform} ${found.package}`)) continue
      const { platform, package: name, module } = found
      fixes.set(`${cve} ${platform} ${name} ${module} open`, {
        ...said,
        platform,
        package: name,
        by: 'binary',
        fixedVersion: null,
        module,
      })
    }
    const cvss = scoresOf(scores, document.publisher?.name ?? 'vendor')
    if (cvss.length > 0)
      sink.cves.push({
        cve,
        published: date?.slice(0, 10) ?? null,
        rejected: false,
        ssvc: null,
        scores: cvss,
        exploited: null,
      })
  }
  sink.fixes.push(...fixes.values())
  if (advisory === null) return
  const severity = document.aggregate_severity?.text ?? null
  const distinct = new Map<string, { platform: string; source: string; fixedVersion: string }>()
  for (const { platform, package: source, fixedVersion } of fixes.values())
    if (fixedVersion !== null) distinct.set(`${platform} ${source} ${fixedVersion}`, { platform, source, fixedVersion })
  sink.advisories.push({
    id,
    title: document.title.replace(/^Red Hat Security Advisory: /, '').slice(0, 500) || id,
    published: released?.slice(0, 10) ?? null,
    cves: [...all],
    fixes: [...distinct.values()],
    type,
    severity,
  })
}

function typeOf(id: string): PatchType {
  if (/^RHBA-|^(?:SUSE|openSUSE)-RU-/.test(id)) return 'bugfix'
  return /^RHEA-|^(?:SUSE|openSUSE)-FU-/.test(id) ? 'feature' : 'security'
}

function scoresOf(
  scores: readonly { cvss_v3?: { baseScore: number; vectorString: string; version: string } | undefined }[],
  source: string,
): CvssScore[] {
  const [first] = scores.flatMap((score) => score.cvss_v3 ?? [])
  if (first === undefined) return []
  const name = source.replace(/ Product Security$| Security Response Center.*$/i, '')
  return [{ source: name, version: first.version, score: first.baseScore, vector: first.vectorString }]
}

/** Returns every product that is a package of a platform, by product id. */
function componentsOf(tree: z.infer<typeof documentSchema>['product_tree']): ReadonlyMap<string, Component> {
  const products = new Map<string, Product>()
  for (const branch of tree.branches ?? []) collect(branch, products)
  for (const item of tree.full_product_names ?? []) {
    const product = productSchema.safeParse(item)
    if (product.success) products.set(product.data.product_id, product.data)
  }
  /** Relations between products. A package of a module relates to the module, and the module to the platform. */
  const through = new Map<string, { readonly product: string; readonly base: string }>()
  const components = new Map<string, Component>()
  for (const item of tree.relationships ?? []) {
    const relation = relationshipSchema.safeParse(item)
    if (!relation.success) continue
    const { full_product_name: full, product_reference: product, relates_to_product_reference: base } = relation.data
    through.set(full.product_id, { product, base })
  }
  for (const [id, { product, base }] of through) {
    const inner = through.get(base)
    const platform = platformOf(products.get(inner?.base ?? base))
    const what = packageOf(products.get(product) ?? { name: product, product_id: product })
    if (platform === null || what === null) continue
    const stream =
      inner === undefined
        ? null
        : moduleOf(products.get(inner.product) ?? { name: inner.product, product_id: inner.product })
    components.set(id, { ...what, platform, module: what.module ?? stream })
  }
  return components
}

/** Collects the products of nested branches. The limit of nesting in JSON also limits this recursion. */
function collect(branch: unknown, products: Map<string, Product>): void {
  if (typeof branch !== 'object' || branch === null) return
  if ('product' in branch) {
    const product = productSchema.safeParse(branch.product)
    if (product.success) products.set(product.data.product_id, product.data)
  }
  if ('branches' in branch && Array.isArray(branch.branches))
    for (const inner of branch.branches) collect(inner, products)
}

function platformOf(product: Product | undefined): string | null {
  if (product === undefined) return null
  const cpe = product.product_identification_helper?.cpe ?? ''
  const fromCpe = /:redhat:/.test(cpe) ? rhelPlatform(cpe) : null
  return fromCpe ?? (/suse/i.test(product.name) ? susePlatform(product.name) : null)
}

/**
 * Reads the package from a purl, `pkg:rpm/redhat/sudo@1.9.5p2-1.el8_6?arch=src`, or else from a name,
 * `sudo-0:1.9.5p2-1.el8_6.x86_64`.
 */
function packageOf({
  name,
  product_id: id,
  product_identification_helper: helper,
}: Product): Omit<Component, 'platform'> | null {
  const purl = helper?.purl ?? ''
  if (/^pkg:rpmmod\//.test(purl)) return null
  const nevra =
    /^(.+)-((?:\d+:)?[^-]+-[^-]+)\.([a-z0-9_]+)$/.exec(id.split('::')[0] ?? id) ??
    /^(.+)-((?:\d+:)?[^-]+-[^-]+)\.([a-z0-9_]+)$/.exec(name)
  const [, packageName, version, arch] = nevra ?? []
  const stream = /[?&]rpmmod=([^&]+)/.exec(purl)?.[1]
  const module =
    stream === undefined ? (/::([\w.+-]+:[\w.+-]+)/.exec(id)?.[1] ?? null) : streamName(decodeURIComponent(stream))
  if (packageName !== undefined && version !== undefined)
    return arch === 'src' || arch === 'nosrc' ? null : { package: packageName, version, module }
  const bare = /^pkg:rpm\/[^/]+\/([^@?]+)(?:@([^?]+))?/.exec(purl)
  if (bare?.[1] === undefined)
    return /^[\w.+-]+$/.test(id) && helper === undefined ? { package: id, version: null, module } : null
  if (/[?&]arch=src/.test(purl)) return null
  const epoch = /[?&]epoch=(\d+)/.exec(purl)?.[1]
  const given = bare[2] === undefined ? null : decodeURIComponent(bare[2])
  return {
    package: decodeURIComponent(bare[1]),
    version: given === null || epoch === undefined ? given : `${epoch}:${given}`,
    module,
  }
}

function moduleOf({ name, product_id: id, product_identification_helper: helper }: Product): string | null {
  const [, module, stream] = /^pkg:rpmmod\/[^/]+\/([^@?]+)@([^:?]+)/.exec(helper?.purl ?? '') ?? []
  if (module !== undefined && stream !== undefined) return `${decodeURIComponent(module)}:${decodeURIComponent(stream)}`
  return streamName(id) ?? streamName(name)
}

/** Returns `nodejs:18` for `nodejs:18:8080020230718:63b34585`; `null`: there is no stream. */
function streamName(text: string): string | null {
  return /^([\w.+-]+:[\w.+-]+)(?::|$)/.exec(text)?.[1] ?? null
}
