import { measureRules } from '../config/resolve.ts'
import type { Config } from '../config/schema.ts'
import type { Db } from '../store/connection.ts'
import { createDirectory, type Directory } from '../workflow/directory.ts'
import { createFreezeCalendars, type FreezeCalendars } from '../workflow/freeze-calendars.ts'
import type { WorkflowLog } from '../workflow/log.ts'
import { createMeasuredWindows, type MeasuredWindows } from '../workflow/measured-windows.ts'
import type { Outside } from './outside.ts'
import { buildGroups } from './people.ts'

/** What other systems said last. It counts until they are asked again. */
export interface LastKnown {
  /** Who is in which group. */
  readonly directory: Directory
  readonly measured: MeasuredWindows
  readonly freezeCalendars: FreezeCalendars
}

interface Given {
  readonly db: Db
  readonly clock: () => Date
  readonly log: WorkflowLog
}

/** Reads from the database what other systems said last. */
export async function loadLastKnown(
  config: Config,
  { loads, calendars }: Pick<Outside, 'loads' | 'calendars'>,
  given: Given,
): Promise<LastKnown> {
  const directory = createDirectory({ ...given, ...buildGroups(config) })
  await directory.load()
  const measured = createMeasuredWindows({ ...given, rules: measureRules(config), loads })
  await measured.load()
  const freezeCalendars = createFreezeCalendars({ ...given, calendars })
  await freezeCalendars.load()
  return { directory, measured, freezeCalendars }
}
