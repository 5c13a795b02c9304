const sslModes = ['disable', 'allow', 'prefer', 'require', 'verify-ca', 'verify-full']
const shape = /^postgres(?:ql)?:\/\/(?:(.*)@)?([^@/?#]*)(?:\/([^?#]*))?(?:\?([^#]*))?(#.*)?$/s

/** A clause about what is wrong with a database address; `null`: nothing. Contains nothing secret. */
export function databaseUrlProblem(url: string): string | null {
  const parts = shape.exec(url)
  if (parts === null) return 'it does not begin with postgres://'
  const [, login = '', address = '', , query = '', fragment] = parts
  if (/[@/?#]/.test(login)) return 'there is an @, /, ? or # in the user or password; write %40, %2F, %3F, %23'
  if (fragment !== undefined) return 'there is a # in it'
  if (!canDecode(login)) return 'a % in the user or password is %25'
  return addressProblem(address) ?? queryProblem(query) ?? (URL.canParse(url) ? null : 'it is no address')
}

function addressProblem(address: string): string | null {
  if (address.includes(',')) return 'it may name one host only'
  const [, host, , port] = /^(\[[^\]]*\]|[^:]*)(:(.*))?$/s.exec(address) ?? []
  if (host === undefined || host === '') return 'there is no host'
  if (port !== undefined && !(/^\d{1,5}$/.test(port) && Number(port) >= 1 && Number(port) <= 65_535))
    return 'the port is not a number from 1 to 65535'
  return URL.canParse(`postgres://${host}`) ? null : 'the host is neither a host name nor an address'
}

function queryProblem(query: string): string | null {
  const settings = new URLSearchParams(query)
  const mode = settings.get('sslmode')
  if (mode !== null && !sslModes.includes(mode)) return `sslmode is not one of ${sslModes.join(', ')}`
  const seconds = settings.get('connect_timeout')
  if (seconds !== null && !/^\d{1,6}$/.test(seconds)) return 'connect_timeout is not a number of seconds'
  return null
}

function canDecode(text: string): boolean {
  try {
    decodeURIComponent(text)
    return true
  } catch {
    return false
  }
}
