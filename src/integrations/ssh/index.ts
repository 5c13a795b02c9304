/** Debian and Ubuntu hosts over SSH: their inventory, and an engine that upgrades them with apt. docs/integrations/ssh.md */

export { createSshAptEngine, type SshAptEngineOptions } from './engine.ts'
export { createSshInventory, type SshHost, type SshInventoryOptions } from './inventory.ts'
export type { SshTarget } from './target.ts'
