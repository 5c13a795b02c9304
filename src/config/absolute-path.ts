import { homedir } from 'node:os'
import { resolve } from 'node:path'

/** `path` as it is when absolute, else below `base`. */
export function absolutePath(path: string, base: string): string {
  if (path === '~') return homedir()
  return path.startsWith('~/') ? resolve(homedir(), path.slice(2)) : resolve(base, path)
}
