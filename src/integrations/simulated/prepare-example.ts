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

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  )
}
