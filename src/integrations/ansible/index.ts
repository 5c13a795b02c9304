/** Hosts of an Ansible inventory, upgraded by a playbook of the operator's. docs/integrations/ansible.md */

export { type AnsibleEngineOptions, createAnsibleEngine } from './engine.ts'
export { type AnsibleModuleEngineOptions, createAnsibleModuleEngine } from './module-engine.ts'
