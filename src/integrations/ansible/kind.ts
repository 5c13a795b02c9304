import path from 'node:path'
import { z } from 'zod'
import { patienceOf, upgradeTimes } from '../../config/engine-settings.ts'
import { count, duration, filePath, optional } from '../../config/fields.ts'
import { kind } from '../../config/kind.ts'
import { present } from '../../config/present.ts'
import { HOUR_SECONDS } from '../../core/time/instant.ts'
import { createAnsibleEngine, createAnsibleModuleEngine } from './index.ts'

export const ansible = kind({
  name: 'ansible',
  page: 'integrations/ansible.md',
  roles: {
    engine: {
      summary: 'Upgrades through a playbook, on hosts that an Ansible inventory names as the assets are named.',
      settings: z.strictObject({
        playbook: filePath.describe('The playbook, such as a copy of examples/ansible/patchwarden-apt.yml.'),
        mode: z
          .enum(['journal', 'module'], { error: 'Write journal or module.' })
          .default('journal')
          .describe(
            'journal: the playbook carries scripts, and upgrades run detached on the host, once. module: the playbook upgrades by itself, and its recap counts.',
          ),
        inventory: filePath.describe(
          'The Ansible inventory: a file, a folder, a script, or the configuration of a plugin.',
        ),
        config: optional(filePath).describe('The ansible.cfg to use. Default: where Ansible looks by itself.'),
        vaultPasswordFile: optional(filePath).describe(
          'File with the password of the Ansible vault, or a program that prints it.',
        ),
        command: filePath.default('ansible-playbook').describe('The program: ansible-playbook, or a path to it.'),
        forks: count(1, 500, 'Write how many hosts at the same time: 1 to 500.')
          .default(20)
          .describe('Hosts that Ansible works on at the same time.'),
        lookEvery: duration({ unit: 's', minimum: 0, maximum: HOUR_SECONDS })
          .prefault('10 s')
          .describe('How often hosts at work are asked how far they are; each time is a run of the playbook.'),
        ...upgradeTimes,
      }),
      paths: {
        playbook: 'path',
        inventory: 'path',
        config: 'path',
        vaultPasswordFile: 'path',
        command: 'program',
      },
      create(engine, { name, config, clock }) {
        const { playbook, inventory, command, forks } = engine
        const settings = {
          ...{ name, playbook, inventory, command, forks, clock },
          ...present({ configFile: engine.config, vaultPasswordFile: engine.vaultPasswordFile }),
        }
        if (engine.mode === 'journal') {
          return createAnsibleEngine({ ...settings, ...patienceOf(engine), lookEverySeconds: engine.lookEvery })
        }
        const stateFolder = path.join(config.dataDir, 'ansible', name)
        return createAnsibleModuleEngine({ ...settings, transactionSeconds: engine.transactionTimeout, stateFolder })
      },
    },
  },
})
