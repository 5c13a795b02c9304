import type postgres from 'postgres'
import { storableJson, storableText } from '../core/storable.ts'

/** Types of the server, by number. */
const [TEXT, VARCHAR, JSON_TEXT, JSONB] = [25, 1043, 114, 3802]

/**
 * Any text that somebody typed may be looked up or stored: no query fails because of a character that PostgreSQL cannot
 * store. Where the stored text must be the one that was hashed or compared, `storable` was applied before.
 */
export function cleanParameters({ options: { serializers } }: postgres.Sql): void {
  const wrap = (type: number, clean: (text: string) => string) => {
    const before = serializers[type]
    serializers[type] = (value: unknown) => clean(String(before ? before(value) : value))
  }
  for (const type of [TEXT, VARCHAR]) wrap(type, storableText)
  for (const type of [JSON_TEXT, JSONB]) wrap(type, storableJson)
}
