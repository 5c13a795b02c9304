/** Reads and changes the state file. Each change is complete or not made at all, whatever process makes it. */

import type { z } from 'zod'
import { readBoundedFile, replaceFile } from '../bounded-file.ts'
import { schemaProblem } from '../feeds/schema-problem.ts'
import { inputLimits } from '../input-limits.ts'
import { parseJson } from '../json-text.ts'
import { prepareExample } from '../simulated/prepare-example.ts'
import { withFileLock } from './file-lock.ts'
import { type SystemState, systemSchema } from './state.ts'

export interface StateStore<State> {
  read(): Promise<State>
  /** Gives `work` the state and keeps what it returns. `work` may run again, so it does nothing else. */
  change<T>(work: (state: State) => readonly [State, T]): Promise<T>
}

export type SystemStore = StateStore<SystemState>

/** `startsAs`: the file that is copied to `path` when there is none yet; `null`: `path` must exist. */
export function createFileStore(path: string, startsAs: string | null): SystemStore {
  return createStateFile(path, startsAs, systemSchema, 'a simulated system')
}

/** `what`: whose state it is, for people. */
export function createStateFile<State>(
  path: string,
  startsAs: string | null,
  schema: z.ZodType<State>,
  what: string,
): StateStore<State> {
  async function prepare(): Promise<void> {
    if (startsAs !== null) await prepareExample({ from: startsAs, to: path })
  }

  async function load(): Promise<State> {
    const { bytes } = await readBoundedFile(path, inputLimits.inventoryFileBytes)
    const parsed = schema.safeParse(parseJson(bytes.toString('utf8'), path))
    if (!parsed.success) throw new Error(`${path} is not the state of ${what}: ${schemaProblem(parsed.error)}`)
    return parsed.data
  }

  return {
    async read() {
      await prepare()
      return load()
    },
    async change(work) {
      await prepare()
      return withFileLock(`${path}.lock`, async () => {
        const before = await load()
        const [after, result] = work(before)
        if (after !== before) await replaceFile(path, `${JSON.stringify(after, null, 2)}\n`)
        return result
      })
    },
  }
}
