import type { ServerResponse } from 'node:http'
import type { Installation, InstallationQuery, InstallationStore } from '@slack/bolt'
import { errorText } from '../../core/error-text.ts'
import { notNamed } from './workspaces.ts'

type Installed = Pick<Installation, 'team' | 'isEnterpriseInstall' | 'bot'>

/**
 * Installations of the workspaces that the operator named. Anybody can open the install page. So installations of other
 * workspaces are not stored, and stored ones are not used.
 */
export function namedInstallations(store: InstallationStore, named: readonly string[]): InstallationStore {
  const refuse = (problem: string | null) => {
    if (problem !== null) throw new Error(problem)
  }
  return {
    async storeInstallation(installation, logger) {
      refuse(installProblem(installation, named))
      return store.storeInstallation(installation, logger)
    },
    async fetchInstallation(query, logger) {
      refuse(queryProblem(query, named))
      return store.fetchInstallation(query, logger)
    },
    async deleteInstallation(query, logger) {
      return store.deleteInstallation?.(query, logger)
    },
  }
}

function queryProblem(
  { teamId, enterpriseId, isEnterpriseInstall }: InstallationQuery<boolean>,
  named: readonly string[],
): string | null {
  const id = (isEnterpriseInstall ? enterpriseId : teamId) ?? ''
  return !isEnterpriseInstall && named.includes(id) ? null : notNamed(id)
}

function installProblem({ team, isEnterpriseInstall }: Installed, named: readonly string[]): string | null {
  if (isEnterpriseInstall || team === undefined)
    return 'The app was installed for a whole organisation; its workspaces install it one by one.'
  return named.includes(team.id) ? null : notNamed(team.id)
}

/** Checks a new installation. If its workspace does not count, the token is revoked and the installer is told why. */
export function refusing(
  named: readonly string[],
  revoke: (token: string) => Promise<unknown>,
  log: { warn(message: string): void },
): (installation: Installed, response: ServerResponse) => Promise<boolean> {
  return async (installation, response) => {
    const problem = installProblem(installation, named)
    if (problem === null) return true
    const { team, bot } = installation
    log.warn(`Slack: the app was installed, and that was refused. ${problem}`)
    if (bot !== undefined)
      await revoke(bot.token).catch((error: unknown) =>
        log.warn(`Slack: the token of the refused installation could not be revoked: ${errorText(error)}`),
      )
    const fix =
      team === undefined
        ? 'Choose one workspace on the page of Slack.'
        : `Ask the operator to add ${team.id} to identity.slackWorkspaces in patchwarden.yaml and to start Patchwarden again, then install it once more.`
    const who =
      team === undefined
        ? problem
        : `The operator of this Patchwarden has not named the workspace ${team.name ?? team.id} (${team.id}).`
    // Plain text, because a stranger chose the workspace's name.
    response.writeHead(403, { 'content-type': 'text/plain; charset=utf-8', 'x-content-type-options': 'nosniff' })
    response.end(`Not installed. ${who} Nothing was kept. ${fix}\n`)
    return false
  }
}
