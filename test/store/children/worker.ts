import postgres from 'postgres'
import { openQueue } from '../../../src/store/queue.ts'

/** A replica: records each job it runs in the table `runs`; a job that says `"die": true` kills it half way. */
const [url = '', name = '', lockMs = '400'] = process.argv.slice(2)
const sql = postgres(url, { max: 2 })
const queue = await openQueue({ url, name, onError: (error) => console.error(error.message), scanMs: 400 })
queue.define(
  'record',
  async (data) => {
    const { n, die = false } = data as { n: number; die?: boolean }
    await sql`insert into runs (n, worker) values (${n}, ${name})`
    if (die) process.kill(process.pid, 'SIGKILL')
  },
  { lockLifetimeMs: Number(lockMs) },
)
await queue.start()
console.log('ready')
