import type { Kind } from '../../config/kind.ts'
import type { DocumentReader } from './document-reader.ts'
import type { WholeFile } from './feed.ts'

/** A kind of feed: it also says how its documents are known, so that a folder with those of any feeds can be read. */
export interface FeedKind extends Kind {
  /** What a feed of many documents is read by; or that one file is the whole feed. No two kinds may know the same file. */
  readonly documents: readonly DocumentReader[] | WholeFile
}
