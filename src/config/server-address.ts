import { hasLogin, text } from './fields.ts'

/** The address of a server that gets a secret with every call, so http goes only to this machine. `name`: for people. */
export function serverAddress(name: string, example: string) {
  const mend = `Write the address of ${name}, such as ${example}; a secret goes over http only to this machine.`
  return text(mend, 2_048)
    .refine((url) => /^(https:\/\/|http:\/\/(localhost|127\.0\.0\.1)[:/]?)/.test(url) && URL.canParse(url), {
      error: mend,
    })
    .refine((url) => !hasLogin(url), {
      error: 'Write it without user and password: secrets come from the environment.',
      params: { what: 'holds a user name or a password' },
    })
    .refine((url) => !URL.canParse(url) || (new URL(url).search === '' && new URL(url).hash === ''), {
      error: 'Write the bare address, without ? and #.',
    })
}
