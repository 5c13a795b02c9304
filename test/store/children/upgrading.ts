import { openDatabase } from '../../../src/store/database.ts'

/** Opens the embedded database in the folder given with the migrations given, says so on stdout, and stays until killed. */
const [dataDir = '', folder = '', noWayBack = ''] = process.argv.slice(2)
await openDatabase({
  url: undefined,
  dataDir,
  durable: true,
  log: () => {},
  migrations: { folder, noWayBack: noWayBack.split(',') },
})
console.log('open')
setInterval(() => {}, 60_000)
