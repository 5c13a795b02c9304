// The thread that reads a feed, from its TypeScript sources: for `patchwarden dev`, benchmarks and tests.
import { register } from 'tsx/esm/api'

register()
await import('../src/app/feed-thread.ts')
