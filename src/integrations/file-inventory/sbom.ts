import { z } from 'zod'
import type { InstalledPackage } from '../../core/asset.ts'
import { parseJsonDocument } from '../json-document.ts'
import { createTurns } from '../turns.ts'
import { type PackageUrl, packageFromUrl } from './package-url.ts'
import { boundedWarnings, type SoftwareList } from './software-list.ts'

const cyclonedxSchema = z.object({
  bomFormat: z.literal('CycloneDX'),
  components: z.array(z.unknown()).max(1_000_000).default([]),
})
const componentSchema = z.object({
  purl: z.string().max(5_000).optional(),
  properties: z.array(z.object({ name: z.string(), value: z.string().optional() })).default([]),
})

/** Reads CycloneDX in JSON, https://cyclonedx.org/specification/overview/. */
export async function parseCycloneDx(bytes: Buffer, what: string): Promise<SoftwareList> {
  const parsed = cyclonedxSchema.safeParse(await parseJsonDocument(bytes, what))
  if (!parsed.success)
    throw new Error(
      `${what} is not a CycloneDX document: it has no "bomFormat": "CycloneDX" beside a list "components"`,
    )
  const found: (PackageUrl | null)[] = []
  const turns = createTurns()
  for (const component of parsed.data.components) {
    if (turns.over()) await turns.next()
    const one = componentSchema.safeParse(component)
    if (!one.success || one.data.purl === undefined) continue
    const named = packageFromUrl(one.data.purl)
    found.push(named === null ? null : withTrivySource(named, one.data.properties))
  }
  return fromUrls(found, what)
}

/** Adds the source package, which Trivy writes into its own properties. */
function withTrivySource(
  found: PackageUrl,
  properties: readonly { name: string; value?: string | undefined }[],
): PackageUrl {
  const value = (name: string) => properties.find((item) => item.name === `aquasecurity:trivy:${name}`)?.value
  const source = value('SrcName')
  const version = value('SrcVersion')
  if (source === undefined || version === undefined) return found
  const release = value('SrcRelease')
  const epoch = value('SrcEpoch')
  const full = `${epoch === undefined || epoch === '0' ? '' : `${epoch}:`}${version}${release === undefined ? '' : `-${release}`}`
  return { ...found, item: { ...found.item, source, sourceVersion: full } }
}

const spdxSchema = z.object({ spdxVersion: z.string(), packages: z.array(z.unknown()).max(1_000_000).default([]) })
const spdxPackageSchema = z.object({
  externalRefs: z.array(z.object({ referenceType: z.string(), referenceLocator: z.string().max(5_000) })).default([]),
})

/** Reads SPDX 2 in JSON or tag-value text, https://spdx.github.io/spdx-spec/v2.3/. */
export async function parseSpdx(bytes: Buffer, what: string): Promise<SoftwareList> {
  if (/^\s*SPDXVersion:/m.test(bytes.toString('utf8', 0, 5_000))) {
    const urls = [...bytes.toString('utf8').matchAll(/^ExternalRef: PACKAGE[-_]MANAGER purl (\S+)/gm)]
    return fromUrls(
      urls.map(([, url]) => packageFromUrl(url ?? '')),
      what,
    )
  }
  const parsed = spdxSchema.safeParse(await parseJsonDocument(bytes, what))
  if (!parsed.success)
    throw new Error(`${what} is not an SPDX document: it has no "spdxVersion" beside a list "packages"`)
  const found: (PackageUrl | null)[] = []
  const turns = createTurns()
  for (const item of parsed.data.packages) {
    if (turns.over()) await turns.next()
    const one = spdxPackageSchema.safeParse(item)
    const url = one.success ? one.data.externalRefs.find((ref) => ref.referenceType === 'purl') : undefined
    if (url !== undefined) found.push(packageFromUrl(url.referenceLocator))
  }
  return fromUrls(found, what)
}

/** Collects packages; `null` in `found` is a part that is not a package of an operating system. */
function fromUrls(found: readonly (PackageUrl | null)[], what: string): SoftwareList {
  const packages = new Map<string, InstalledPackage>()
  const platforms = new Map<string, number>()
  let others = 0
  for (const one of found) {
    if (one === null) {
      others++
      continue
    }
    packages.set(`${one.item.name} ${one.item.architecture} ${one.item.version}`, one.item)
    if (one.platform !== null) platforms.set(one.platform, (platforms.get(one.platform) ?? 0) + 1)
  }
  if (packages.size === 0)
    throw new Error(
      `${what} names no package of an operating system (package URLs that begin with pkg:deb, rpm or apk)`,
    )
  const [platform] = [...platforms].sort((a, b) => b[1] - a[1])[0] ?? [null]
  const warnings =
    others === 0
      ? []
      : [`${others === 1 ? '1 component' : `${others} components`} of ${what}: libraries of languages are not assessed`]
  return { packages: [...packages.values()], warnings: boundedWarnings(warnings), platform }
}
