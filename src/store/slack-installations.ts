import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto'
import { asc, eq } from 'drizzle-orm'
import type { Db } from './connection.ts'
import { slackInstallations } from './schema.ts'

/** What Slack gives when a workspace installs the app. Other members are kept unchanged. */
export interface Installation {
  readonly team?: { readonly id: string; readonly name?: string | undefined } | undefined
  readonly enterprise?: { readonly id: string; readonly name?: string | undefined } | undefined
  readonly isEnterpriseInstall?: boolean | undefined
  readonly bot?: { readonly token: string } | undefined
}

export interface InstallationQuery {
  readonly teamId: string | undefined
  readonly enterpriseId: string | undefined
  readonly isEnterpriseInstall: boolean
}

/**
 * Stores installations, encrypted with AES-256-GCM and bound to their workspace. The key is made of a secret that is
 * not in the database.
 */
export function createSlackInstallations<T extends Installation>(db: Db, secret: string, clock: () => Date) {
  const key = Buffer.from(hkdfSync('sha256', secret, '', 'patchwarden slack installations', 32))

  async function read(workspace: string): Promise<{ readonly installation: T; readonly name: string } | null> {
    const [row] = await db.select().from(slackInstallations).where(eq(slackInstallations.workspace, workspace))
    if (!row) return null
    return { installation: JSON.parse(unseal(key, workspace, row.installation)), name: row.name }
  }

  return {
    async storeInstallation(installation: T): Promise<void> {
      const owner = installation.isEnterpriseInstall ? installation.enterprise : installation.team
      if (!owner) throw new Error('Slack named no workspace with the installation.')
      const row = {
        name: owner.name ?? owner.id,
        installation: seal(key, owner.id, JSON.stringify(installation)),
        installedAt: clock().toISOString(),
      }
      await db
        .insert(slackInstallations)
        .values({ workspace: owner.id, ...row })
        .onConflictDoUpdate({ target: slackInstallations.workspace, set: row })
    },
    async fetchInstallation(query: InstallationQuery): Promise<T> {
      const found = await read(ownerOf(query))
      if (found === null) throw new Error('This Slack workspace has not installed the app: open /slack/install.')
      return found.installation
    },
    async deleteInstallation(query: InstallationQuery): Promise<void> {
      await db.delete(slackInstallations).where(eq(slackInstallations.workspace, ownerOf(query)))
    },
    async find(workspace: string): Promise<{ readonly botToken: string; readonly name: string } | null> {
      const found = await read(workspace)
      const botToken = found?.installation.bot?.token
      return found === null || botToken === undefined ? null : { botToken, name: found.name }
    },
    async all(): Promise<readonly string[]> {
      const rows = await db
        .select({ workspace: slackInstallations.workspace })
        .from(slackInstallations)
        .orderBy(asc(slackInstallations.installedAt))
      return rows.map((row) => row.workspace)
    },
  }
}

function ownerOf({ teamId, enterpriseId, isEnterpriseInstall }: InstallationQuery): string {
  return (isEnterpriseInstall ? enterpriseId : teamId) ?? ''
}

function seal(key: Buffer, workspace: string, text: string): string {
  const nonce = randomBytes(12)
  const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(Buffer.from(workspace))
  const sealed = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()])
  return [nonce, cipher.getAuthTag(), sealed].map((part) => part.toString('base64url')).join('.')
}

function unseal(key: Buffer, workspace: string, sealed: string): string {
  const [nonce = Buffer.alloc(0), tag = Buffer.alloc(0), text = Buffer.alloc(0)] = sealed
    .split('.')
    .map((part) => Buffer.from(part, 'base64url'))
  try {
    const cipher = createDecipheriv('aes-256-gcm', key, nonce).setAAD(Buffer.from(workspace)).setAuthTag(tag)
    return Buffer.concat([cipher.update(text), cipher.final()]).toString('utf8')
  } catch {
    throw new Error(
      `The installation of the Slack workspace ${workspace} cannot be read: SLACK_CLIENT_SECRET is another one than when it was made. Install the app there again.`,
    )
  }
}
