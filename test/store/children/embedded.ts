import { startEmbedded } from '../../../src/store/embedded-postgres.ts'

/** Starts the embedded server on the folder given, says so on stdout, and stays until killed. */
const [dataDir = ''] = process.argv.slice(2)
const server = await startEmbedded({ dataDir, durable: false, log: () => {} })
const { stop: _, ...facts } = server
console.log(JSON.stringify(facts))
setInterval(() => {}, 60_000)
