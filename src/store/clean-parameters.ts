import type postgres from 'postgres'
import { storableJson, storableText } from '../core/storable.ts'

/** Numbers of the server's types. */
const [TEXT, VARCHAR, JSON_TEXT, JSONB] = [25, 1043, 114, 3802]

/**
 * Cleans every text parameter of characters that PostgreSQL cannot store, so that no query fails because of something
 * that somebody typed. If the stored text must equal a hashed or compared text, the caller has applied `storable`
 * before.
 */
export function cleanParameters({ options: { serializers } }: postgres.Sql): void {
  const wrap = (type: number, clean: (text: string) => string) => {
    const before = serializers[type]
    serializers[type] = (value: unknown) => clean(String(before ? before(value) : value))
  }
  for (const type of [TEXT, VARCHAR]) wrap(type, storableText)
  for (const type of [JSON_TEXT, JSONB]) wrap(type, storableJson)
}
