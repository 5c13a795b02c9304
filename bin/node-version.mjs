const oldest = [20, 19]

/** Why this Node cannot run Patchwarden, or null. */
export function nodeProblem(version) {
  const [major, minor] = version.split('.').map(Number)
  if (major > oldest[0] || (major === oldest[0] && minor >= oldest[1])) return null
  return `Patchwarden needs Node.js ${oldest.join('.')} or newer; this is ${version}. Install a current one from https://nodejs.org.`
}
