import { z } from 'zod'
import type { Platform } from '../../core/asset.ts'
import { parseJsonDocument } from '../json-document.ts'
import { createTurns } from '../turns.ts'
import { platformOfDistro } from './distribution.ts'
import { type PackageUrl, packageFromUrl } from './package-url.ts'
import { type Part, softwareOf } from './sbom-parts.ts'
import type { SoftwareList } from './software-list.ts'

const MAX_COMPONENTS = 1_000_000

const list = z.array(z.unknown()).max(MAX_COMPONENTS).optional()
const documentSchema = z.object({
  bomFormat: z.literal('CycloneDX'),
  metadata: z.object({ component: z.unknown().optional() }).optional().catch(undefined),
  components: list,
})
const componentSchema = z.object({
  type: z.string().optional().catch(undefined),
  name: z.string().max(500).default(''),
  version: z.string().max(500).optional().catch(undefined),
  purl: z.string().max(5_000).optional(),
  properties: z.array(z.object({ name: z.string(), value: z.string().optional() })).default([]),
  /** Components have components of their own: those of a layer, of an image, of a merged bill. */
  components: list,
})
type Component = z.infer<typeof componentSchema>

/** Components of one place in the tree, and the platform that is said around them. */
interface Branch {
  readonly components: readonly unknown[]
  readonly around: Platform | null
}

/** Reads CycloneDX in JSON, https://cyclonedx.org/specification/overview/. */
export async function parseCycloneDx(bytes: Buffer, what: string): Promise<SoftwareList> {
  const parsed = documentSchema.safeParse(await parseJsonDocument(bytes, what))
  if (!parsed.success)
    throw new Error(
      `${what} is not a CycloneDX document: it has no "bomFormat": "CycloneDX" beside a list "components"`,
    )
  const { metadata, components = [] } = parsed.data
  const described = componentSchema.safeParse(metadata?.component)
  const about = described.success ? described.data : null
  const own = platformIn(components) ?? (about === null ? null : systemOf(about))
  const parts: Part[] = []
  const open: Branch[] = [
    { components, around: own },
    { components: about?.components ?? [], around: own },
  ]
  const turns = createTurns()
  for (let branch = open.pop(); branch !== undefined; branch = open.pop()) {
    const around = platformIn(branch.components) ?? branch.around
    for (const given of branch.components) {
      if (turns.over()) await turns.next()
      const component = componentSchema.safeParse(given)
      if (!component.success) {
        parts.push({ kind: 'unnamed', name: 'one that makes no sense' })
        continue
      }
      const { data } = component
      const part = partOf(data, around)
      if (part !== null) parts.push(part)
      if (parts.length > MAX_COMPONENTS) throw new Error(`${what} has more than ${MAX_COMPONENTS} components`)
      if (data.components !== undefined) open.push({ components: data.components, around: systemOf(data) ?? around })
    }
  }
  return softwareOf(parts, own, what)
}

/** The one operating system among these components; `null`: there is none, or there are several. */
function platformIn(components: readonly unknown[]): Platform | null {
  const platforms = new Set<Platform>()
  for (const given of components) {
    if (typeof given !== 'object' || given === null || !('type' in given) || given.type !== 'operating-system') continue
    const component = componentSchema.safeParse(given)
    const platform = component.success ? systemOf(component.data) : null
    if (platform !== null) platforms.add(platform)
  }
  const [platform = null, other] = platforms
  return other === undefined ? platform : null
}

function systemOf({ type, name, version }: Component): Platform | null {
  return type === 'operating-system' && version !== undefined ? platformOfDistro(name, `${name}-${version}`) : null
}

function partOf({ type, name, version, purl, properties }: Component, around: Platform | null): Part | null {
  // Trivy names the file of a language's libraries as an application without a version.
  const isSoftware = type === 'library' || (type === 'application' && version !== undefined)
  if (purl === undefined) return isSoftware ? { kind: 'unnamed', name } : null
  const url = packageFromUrl(purl, version)
  if (url === null) return { kind: 'library' }
  if (url === 'no version') return { kind: 'unnamed', name }
  return { kind: 'package', url: withTrivySource(url, properties), around }
}

/** Adds the source package, which Trivy writes into its own properties. */
function withTrivySource(found: PackageUrl, properties: Component['properties']): PackageUrl {
  const value = (name: string) => properties.find((item) => item.name === `aquasecurity:trivy:${name}`)?.value
  const source = value('SrcName')
  const version = value('SrcVersion')
  if (source === undefined || version === undefined) return found
  const release = value('SrcRelease')
  const epoch = value('SrcEpoch')
  const full = `${epoch === undefined || epoch === '0' ? '' : `${epoch}:`}${version}${release === undefined ? '' : `-${release}`}`
  return { ...found, item: { ...found.item, source, sourceVersion: full } }
}
