/** Linux hosts over SSH: their inventory, and an engine that upgrades them with their package manager. docs/integrations/ssh.md */

export { apt } from './apt.ts'
export { createSshConnections, type SshConnections } from './connections.ts'
export { dnf } from './dnf.ts'
export { createSshEngine, type SshEngineOptions } from './engine.ts'
export { createSshInventory, type SshHost, type SshInventoryOptions } from './inventory.ts'
export type { PackageManager } from './package-manager.ts'
export type { PatienceOptions } from './patience.ts'
export type { SshTarget } from './target.ts'
export type { CarriedScript, RemoteAnswer, ScriptCarrier } from './transport.ts'
export { zypper } from './zypper.ts'
