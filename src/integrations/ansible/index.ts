/** Hosts of an Ansible inventory, upgraded by a playbook of the operator's. docs/integrations/ansible.md */

export { type AnsibleEngineOptions, createAnsibleEngine } from './engine.ts'
export { createAnsibleModuleEngine } from './module-engine.ts'
export type { AnsibleModuleEngineOptions } from './module-run.ts'
