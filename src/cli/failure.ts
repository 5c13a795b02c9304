/** Bad use or bad input: one line on stderr that says what, where and how to mend it; exit code 2. */
export class BadUse extends Error {}
