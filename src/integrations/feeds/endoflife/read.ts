import { z } from 'zod'
import type { Platform } from '../../../core/asset.ts'
import type { DocumentReader } from '../document-reader.ts'
import { schemaProblem } from '../schema-problem.ts'
import type { Sink } from '../sink.ts'

/** The answer of `/products/full`, https://endoflife.date/docs/api/v1/. */
const fileSchema = z.object({ result: z.array(z.unknown()).max(10_000) })
const date = z.iso.date().nullish()
const productSchema = z.object({
  name: z.string().max(200),
  label: z.string().max(200),
  releases: z.array(z.unknown()).max(5_000),
})
const releaseSchema = z.object({
  name: z.string().max(100),
  label: z.string().max(200).optional(),
  eolFrom: date,
  eoesFrom: date,
})

/** The products that are platforms here, each with a function from its release name to the platform. */
const families: Readonly<Record<string, (release: string) => Platform | null>> = {
  debian: (release) => `debian:${release}`,
  ubuntu: (release) => `ubuntu:${release}`,
  almalinux: (release) => `almalinux:${release}`,
  'rocky-linux': (release) => `rocky:${release}`,
  rhel: (release) => `rhel:${release}`,
  'alpine-linux': (release) => `alpine:${release}`,
  sles: (release) => `sles:${release}`,
  opensuse: (release) => `opensuse:${release.replace(/^leap-/i, '')}`,
  'windows-server': (release) => `windows:server-${release.toLowerCase()}`,
  windows: (release) => windowsClient(release),
}

/**
 * `11-24h2-e` and `11-24h2-w` are editions of `windows:11-24h2`. Uses `-w`, the ordinary edition, which has the shorter
 * support.
 */
function windowsClient(release: string): Platform | null {
  return /-(?:e|iot|lts|w-lts)/.test(release) ? null : `windows:${release.toLowerCase().replace(/-w$/, '')}`
}

export const endOfLifeReader: DocumentReader = {
  form: 'json',
  marks: 'a list "result" beside "schema_version" and "generated_at"',
  matches: isEndOfLife,
  read: readEndOfLife,
}

function isEndOfLife(value: object): boolean {
  return 'result' in value && Array.isArray(value.result) && 'schema_version' in value && 'generated_at' in value
}

function readEndOfLife(value: unknown, where: string, sink: Sink): void {
  const file = fileSchema.safeParse(value)
  if (!file.success) {
    sink.rejected.push({ where, reason: schemaProblem(file.error) })
    return
  }
  for (const [index, item] of file.data.result.entries()) {
    const product = productSchema.safeParse(item)
    if (!product.success) {
      sink.rejected.push({ where: `${where}, product ${index + 1}`, reason: schemaProblem(product.error) })
      continue
    }
    const { name, label, releases } = product.data
    const platformOf = families[name]
    if (platformOf === undefined) continue
    for (const given of releases) {
      const release = releaseSchema.safeParse(given)
      if (!release.success) {
        sink.rejected.push({ where: `${where}, ${name}`, reason: schemaProblem(release.error) })
        continue
      }
      const platform = platformOf(release.data.name)
      if (platform === null) continue
      sink.lifecycles.push({
        platform,
        name: `${label} ${release.data.label ?? release.data.name}`,
        endOfSupport: release.data.eolFrom ?? null,
        endOfExtendedSupport: release.data.eoesFrom ?? null,
      })
    }
  }
}
