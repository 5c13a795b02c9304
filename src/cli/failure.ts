/** Bad use or bad input: each line says what, where and how to fix it. Printed on stderr; exit code 2. */
export class BadUse extends Error {
  readonly lines: readonly string[]

  constructor(...lines: readonly string[]) {
    super(lines.join('\n'))
    this.lines = lines
  }
}

const reasons: Readonly<Record<string, string>> = {
  EACCES: 'you may not. Start as the owner of the folder, or give it to you with chown -R.',
  EPERM: 'you may not. Start as the owner of the folder, or give it to you with chown -R.',
  EROFS: 'the file system is read-only. Mount it for writing, or set PATCHWARDEN_DATA to another folder.',
  ENOSPC: 'the disk is full. Make room there, or set PATCHWARDEN_DATA to a folder with more.',
  EDQUOT: 'the quota is used up. Make room there, or set PATCHWARDEN_DATA to a folder with more.',
  EFBIG: 'the limit on the size of files is reached. Raise it (ulimit -f).',
  EEXIST: 'a file is in the way where a folder should be. Move it away, or set PATCHWARDEN_DATA to another folder.',
  ENOTDIR: 'a file is in the way where a folder should be. Move it away, or set PATCHWARDEN_DATA to another folder.',
  ELOOP: 'a symbolic link leads to itself. Correct it.',
  EMFILE: 'too many files are open. Raise the limit (ulimit -n).',
  ENFILE: 'too many files are open on this machine.',
  EIO: 'the disk fails. Look at the log of the machine.',
}

/** Why a file cannot be used, as a sentence for the person at the command line; `null`: another kind of error. */
export function fileSentence(error: unknown): string | null {
  if (!(error instanceof Error && 'code' in error && 'syscall' in error)) return null
  const why = reasons[String(error.code)]
  if (why === undefined) return null
  const file = 'path' in error && typeof error.path === 'string' ? error.path : 'a file'
  return `Cannot use ${file} (${error.syscall}): ${why}`
}
