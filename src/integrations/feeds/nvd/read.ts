import { z } from 'zod'
import type { CvssScore } from '../../../core/catalog.ts'
import { cveId } from '../cve-id.ts'
import type { DocumentReader } from '../document-reader.ts'
import { schemaProblem } from '../schema-problem.ts'
import type { Sink } from '../sink.ts'

/** The format of NVD's API 2.0 and its yearly files, https://nvd.nist.gov/developers/vulnerabilities. */
const metric = z.object({
  source: z.string().max(200).default('NVD'),
  type: z.string().max(50).default('Primary'),
  cvssData: z.object({
    version: z.string().max(5),
    baseScore: z.number().min(0).max(10),
    vectorString: z.string().max(300),
  }),
})
const recordSchema = z.object({
  cve: z.object({
    id: cveId,
    published: z.string().max(50).optional(),
    vulnStatus: z.string().max(100).default(''),
    metrics: z.record(z.string(), z.unknown()).default({}),
  }),
})
const fileSchema = z.object({ vulnerabilities: z.array(z.unknown()).max(1_000_000) })

export const nvdReader: DocumentReader = {
  form: 'json',
  marks: '"vulnerabilities" beside "format": "NVD_CVE"',
  matches: isNvd,
  read: readNvd,
}

function isNvd(value: object): boolean {
  return 'vulnerabilities' in value && 'format' in value && value.format === 'NVD_CVE'
}

/** Reads NVD's scores. Since 2026-04, NVD scores only some CVEs and repeats the CNA's score for others. */
function readNvd(value: unknown, where: string, sink: Sink): void {
  const file = fileSchema.safeParse(value)
  if (!file.success) {
    sink.rejected.push({ where, reason: schemaProblem(file.error) })
    return
  }
  for (const [index, item] of file.data.vulnerabilities.entries()) {
    const parsed = recordSchema.safeParse(item)
    if (!parsed.success) {
      sink.rejected.push({ where: `${where}, record ${index + 1}`, reason: schemaProblem(parsed.error) })
      continue
    }
    const { id, published, vulnStatus, metrics } = parsed.data.cve
    const scores: CvssScore[] = []
    for (const kind of ['cvssMetricV31', 'cvssMetricV30', 'cvssMetricV40']) {
      const list = z.array(z.unknown()).safeParse(metrics[kind] ?? [])
      for (const given of list.success ? list.data : []) {
        const one = metric.safeParse(given)
        if (!one.success) continue
        const { source, cvssData } = one.data
        const name = source === 'nvd@nist.gov' ? 'NVD' : 'CNA'
        if (scores.some((score) => score.source === name && score.version === cvssData.version)) continue
        scores.push({
          source: name,
          version: cvssData.version,
          score: cvssData.baseScore,
          vector: cvssData.vectorString,
        })
      }
    }
    sink.records.add(id)
    sink.cves.push({
      cve: id,
      published: published?.slice(0, 10) ?? null,
      rejected: vulnStatus === 'Rejected',
      ssvc: null,
      scores,
      exploited: null,
    })
  }
}
