/** Whether an account may be linked with a person. A new link never replaces another one. */

export interface WantedLink {
  readonly person: string
  /** The account for people to read, e.g. `the Discord account tomski (8035)`. */
  readonly account: string
  /** The arguments of the command that revokes the link, e.g. `discord 8035`. */
  readonly address: string
  readonly platform: string
  /** The person to whom the configuration gives the account; `null`: nobody. */
  readonly configuredFor: string | null
  /** The person with whom the account is linked now; `null`: nobody. */
  readonly linkedWith: string | null
  /** The account of the same platform that the person has now, for people to read; `null`: none. */
  readonly earlier: string | null
}

export interface LinkObstacle {
  /** True: the account is already linked with this person. */
  readonly already: boolean
  readonly sentence: string
}

/** Why the account may not be linked; `null`: it may. */
export function linkObstacle(wanted: WantedLink): LinkObstacle | null {
  const { person, account, configuredFor, linkedWith, earlier } = wanted
  if ((configuredFor ?? linkedWith) === person)
    return { already: true, sentence: `${capital(account)} speaks for you already.` }
  if (configuredFor !== null) {
    const why = 'The configuration names it for somebody else; ask an operator, should that be wrong.'
    return { already: false, sentence: `${capital(account)} cannot be linked with you. ${why}` }
  }
  if (linkedWith !== null) {
    const first = `They revoke it first (/patch unlink ${wanted.platform}), or an operator does: npx patchwarden accounts revoke ${wanted.address}.`
    return { already: false, sentence: `${capital(account)} is linked with somebody else. ${first}` }
  }
  if (earlier === null) return null
  const first = `Revoke it first: /patch unlink ${wanted.platform}. Then type the code again.`
  return {
    already: false,
    sentence: `${capital(earlier)} is linked with you already, and each person has one on a platform. ${first}`,
  }
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1)
}
