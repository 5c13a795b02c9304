import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { Fleet } from './fleet.ts'

const run = promisify(execFile)

/** Why playbooks cannot be run on this machine, or null where they can. */
export async function ansibleReason(): Promise<string | null> {
  try {
    await run('ansible-playbook', ['--version'])
    await run('ansible-doc', ['--type', 'callback', 'ansible.posix.json'])
    return null
  } catch {
    return 'it needs ansible-playbook and the collection ansible.posix (Debian: apt-get install ansible)'
  }
}

export interface AnsibleFiles {
  readonly folder: string
  readonly inventory: string
  readonly configFile: string
  close(): Promise<void>
}

/** An inventory of the fleet's hosts, and an ansible.cfg that keeps connections in a folder of its own. */
export async function ansibleFiles(fleet: Fleet): Promise<AnsibleFiles> {
  const folder = await mkdtemp(join(tmpdir(), 'pw-ansible-'))
  const inventory = join(folder, 'inventory.ini')
  const configFile = join(folder, 'ansible.cfg')
  const hosts = fleet.hosts.map(({ name, address, port }) => `${name} ansible_host=${address} ansible_port=${port}`)
  const variables = [
    'ansible_user=patch',
    `ansible_ssh_private_key_file=${fleet.identity}`,
    `ansible_ssh_common_args="-o UserKnownHostsFile=${fleet.knownHosts} -o IdentitiesOnly=yes"`,
    'ansible_python_interpreter=/usr/bin/python3',
  ]
  await writeFile(inventory, ['[web]', ...hosts, '', '[all:vars]', ...variables, ''].join('\n'))
  await writeFile(configFile, `[defaults]\ntimeout = 2\n[ssh_connection]\ncontrol_path_dir = ${folder}/cp\n`)
  return { folder, inventory, configFile, close: () => rm(folder, { recursive: true, force: true }) }
}
