/** What apt and dpkg say and do, for whoever can run a script on the machine. */

export { aptProbe, aptReads, type ProbedAsset, parseProbe, readProbe } from './probe.ts'
export { isSecurity, parseSimulation, type SimulatedStep, type Simulation } from './simulation.ts'
