import { z } from 'zod'
import { cveIdsIn } from '../cve-id.ts'
import type { DocumentReader } from '../document-reader.ts'
import { schemaProblem } from '../schema-problem.ts'
import type { Sink } from '../sink.ts'

const fileSchema = z.object({
  distroversion: z.string().max(50).optional(),
  reponame: z.string().max(100).optional(),
  apkurl: z.string().max(500).optional(),
  packages: z.array(z.unknown()).max(1_000_000),
})
const packageSchema = z.object({
  pkg: z.object({
    name: z.string().min(1).max(300),
    /** Some editions write `null` for no fixes. */
    secfixes: z.record(z.string().max(200), z.array(z.string().max(500)).nullable()).nullish(),
  }),
})

export const secdbReader: DocumentReader = {
  form: 'json',
  marks: '"packages" beside "apkurl", "distroversion" or "reponame"',
  matches: isSecdb,
  read: readSecdb,
}

function isSecdb(value: object): boolean {
  return 'packages' in value && ('apkurl' in value || 'distroversion' in value || 'reponame' in value)
}

/**
 * Reads the secdb of Alpine, Wolfi or Chainguard: the fixed version of each package and its CVEs. Version `0` means
 * that the package was never affected.
 */
function readSecdb(value: unknown, where: string, sink: Sink): void {
  const parsed = fileSchema.safeParse(value)
  if (!parsed.success) {
    sink.rejected.push({ where, reason: schemaProblem(parsed.error) })
    return
  }
  const platform = platformOf(parsed.data.distroversion, parsed.data.apkurl ?? '')
  if (platform === null) {
    sink.rejected.push({ where, reason: `"${parsed.data.distroversion ?? ''}" is not a release that one can stay on` })
    return
  }
  for (const [index, item] of parsed.data.packages.entries()) {
    const one = packageSchema.safeParse(item)
    if (!one.success) {
      sink.rejected.push({ where: `${where}, package ${index + 1}`, reason: schemaProblem(one.error) })
      continue
    }
    const { name, secfixes } = one.data.pkg
    for (const [version, ids] of Object.entries(secfixes ?? {})) {
      // One entry may hold several ids: `CVE-2019-14697 XSA-1`.
      const cves = cveIdsIn((ids ?? []).flatMap((id) => id.split(/\s+/)))
      if (cves.length === 0) continue
      sink.fixes.push({
        platform,
        package: name,
        by: 'source',
        cves,
        fixedVersion: version,
        record: `${platform} ${name}`,
      })
    }
  }
}

function platformOf(version: string | undefined, url: string): string | null {
  if (version !== undefined && /^v\d+\.\d+$/.test(version)) return `alpine:${version.slice(1)}`
  if (/wolfi/i.test(url)) return 'wolfi'
  return /chainguard|cgr\.dev/i.test(url) ? 'chainguard' : null
}
