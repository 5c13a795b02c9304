/** Reads and describes the environment. It knows the variables of every chat platform and every kind of integration. */

import { platformKinds } from '../chat/registry.ts'
import { environmentOf } from '../config/environment.ts'
import { kinds } from '../integrations/registry.ts'

export const { readEnvironment, variableNames, variableReference, exampleEnvironment } = environmentOf(
  [...Object.values(platformKinds), ...kinds].flatMap(({ variables }) => variables ?? []),
)
