/** What can be wrong with the way from people on a chat platform to us. */
export const troubleKinds = ['connection', 'signature', 'clock', 'scopes', 'members', 'channels', 'commands'] as const
export type TroubleKind = (typeof troubleKinds)[number]
