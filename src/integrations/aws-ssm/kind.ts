import { z } from 'zod'
import { patienceOf, upgradeTimes } from '../../config/engine-settings.ts'
import { optional } from '../../config/fields.ts'
import { kind } from '../../config/kind.ts'
import { present } from '../../config/present.ts'
import { createSsmEngine } from './index.ts'

export const awsSsm = kind({
  name: 'aws-ssm',
  page: 'integrations/aws-ssm.md',
  variables: {
    about:
      'Engines of kind aws-ssm use what the AWS SDK finds (AWS_PROFILE, AWS_ACCESS_KEY_ID, a role): in the environment, not here.',
    named: {},
  },
  roles: {
    engine: {
      summary: 'Upgrades with apt through Run Command of AWS Systems Manager.',
      settings: z.strictObject({
        region: z
          .string()
          .regex(/^[a-z]{2,3}(-[a-z]+)+-\d{1,2}$/, { error: 'Write a region of AWS, such as eu-central-1.' })
          .describe('The region of the instances.'),
        endpoint: optional(
          z.string().refine((url) => url.startsWith('https://') && URL.canParse(url), {
            error: 'Write an address with https://.',
          }),
        ).describe("An address other than Amazon's own, such as a VPC endpoint."),
        document: z
          .string()
          .regex(/^[A-Za-z0-9_.:/-]{3,256}$/, { error: 'Write the name or ARN of a document of Systems Manager.' })
          .default('AWS-RunShellScript')
          .describe('The document that runs the parameter `commands` as root.'),
        ...upgradeTimes,
      }),
      create: (engine, { name, clock }) =>
        createSsmEngine({
          name,
          region: engine.region,
          document: engine.document,
          ...patienceOf(engine),
          ...present({ endpoint: engine.endpoint }),
          clock,
        }),
    },
  },
})
