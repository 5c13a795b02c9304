/** Ids that count only in their realm: `U012AB3CD` of one Slack workspace may be another person's in another workspace. */

export interface RealmId {
  /** `null`: it is not written; the only realm there is. */
  readonly realm: string | null
  readonly id: string
}

/** Reads `T012AB3CD/U012AB3CD`, or `U012AB3CD` alone. */
export function readRealmId(written: string): RealmId {
  const [first = '', second] = written.split('/')
  return second === undefined ? { realm: null, id: first } : { realm: first, id: second }
}

/** Written so that it can be read again. */
export function writeRealmId({ realm, id }: RealmId): string {
  return realm === null ? id : `${realm}/${id}`
}
