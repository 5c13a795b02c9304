import { hostname, userInfo } from 'node:os'

/** The system user who ran this, and the host. A user without a name is given as a number. */
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
