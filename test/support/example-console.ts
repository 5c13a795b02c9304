import type { Db } from '../../src/store/connection.ts'
import { createBackend } from '../../src/web/backend.ts'
import type { ConsolePort } from '../../src/web/console-port.ts'
import type { exampleService } from './example-service.ts'

/** The console's port on the example fleet; mara is its operator. */
export function exampleConsole(
  db: Db,
  { parts, workflow }: Awaited<ReturnType<typeof exampleService>>,
  {
    example = () => false,
    title = 'Payments',
    watched = [],
  }: {
    readonly example?: () => boolean
    readonly title?: string
    /** Teams that are only watched. */
    readonly watched?: readonly string[]
  } = {},
): ConsolePort {
  return createBackend({
    db,
    parts,
    workflow,
    people: {
      all: ['mara', 'tom', 'jonas', 'eva'].map((id) => ({ id, name: id, timeZone: null })),
      timeZone: 'UTC',
      operators: () => ['mara'],
      get example() {
        return example()
      },
    },
    channels: [
      { id: 'web-platform', title: 'Web platform', teams: ['web-platform'] },
      { id: 'payments', title, teams: ['payments'] },
      ...watched.map((team) => ({ id: team, title: team, teams: [team] })),
    ],
    sources: [{ name: 'example', kind: 'inventory', describe: 'A file' }],
    subscribe: () => () => {},
  })
}
