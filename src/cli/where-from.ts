import { hostname, userInfo } from 'node:os'

/** Who ran this, and on which host, as the operating system says; a user without a name is told by number. */
export function whereFrom(): { readonly user: string; readonly host: string } {
  return { user: systemUser(), host: hostname() }
}

function systemUser(): string {
  try {
    return userInfo().username
  } catch {
    return `uid ${process.getuid?.() ?? 'unknown'}`
  }
}
