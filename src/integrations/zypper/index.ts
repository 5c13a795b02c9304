/** What zypper says, for whoever can run a script on the machine. */

export { attributesOf, solvables, zypperText } from './xmlout.ts'
