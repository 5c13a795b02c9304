/** Whether an account may be linked with a person: a link never takes the place of another. */

export interface WantedLink {
  readonly person: string
  /** How the account is called: `the Discord account tomski (8035)`. */
  readonly account: string
  /** What revokes it on the command line, whoever it is linked with: `discord 8035`. */
  readonly address: string
  readonly platform: string
  /** The person whom the configuration names it for. */
  readonly configuredFor: string | null
  /** The person it is linked with now. */
  readonly linkedWith: string | null
  /** How the account of the same platform is called that is linked with the person now. */
  readonly earlier: string | null
}

export interface LinkObstacle {
  /** True: what is asked for is so already. */
  readonly already: boolean
  readonly sentence: string
}

/** `null`: nothing is in the way. */
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
