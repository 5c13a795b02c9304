/** A script that answers on a Windows server, and the command that runs it. */

import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import type { WindowsCommand } from '../ssh/target.ts'

/**
 * Where the script lies on the server: in the home of the login, in which nobody else may write, or in a folder that the
 * operator made. Neither cmd.exe nor PowerShell changes such a path, so it needs no quotation marks.
 */
export const HOME_FOLDER = '.patchwarden'
const folderPattern = /^(?:[A-Za-z]:\/)?[\w.-]+(?:\/[\w.-]+)*$/

export interface Script {
  readonly text: string
  /** Lower case hexadecimal. */
  readonly sha256: string
  /** Its name says its content, so that two versions of Patchwarden do not replace each other's. */
  readonly file: string
}

/** `own`: the part that knows one kind of server. It stands between what is the same for all. `name`: for its file. */
export function scriptOf(name: string, own: URL): Script {
  const parts = [new URL('./begin.ps1', import.meta.url), own, new URL('./end.ps1', import.meta.url)]
  // One kind of line end, however the checkout was made: the server compares what arrives.
  const text = parts.map((part) => readFileSync(part, 'ascii').replaceAll('\r\n', '\n')).join('')
  const sha256 = createHash('sha256').update(text, 'ascii').digest('hex')
  return { text, sha256, file: `${name}-${sha256.slice(0, 16)}.ps1` }
}

/** Returns the folder with `/` alone. Throws a sentence for one that cannot be written without quotation marks. */
export function checkedFolder(folder: string): string {
  const plain = folder.replaceAll('\\', '/').replace(/\/$/, '')
  if (folderPattern.test(plain)) return plain
  throw new Error(
    `${JSON.stringify(folder)} cannot be the folder of the script: write letters, digits, dots, hyphens and underscores, such as C:\\ProgramData\\Patchwarden.`,
  )
}

/** The path as SFTP wants it: an absolute one begins with a slash. */
export function sftpPath(folder: string, file: string): string {
  return `${/^[A-Za-z]:/.test(folder) ? '/' : ''}${folder}/${file}`
}

/** `folder` is one of `checkedFolder`. */
export function commandFor(op: string, folder: string, { file, sha256 }: Script): WindowsCommand {
  return `powershell.exe -NoProfile -NonInteractive -ExecutionPolicy Bypass -File ${folder}/${file} -Op ${op} -Sha256 ${sha256}`
}
