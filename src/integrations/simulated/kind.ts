import { resolve } from 'node:path'
import { z } from 'zod'
import { duration, filePath, optional } from '../../config/fields.ts'
import { kind } from '../../config/kind.ts'
import { quote } from '../../config/problem.ts'
import type { SourceConfig } from '../../config/schema.ts'
import { HOUR_SECONDS } from '../../core/time/instant.ts'
import { createSimulatedProbe } from '../health/index.ts'
import { createSimulatedEngine } from './index.ts'
import { copyOnce } from './prepare-example.ts'

export const simulated = kind({
  name: 'simulated',
  page: 'example-fleet.md',
  roles: {
    engine: {
      summary: 'Changes versions in a file and touches no host: for the example fleet.',
      settings: z.strictObject({
        state: filePath.describe('The JSON inventory that it changes in place.'),
        startsAs: optional(filePath).describe('This file is copied to `state` when there is none yet. Default: none.'),
        pace: duration({ unit: 's', minimum: 0, maximum: HOUR_SECONDS })
          .prefault('3 s')
          .describe('How long one asset takes.'),
      }),
      paths: { state: 'path', startsAs: 'path' },
      obstacle: ({ state }, source) =>
        reads(source, state)
          ? null
          : {
              what: `is of kind simulated, which changes only ${quote(state)}`,
              mend: 'Use it with a source of kind file that reads the same file, or name a real engine.',
            },
      create({ state, startsAs, pace }, { name, clock }) {
        // Before anything reads: the source of the same file is not told of its beginning.
        if (startsAs !== null) copyOnce(startsAs, state)
        return createSimulatedEngine({ name, stateFile: state, pace, clock })
      },
      health: ({ state }, otherwise) => createSimulatedProbe({ stateFile: state, otherwise }),
    },
  },
})

function reads({ kind, path }: SourceConfig, file: string): boolean {
  return kind === 'file' && typeof path === 'string' && resolve(path) === resolve(file)
}
