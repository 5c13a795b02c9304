/** Reads and interprets the output of zypper. Any integration that can run a script on the machine can use this. */

export { zypperPending } from './pending.ts'
export { attributesOf, solvables, zypperText } from './xmlout.ts'
