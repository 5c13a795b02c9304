import postgres from 'postgres'

/**
 * A process of an earlier version that was left running: again and again it locks a proposal and writes as that version did,
 * an event with the state, or a state alone, as where it carries over itself. Says of each attempt what came of it.
 */
const [url = '', form = ''] = process.argv.slice(2)
const format = Number(form)
const sql = postgres(url, { max: 1, onnotice: () => {} })
const ids = (await sql<{ id: string }[]>`select id from proposals order by number`).map(({ id }) => id)
for (let attempt = 0; ; attempt++) {
  const id = ids[attempt % ids.length] ?? ''
  const withEvent = Math.floor(attempt / ids.length) % 2 === 0
  try {
    await sql.begin(async (tx) => {
      const [row] = await tx`select * from proposals where id = ${id} for no key update`
      if (row === undefined) throw new Error(`${id} is gone`)
      const seq = row.seq + (withEvent ? 1 : 0)
      const head = withEvent ? `earlier ${attempt}` : row.head_hash
      const actor = JSON.stringify({ kind: 'person', id: 'mara', name: 'Mara', via: 'console' })
      const event = JSON.stringify({ type: 'commented', text: 'written by the earlier version', via: 'console' })
      if (withEvent)
        await tx`insert into audit.events (stream, seq, at, actor, event, prev, hash)
          values (${id}, ${seq}, ${new Date().toISOString()}, ${actor}, ${event}, ${row.head_hash}, ${head})`
      const whole = { ...row.state, id, subject: row.state.subject ?? { kind: 'patches' }, seq }
      const state = tx.json(format === 1 ? whole : { ...row.state, seq })
      // The version that kept whole states wrote no format.
      const mine = {
        team: row.team,
        status: row.status,
        seq,
        head_hash: head,
        ...(format === 1 ? {} : { format }),
        state,
      }
      await tx`delete from results where proposal = ${id}`
      await tx`insert into proposals ${tx({ id, number: row.number, opened_at: row.opened_at, ...mine })}
        on conflict (id) do update set ${tx(mine)}`
      await tx`delete from votes where proposal = ${id}`
    })
    console.log(`written ${id}`)
  } catch (error) {
    console.log(error instanceof Error ? error.message : String(error))
  }
}
