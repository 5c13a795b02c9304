import { homedir } from 'node:os'
import { resolve } from 'node:path'

/** The absolute form of `path`. A relative path counts from `base`, `~` is the home folder. */
export function absolutePath(path: string, base: string): string {
  if (path === '~') return homedir()
  return path.startsWith('~/') ? resolve(homedir(), path.slice(2)) : resolve(base, path)
}
