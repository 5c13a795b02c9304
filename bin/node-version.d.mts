/** Why this Node cannot run Patchwarden, or null. */
export function nodeProblem(version: string): string | null
