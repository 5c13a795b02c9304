/** What zypper says, for whoever can run a script on the machine. */

export { zypperPending } from './pending.ts'
export { attributesOf, solvables, zypperText } from './xmlout.ts'
