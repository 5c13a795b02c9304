import { z } from 'zod'
import { schemaProblem } from '../schema-problem.ts'
import type { Month } from './month.ts'

/**
 * The CVRF document as JSON. Its types are numbers: https://api.msrc.microsoft.com/cvrf/v3.0/swagger/v3/swagger.json.
 */
const value = z.object({ Value: z.string().max(20_000).nullish() }).nullish()
const ids = z.array(z.string().max(50)).nullish()
const threatTypes = ['Impact', 'Exploit Status', 'Target Set', 'Severity']

const schema = z.object({
  DocumentTracking: z.object({
    Identification: z.object({ ID: value }),
    InitialReleaseDate: z.string().max(50).nullish(),
  }),
  ProductTree: z.object({
    FullProductName: z.array(z.object({ ProductID: z.string().max(50), Value: z.string().max(1_000) })),
  }),
  Vulnerability: z.array(
    z.object({
      CVE: z.string().max(50).default(''),
      Remediations: z
        .array(
          z.object({
            Description: value,
            SubType: z.string().max(500).nullish(),
            Supercedence: z.string().max(5_000).nullish(),
            FixedBuild: z.string().max(500).nullish(),
            RestartRequired: value,
            ProductID: ids,
          }),
        )
        .nullish(),
      Threats: z.array(z.object({ Type: z.number(), Description: value, ProductID: ids })).nullish(),
      CVSSScoreSets: z.array(z.object({ BaseScore: z.number(), Vector: z.string().max(300).nullish() })).nullish(),
    }),
  ),
})

export function isCvrfJson(given: object): boolean {
  return 'DocumentTracking' in given && 'ProductTree' in given
}

/** Throws a sentence when the document is not one of Microsoft's months. */
export function readCvrfJson(given: unknown, what: string): Month {
  const parsed = schema.safeParse(given)
  if (!parsed.success) throw new Error(`${what} is not a CVRF document of Microsoft's: ${schemaProblem(parsed.error)}`)
  const { DocumentTracking: tracking, ProductTree: tree, Vulnerability: list } = parsed.data
  return {
    id: tracking.Identification.ID?.Value ?? '',
    released: tracking.InitialReleaseDate ?? '',
    products: new Map(tree.FullProductName.map((product) => [product.ProductID, product.Value])),
    vulnerabilities: list.map((item) => ({
      cve: item.CVE,
      remediations: (item.Remediations ?? []).map((one) => ({
        type: '',
        subType: one.SubType ?? '',
        description: one.Description?.Value ?? '',
        supersedes: one.Supercedence ?? '',
        fixedBuild: one.FixedBuild ?? '',
        restart: one.RestartRequired?.Value ?? '',
        products: one.ProductID ?? [],
      })),
      threats: (item.Threats ?? []).map((one) => ({
        type: threatTypes[one.Type] ?? '',
        description: one.Description?.Value ?? '',
        products: one.ProductID ?? [],
      })),
      scores: (item.CVSSScoreSets ?? []).map((one) => ({ score: one.BaseScore, vector: one.Vector ?? '' })),
    })),
  }
}
