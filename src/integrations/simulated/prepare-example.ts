import { copyFileSync, existsSync, linkSync, mkdirSync, rmSync } from 'node:fs'
import { copyFile, link, mkdir, rm, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { errorCode, temporaryBeside } from '../bounded-file.ts'

/**
 * Copies the shipped example fleet to a place where it may be changed. An existing copy is kept. Returns true when it
 * copied. Throws when the shipped file is missing.
 */
export async function prepareExample(files: { readonly from: string; readonly to: string }): Promise<boolean> {
  if (await exists(files.to)) return false
  await mkdir(dirname(files.to), { recursive: true })
  const temporary = temporaryBeside(files.to)
  try {
    await copyFile(files.from, temporary)
    await link(temporary, files.to)
    return true
  } catch (error) {
    if (errorCode(error) === 'EEXIST') return false
    throw error
  } finally {
    await rm(temporary, { force: true })
  }
}

/** The same without waiting, for what must be there before anything is read. Throws a sentence when `from` is missing. */
export function copyOnce(from: string, to: string): void {
  if (existsSync(to)) return
  mkdirSync(dirname(to), { recursive: true })
  const temporary = temporaryBeside(to)
  try {
    copyFileSync(from, temporary)
    linkSync(temporary, to)
  } catch (error) {
    if (errorCode(error) === 'ENOENT') throw new Error(`${from} is missing: startsAs must name a file that is there.`)
    if (errorCode(error) !== 'EEXIST') throw error
  } finally {
    rmSync(temporary, { force: true })
  }
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  )
}
