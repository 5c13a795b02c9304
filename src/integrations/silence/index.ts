/** Prevents alerts from monitoring systems about assets that are being patched. docs/silences.md */

export { type AlertmanagerAccess, type AlertmanagerOptions, createAlertmanagerSilence } from './alertmanager.ts'
export { type CommandSilenceOptions, createCommandSilence } from './command.ts'
export type { MatcherTemplate } from './matcher.ts'
