/** The families of platforms: their spellings, their releases, and what installs packages on them. */

/** The format of installed packages; it also decides how versions are compared. */
export type Packaging = 'dpkg' | 'rpm' | 'apk' | 'windows'

export interface Family {
  /** Name for people. */
  readonly label: string
  readonly packaging: Packaging
  /**
   * Other names in os-release, in the files of scanners and in what people write. Only letters: `Red Hat` is `redhat`.
   */
  readonly spellings?: readonly string[]
  /** The release as feeds write it: `9.4` becomes `9`. `null`: the text is not a release. Left out: no change. */
  readonly release?: (text: string) => string | null
  /** The release of an extended stream. Left out: as without it. */
  readonly releaseOfStream?: (text: string, stream: string) => string | null
  /** Code names, each with its release. */
  readonly codeNames?: Readonly<Record<string, string>>
}

const major = (text: string) => /^\d+/.exec(text)?.[0] ?? null
const minor = (text: string) => /^\d+\.\d+/.exec(text)?.[0] ?? null

/** A stream keeps its minor release, `9.4-eus`. Extended life begins when the last minor release has ended, `7-els`. */
const minorOfStream = (text: string, stream: string) => (stream === 'els' ? null : minor(text)) ?? major(text)

/** `15-SP4`, `15 SP4` and `15.4` are `15.4`. */
function suseRelease(text: string): string | null {
  const [, release, pack, point] = /^(\d+)(?:[ .-]?sp(\d+)|\.(\d+))?/.exec(text) ?? []
  if (release === undefined) return null
  const number = pack ?? point
  return `${release}${number === undefined || number === '0' ? '' : `.${number}`}`
}

/** The tumbleweed of openSUSE gives the day of its snapshot as its version. */
function openSuseRelease(text: string): string | null {
  if (text === 'tumbleweed' || /^\d{8}$/.test(text)) return 'tumbleweed'
  return minor(text.replace(/^leap[ :.-]?/, ''))
}

/** Releases of Debian before 4 have two numbers. */
function debianRelease(text: string): string | null {
  if (/(?:^|\/)sid$/.test(text) || text === 'unstable') return 'sid'
  return /^[123]\.\d+/.exec(text)?.[0] ?? major(text)
}

/** The `edge` of Alpine calls itself by the coming release: `3.21.0_alpha20240807`. */
const alpineRelease = (text: string) => (text === 'edge' || text.includes('_alpha') ? 'edge' : minor(text))

/** Amazon Linux 1 gives dates as its version, `2018.03`. The version of 2023 has further numbers. */
const amazonRelease = (text: string) => (/^201\d\./.test(text) ? '1' : major(text))

/** By the part of a platform before the colon. Families of which no feed speaks are here for their spellings. */
export const families: Readonly<Record<string, Family>> = {
  debian: {
    label: 'Debian',
    packaging: 'dpkg',
    spellings: ['debiangnulinux'],
    release: debianRelease,
    // https://wiki.debian.org/DebianReleases
    codeNames: {
      sarge: '3.1',
      etch: '4',
      lenny: '5',
      squeeze: '6',
      wheezy: '7',
      jessie: '8',
      stretch: '9',
      buster: '10',
      bullseye: '11',
      bookworm: '12',
      trixie: '13',
      forky: '14',
      duke: '15',
    },
  },
  ubuntu: {
    label: 'Ubuntu',
    packaging: 'dpkg',
    release: minor,
    // https://wiki.ubuntu.com/Releases
    codeNames: {
      precise: '12.04',
      trusty: '14.04',
      xenial: '16.04',
      bionic: '18.04',
      focal: '20.04',
      groovy: '20.10',
      hirsute: '21.04',
      impish: '21.10',
      jammy: '22.04',
      kinetic: '22.10',
      lunar: '23.04',
      mantic: '23.10',
      noble: '24.04',
      oracular: '24.10',
      plucky: '25.04',
      questing: '25.10',
      resolute: '26.04',
    },
  },
  rhel: {
    label: 'Red Hat Enterprise Linux',
    packaging: 'rpm',
    spellings: ['redhat', 'redhatenterprise', 'redhatenterpriselinux', 'redhatenterpriselinuxserver'],
    release: major,
    releaseOfStream: minorOfStream,
  },
  almalinux: {
    label: 'AlmaLinux',
    packaging: 'rpm',
    spellings: ['alma'],
    release: major,
    releaseOfStream: minorOfStream,
  },
  rocky: {
    label: 'Rocky Linux',
    packaging: 'rpm',
    spellings: ['rockylinux'],
    release: major,
    releaseOfStream: minorOfStream,
  },
  centos: {
    label: 'CentOS and CentOS Stream',
    packaging: 'rpm',
    spellings: ['centosstream', 'centoslinux'],
    release: major,
  },
  oracle: {
    label: 'Oracle Linux',
    packaging: 'rpm',
    spellings: ['ol', 'oraclelinux', 'oraclelinuxserver'],
    release: major,
  },
  amazon: { label: 'Amazon Linux', packaging: 'rpm', spellings: ['amzn', 'amazonlinux'], release: amazonRelease },
  fedora: { label: 'Fedora', packaging: 'rpm', spellings: ['fedoralinux'], release: major },
  sles: {
    label: 'SUSE Linux Enterprise Server',
    packaging: 'rpm',
    spellings: ['slessap', 'sle', 'suse', 'suselinuxenterpriseserver', 'suselinuxenterprise'],
    release: suseRelease,
  },
  opensuse: {
    label: 'openSUSE',
    packaging: 'rpm',
    spellings: ['opensuseleap', 'leap', 'opensusetumbleweed', 'tumbleweed'],
    release: openSuseRelease,
  },
  azurelinux: {
    label: 'Azure Linux',
    packaging: 'rpm',
    spellings: ['microsoftazurelinux', 'mariner', 'cblmariner', 'commonbaselinuxmariner'],
    release: minor,
  },
  photon: { label: 'Photon OS', packaging: 'rpm', spellings: ['photonos', 'vmwarephotonos'], release: minor },
  alpine: { label: 'Alpine', packaging: 'apk', spellings: ['alpinelinux'], release: alpineRelease },
  wolfi: { label: 'Wolfi', packaging: 'apk', spellings: ['wolfios'] },
  chainguard: { label: 'Chainguard', packaging: 'apk' },
  raspbian: { label: 'Raspbian', packaging: 'dpkg', spellings: ['raspbiangnulinux'], release: major },
  linuxmint: { label: 'Linux Mint', packaging: 'dpkg', spellings: ['mint'], release: minor },
  windows: { label: 'Windows', packaging: 'windows' },
}

/** Families that have one rolling release only. */
export const rolling: ReadonlySet<string> = new Set(['wolfi', 'chainguard'])

/**
 * Streams of support that go on when the main one has ended, by the words in which vendors and people name them. Their fixes are
 * others than those of the main stream, so that a platform with such a word is never judged as the main one.
 */
const streamWords: readonly (readonly [stream: string, words: RegExp])[] = [
  ['eus', wordsOf('eus|extended update support')],
  ['aus', wordsOf('aus|advanced (?:mission critical )?update support')],
  ['tus', wordsOf('tus|telecommunications? update (?:service|support)')],
  ['e4s', wordsOf('e4s|update services for sap(?: solutions)?')],
  ['els', wordsOf('els|extended life[ -]?cycle support')],
  ['ltss', wordsOf('ltss|long[ -]term service pack support')],
  ['espos', wordsOf('espos|extended service pack overlap support')],
  ['elts', wordsOf('elts|extended (?:lts|long[ -]term support)')],
  ['esu', wordsOf('esu|extended security updates?')],
]

function wordsOf(pattern: string): RegExp {
  return new RegExp(`(?<![a-z0-9])(?:${pattern})(?![a-z0-9])`)
}

/** The extended stream that a text in small letters names, and the text without it; `null`: it names none. */
export function streamNamed(text: string): { readonly stream: string; readonly rest: string } | null {
  for (const [stream, words] of streamWords)
    if (words.test(text)) return { stream, rest: text.replace(words, ' ').trim() }
  return null
}

export function familyOf(platform: string): string {
  const colon = platform.indexOf(':')
  return colon === -1 ? platform : platform.slice(0, colon)
}

const squeezed = (name: string) => name.replace(/[^a-z]/g, '')

/** By every spelling, in small letters only. */
const familyOfSpelling: ReadonlyMap<string, string> = new Map(
  Object.entries(families).flatMap(([family, { spellings = [] }]) =>
    [family, ...spellings].map((spelling) => [spelling, family] as const),
  ),
)

/** The family that a name in small letters means; `null`: it is not known. */
export function familyNamed(name: string): string | null {
  return familyOfSpelling.get(name) ?? familyOfSpelling.get(squeezed(name)) ?? null
}

/** What installs packages on the platform; `null`: the family is not known. */
export function packagingOf(platform: string): Packaging | null {
  const family = familyNamed(familyOf(platform))
  return family === null ? null : (families[family]?.packaging ?? null)
}
