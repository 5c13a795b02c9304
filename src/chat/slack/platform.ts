import type { PlatformKind } from '../platform-kind.ts'
import { slackAccess, slackVariables } from './access.ts'

export const slack: PlatformKind = {
  variables: slackVariables,
  isUsed: (values) => slackAccess(values) !== null,
  async connect({ slackWorkspaces, slackInstallations, values, ...given }) {
    const access = slackAccess(values)
    if (access === null) return null
    const { createSlack } = await import('./connection.ts')
    const installations = slackInstallations(access.mode === 'oauth' ? access.clientSecret : '')
    const apiUrl = values.SLACK_API_URL ?? null
    return createSlack({ ...given, access, apiUrl, installations, named: slackWorkspaces })
  },
}
