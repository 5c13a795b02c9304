/** Upgrades hosts of an Ansible inventory with the operator's playbook. docs/integrations/ansible.md */

export { type AnsibleEngineOptions, createAnsibleEngine } from './engine.ts'
export { createAnsibleModuleEngine } from './module-engine.ts'
export type { AnsibleModuleEngineOptions } from './module-run.ts'
