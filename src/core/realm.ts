/** Ids that are unique only within a realm. `U012AB3CD` may be different people in two Slack workspaces. */

export interface RealmId {
  /** `null`: not written, because there is only one realm. */
  readonly realm: string | null
  readonly id: string
}

/** Reads `T012AB3CD/U012AB3CD`, or `U012AB3CD` alone. */
export function readRealmId(written: string): RealmId {
  const [first = '', second] = written.split('/')
  return second === undefined ? { realm: null, id: first } : { realm: first, id: second }
}

/** Writes the id in the form that `readRealmId` reads. */
export function writeRealmId({ realm, id }: RealmId): string {
  return realm === null ? id : `${realm}/${id}`
}
