/** CSAF 2.0, https://docs.oasis-open.org/csaf/csaf/v2.0/, as Red Hat, SUSE and Microsoft write it. */

import { z } from 'zod'

const productId = z.string().max(1_000)
const list = z.array(productId).max(200_000).default([])

export const productSchema = z.object({
  name: z.string().max(1_000).default(''),
  product_id: productId,
  product_identification_helper: z
    .object({ cpe: z.string().max(500).optional(), purl: z.string().max(2_000).optional() })
    .optional(),
})
export type Product = z.infer<typeof productSchema>

export const relationshipSchema = z.object({
  full_product_name: productSchema,
  product_reference: productId,
  relates_to_product_reference: productId,
})

export const vulnerabilitySchema = z.object({
  cve: z.string().max(50).optional(),
  product_status: z
    .object({ fixed: list, known_affected: list, first_fixed: list, recommended: list })
    .partial()
    .default({}),
  scores: z
    .array(
      z.object({
        cvss_v3: z
          .object({
            baseScore: z.number().min(0).max(10),
            vectorString: z.string().max(300),
            version: z.string().max(5),
          })
          .optional(),
      }),
    )
    .default([]),
  release_date: z.string().max(50).optional(),
})

export const documentSchema = z.object({
  document: z.object({
    category: z.string().max(200).optional(),
    title: z.string().max(5_000).default(''),
    publisher: z.object({ name: z.string().max(500) }).optional(),
    aggregate_severity: z.object({ text: z.string().max(200) }).optional(),
    tracking: z.object({
      id: z.string().min(1).max(200),
      initial_release_date: z.string().max(50).optional(),
      status: z.string().max(50).optional(),
    }),
  }),
  product_tree: z
    .object({
      branches: z.array(z.unknown()).default([]),
      full_product_names: z.array(z.unknown()).default([]),
      relationships: z.array(z.unknown()).default([]),
    })
    .partial()
    .default({}),
  vulnerabilities: z.array(z.unknown()).default([]),
})
