/**
 * Inventory of Linux hosts over SSH, and an engine that upgrades them with their package manager.
 * docs/integrations/ssh.md
 */

export { createSshConnections, type SshConnections } from './connections.ts'
export { createSshEngine, type SshEngineOptions } from './engine.ts'
export { createSshInventory, type SshHost, type SshInventoryOptions } from './inventory.ts'
export type { SshTarget } from './target.ts'
export type { CarriedScript, RemoteAnswer, ScriptCarrier } from './transport.ts'
