import type { Kind } from '../../config/kind.ts'
import type { DocumentReader } from './document-reader.ts'
import type { WholeFile } from './feed.ts'

/** A kind of feed. It also recognises its documents, so that a folder can contain files of several feeds. */
export interface FeedKind extends Kind {
  /**
   * The families of platforms (core/platform) on which the feed says what is fixed; `any`: its file may name any. Empty:
   * it says something else, of CVEs or of support.
   */
  readonly fixesOf: readonly string[] | 'any'
  /**
   * The readers of a feed with many documents, or the format of a feed in one file. No two kinds may recognise the same
   * file.
   */
  readonly documents: readonly DocumentReader[] | WholeFile
}
