/**
 * Reads and interprets the output of apt and dpkg. Any integration that can run a script on the machine can use this.
 */

export { aptProbe, aptReads, type ProbedAsset, parseProbe, readProbe } from './probe.ts'
export { isSecurity, parseSimulation, type SimulatedStep, type Simulation } from './simulation.ts'
