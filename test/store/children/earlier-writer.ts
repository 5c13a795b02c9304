import postgres from 'postgres'

/**
 * A process of the earlier version that was left running: again and again it locks a proposal, appends an event and writes
 * the whole state, as that version did. Says of each attempt what came of it.
 */
const [url = ''] = process.argv.slice(2)
const sql = postgres(url, { max: 1, onnotice: () => {} })
const ids = (await sql<{ id: string }[]>`select id from proposals order by number`).map(({ id }) => id)
for (let attempt = 0; ; attempt++) {
  const id = ids[attempt % ids.length] ?? ''
  try {
    await sql.begin(async (tx) => {
      const [row] = await tx`select * from proposals where id = ${id} for update`
      if (row === undefined) throw new Error(`${id} is gone`)
      const state = { ...row.state, id, subject: row.state.subject ?? { kind: 'patches' }, seq: row.seq + 1 }
      const event = JSON.stringify({ type: 'commented', text: 'written by the earlier version', via: 'console' })
      await tx`insert into audit.events (stream, seq, at, actor, event, prev, hash)
        values (${id}, ${row.seq + 1}, now(), '{}', ${event}, ${row.head_hash}, ${`earlier ${attempt}`})`
      const mine = { team: row.team, status: row.status, seq: row.seq + 1, head_hash: `earlier ${attempt}` }
      await tx`insert into proposals ${tx({ id, number: row.number, opened_at: row.opened_at, ...mine, state: tx.json(state) })}
        on conflict (id) do update set ${tx({ ...mine, state: tx.json(state) })}`
      await tx`delete from votes where proposal = ${id}`
    })
    console.log(`written ${id}`)
  } catch (error) {
    console.log(error instanceof Error ? error.message : String(error))
  }
}
