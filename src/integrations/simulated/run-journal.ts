/**
 * Stores each started run in a file. So a second start finds the first one, also after kill -9 and from another
 * process.
 */

import { link, mkdir, open, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { errorCode, readBoundedFile, replaceFile, syncFolder, temporaryBeside } from '../bounded-file.ts'
import { schemaProblem } from '../feeds/schema-problem.ts'
import { inputLimits } from '../input-limits.ts'
import { parseJson } from '../json-text.ts'
import type { PackageBatch } from '../package-engine.ts'

const runSchema = z.object({
  key: z.string(),
  startedAt: z.iso.datetime(),
  /** Assets that have not begun before this time never begin; `null`: not cancelled. */
  cancelledAt: z.iso.datetime().nullable(),
  deployments: z.array(
    z.object({
      asset: z.string(),
      name: z.string(),
      changes: z.array(
        z.object({ name: z.string(), architecture: z.string(), from: z.string().nullable(), to: z.string() }),
      ),
      transaction: z.array(
        z.object({
          action: z.enum(['install', 'upgrade', 'remove', 'downgrade']),
          name: z.string(),
          architecture: z.string(),
          from: z.string().nullable(),
          to: z.string().nullable(),
        }),
      ),
      reboot: z.enum(['never', 'if required']),
      /** The work does not begin at this time or later; `null`: no end. */
      notAfter: z.iso.datetime().nullable().default(null),
    }),
  ),
})

export type Run = z.infer<typeof runSchema>
export type RunDeployment = Run['deployments'][number]

export interface RunJournal {
  /**
   * Stores the run, unless the key is already stored. Returns the stored run. When both have a time limit for an asset,
   * the earlier one counts.
   */
  begin(batch: PackageBatch, now: Date): Promise<Run>
  /** Throws a sentence when the run does not exist. */
  read(key: string): Promise<Run>
  /** Only the first cancellation counts. */
  cancel(key: string, now: Date): Promise<void>
}

export function createRunJournal(folder: string): RunJournal {
  async function read(key: string): Promise<Run> {
    const path = runFile(folder, key)
    const { bytes } = await readBoundedFile(path, inputLimits.inventoryFileBytes)
    const run = runSchema.safeParse(parseJson(bytes.toString('utf8'), path))
    if (!run.success) throw new Error(`${path} is not a run that Patchwarden wrote: ${schemaProblem(run.error)}`)
    return run.data
  }

  async function begin(batch: PackageBatch, now: Date): Promise<Run> {
    const path = runFile(folder, batch.key)
    const deployments = batch.deployments.map(({ asset, changes, transaction, reboot, notAfter }) => ({
      asset: asset.id,
      name: asset.name,
      changes: [...changes],
      transaction: [...transaction],
      reboot,
      notAfter,
    }))
    const run: Run = { key: batch.key, startedAt: now.toISOString(), cancelledAt: null, deployments }
    await mkdir(folder, { recursive: true })
    const temporary = temporaryBeside(path)
    await writeSynced(temporary, `${JSON.stringify(run, null, 2)}\n`)
    try {
      await link(temporary, path)
      await syncFolder(folder)
    } catch (error) {
      if (errorCode(error) !== 'EEXIST') throw error
      await shorten(await read(batch.key), run)
    } finally {
      await rm(temporary, { force: true })
    }
    return read(batch.key)
  }

  async function shorten(known: Run, again: Run): Promise<void> {
    const given = new Map(again.deployments.map(({ asset, notAfter }) => [asset, notAfter]))
    const deployments = known.deployments.map((deployment) => {
      const notAfter = earlier(deployment.notAfter, given.get(deployment.asset) ?? null)
      return { ...deployment, notAfter }
    })
    if (deployments.every(({ notAfter }, index) => notAfter === known.deployments[index]?.notAfter)) return
    await replaceFile(runFile(folder, known.key), `${JSON.stringify({ ...known, deployments }, null, 2)}\n`)
  }

  async function cancel(key: string, now: Date): Promise<void> {
    const run = await read(key)
    if (run.cancelledAt !== null) return
    const cancelled: Run = { ...run, cancelledAt: now.toISOString() }
    await replaceFile(runFile(folder, key), `${JSON.stringify(cancelled, null, 2)}\n`)
  }

  return { begin, read, cancel }
}

function earlier(a: string | null, b: string | null): string | null {
  if (a === null || b === null) return a ?? b
  return Date.parse(a) < Date.parse(b) ? a : b
}

function runFile(folder: string, key: string): string {
  if (!/^[A-Za-z0-9._-]{1,200}$/.test(key)) throw new Error(`"${key}" cannot be the key of a run`)
  return join(folder, `${key}.json`)
}

async function writeSynced(path: string, content: string): Promise<void> {
  const file = await open(path, 'w')
  try {
    await file.writeFile(content)
    await file.sync()
  } finally {
    await file.close()
  }
}
