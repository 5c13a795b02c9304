import { z } from 'zod'
import { fileFormats } from '../core/inventory-formats.ts'
import {
  count,
  criticality,
  duration,
  exposure,
  filePath,
  optional,
  platform,
  port,
  reference,
  tags,
  text,
  timeZone,
  yesOrNo,
} from './fields.ts'

const MINUTE = 60
const hostMend = 'Write a host name or an alias from the SSH configuration, such as web01.example.net.'
const userMend = 'Write a login name, such as patch.'

/** Never begins with "-": it ends up as an argument of ssh. */
export const host = text(hostMend, 253).regex(/^[A-Za-z0-9_][A-Za-z0-9._-]*$/, { error: hostMend })
const address = text('Write a host name or an IP address.', 253).regex(/^[A-Za-z0-9_:[][A-Za-z0-9._:[\]-]*$/, {
  error: 'Write a host name or an IP address.',
})
export const user = text(userMend, 64).regex(/^[A-Za-z_][A-Za-z0-9._-]*\$?$/, { error: userMend })

/** What is said of assets, each or all of a source. */
const facts = {
  team: optional(reference('a team')).describe('The team that owns it: a name from teams.'),
  exposure: optional(exposure).describe('How far an attacker can reach it: small, controlled or open.'),
  criticality: optional(criticality).describe('How much it hurts when it fails: low, medium, high or very high.'),
  timeZone: optional(timeZone).describe('IANA zone of the place where it stands. Default: the zone of the team.'),
}

const engine = optional(reference('an engine')).describe(
  'The engine that may change the assets: a name from engines. Left out: they are only watched.',
)
const allTags = tags.describe('Tags of every asset of this source.')

const localSource = z.strictObject({
  kind: z.literal('local').describe('The machine that Patchwarden runs on.'),
  name: optional(host).describe('Name of the asset. Default: the host name.'),
  engine,
  ...facts,
  tags: allTags,
})

const sshHost = z.strictObject({
  name: host.describe('Short name of the asset.'),
  address: optional(address).describe('Host name or address to connect to. Default: the name.'),
  user: optional(user).describe('Login on this host.'),
  port: optional(port).describe('SSH port of this host.'),
  ...facts,
  tags: tags.describe('Tags of this host, beside those of the source.'),
})

const sshSource = z.strictObject({
  kind: z.literal('ssh').describe('Hosts that are asked over SSH.'),
  engine,
  user: optional(user).describe('Login on the hosts. Default: what the SSH configuration says.'),
  port: optional(port).describe('SSH port. Default: what the SSH configuration says.'),
  identityFile: optional(filePath).describe('Private key. Default: what the SSH configuration says.'),
  knownHostsFile: optional(filePath).describe('Known host keys. Default: what the SSH configuration says.'),
  sshConfig: optional(filePath).describe('SSH configuration to use. Default: that of the user.'),
  refresh: yesOrNo.default(true).describe('Let each host refresh its package lists before it is looked at.'),
  concurrency: count(1, 200, 'Write how many hosts at the same time: 1 to 200.')
    .default(8)
    .describe('Hosts asked at the same time.'),
  connectTimeout: duration({ unit: 's', minimum: 1, maximum: 5 * MINUTE })
    .prefault('10 s')
    .describe('How long to wait for a connection.'),
  ...facts,
  tags: allTags,
  hosts: z
    .array(z.union([host.transform((name) => sshHost.parse({ name })), sshHost]), {
      error: 'Write a list of hosts, such as [web01, web02].',
    })
    .min(1, { error: 'Write at least one host, such as [web01].' })
    .max(10_000, { error: 'Use at most 10,000 hosts in one source.' })
    .describe('The hosts: a name each, or a name with what is different about it.'),
})

const fileSource = z.strictObject({
  kind: z.literal('file').describe('Assets listed in a file.'),
  path: filePath.describe('The file; it may be packed with gzip.'),
  format: z
    .enum(fileFormats, { error: `Write ${fileFormats.slice(0, -1).join(', ')} or ${fileFormats.at(-1)}.` })
    .describe('What the file is: json and csv list any number of assets, the others describe one machine.'),
  name: optional(host).describe(
    'Name of the asset, of one machine. Default: what the file says, else the name of the source.',
  ),
  platform: optional(platform).describe('Platform of assets that do not say theirs, such as debian:12.'),
  address: optional(address).describe('Host name or address, of one machine. Default: the name.'),
  engine,
  ...facts,
  tags: allTags,
})

export const source = z.discriminatedUnion('kind', [localSource, sshSource, fileSource], {
  error: 'Write local, ssh or file.',
})

export type SourceConfig = z.infer<typeof source>
export type LocalSourceConfig = z.infer<typeof localSource>
export type SshSourceConfig = z.infer<typeof sshSource>
export type SshHostConfig = z.infer<typeof sshHost>
export type FileSourceConfig = z.infer<typeof fileSource>
