import { sshEngineSuite } from '../support/ssh-engine-suite.ts'

await sshEngineSuite({ name: 'the SSH engine on real Debian hosts', fleetName: 'pweng', kind: 'debian' })
