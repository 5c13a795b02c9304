import { z } from 'zod'
import { parseJsonDocument } from '../json-document.ts'
import { createTurns } from '../turns.ts'
import { completeText } from './complete-text.ts'
import { platformOfDistro } from './distribution.ts'
import { packageFromUrl } from './package-url.ts'
import { type Part, softwareOf } from './sbom-parts.ts'
import type { SoftwareList } from './software-list.ts'

const documentSchema = z.object({ spdxVersion: z.string(), packages: z.array(z.unknown()).max(1_000_000).default([]) })
/** GitHub puts the document into another object. */
const wrappedSchema = z.object({ sbom: documentSchema })
const packageSchema = z.object({
  name: z.string().max(500).default(''),
  versionInfo: z.string().max(500).optional().catch(undefined),
  primaryPackagePurpose: z.string().optional().catch(undefined),
  externalRefs: z.array(z.object({ referenceType: z.string(), referenceLocator: z.string().max(5_000) })).default([]),
})
type Package = z.infer<typeof packageSchema>

/** Reads SPDX 2 in JSON or tag-value text, https://spdx.github.io/spdx-spec/v2.3/. */
export async function parseSpdx(bytes: Buffer, what: string): Promise<SoftwareList> {
  const tags = /^\s*SPDXVersion:/m.test(bytes.toString('utf8', 0, 5_000))
  const packages = tags ? packagesInTags(completeText(bytes, what)) : await packagesInJson(bytes, what)
  const systems = new Set(packages.flatMap((one) => systemOf(one) ?? []))
  const [own = null, other] = systems
  const around = other === undefined ? own : null
  const parts: Part[] = []
  const turns = createTurns()
  for (const one of packages) {
    if (turns.over()) await turns.next()
    const urls = one.externalRefs.filter(({ referenceType }) => /(?:^|\/)purl$/.test(referenceType))
    if (urls.length === 0 && isSoftware(one)) parts.push({ kind: 'unnamed', name: one.name })
    for (const { referenceLocator } of urls) {
      const url = packageFromUrl(referenceLocator, one.versionInfo)
      if (url === null) parts.push({ kind: 'library' })
      else if (url === 'no version') parts.push({ kind: 'unnamed', name: one.name })
      else parts.push({ kind: 'package', url, around })
    }
  }
  return softwareOf(parts, around, what)
}

/** Other purposes are what the document is about (an image, a folder), or what is in it beside packages. */
function isSoftware({ versionInfo, primaryPackagePurpose: purpose }: Package): boolean {
  return versionInfo !== undefined && (purpose === undefined || purpose === 'LIBRARY' || purpose === 'APPLICATION')
}

function systemOf({ name, versionInfo, primaryPackagePurpose }: Package) {
  if (primaryPackagePurpose?.replace('_', '-') !== 'OPERATING-SYSTEM' || versionInfo === undefined) return null
  return platformOfDistro(name, `${name}-${versionInfo}`)
}

async function packagesInJson(bytes: Buffer, what: string): Promise<readonly Package[]> {
  const document = await parseJsonDocument(bytes, what)
  const wrapped = wrappedSchema.safeParse(document)
  const parsed = wrapped.success ? wrapped.data.sbom : documentSchema.safeParse(document).data
  if (parsed === undefined)
    throw new Error(`${what} is not an SPDX document: it has no "spdxVersion" beside a list "packages"`)
  return parsed.packages.flatMap((given) => {
    const one = packageSchema.safeParse(given)
    return one.success ? [one.data] : []
  })
}

/** Each package begins with its name. */
function packagesInTags(text: string): readonly Package[] {
  return text.split(/^PackageName:/m).map((section) => {
    const field = (name: string) => new RegExp(`^${name}:[ \\t]*(\\S.*)$`, 'm').exec(section)?.[1]?.trim()
    const references = section.matchAll(/^ExternalRef:[ \t]*PACKAGE[-_]MANAGER[ \t]+(\S+)[ \t]+(\S+)/gm)
    return {
      name: /^.*/.exec(section)?.[0].trim() ?? '',
      versionInfo: field('PackageVersion'),
      primaryPackagePurpose: field('PrimaryPackagePurpose'),
      externalRefs: Array.from(references, ([, referenceType = '', referenceLocator = '']) => ({
        referenceType,
        referenceLocator,
      })),
    }
  })
}
