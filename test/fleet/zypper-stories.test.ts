import { rpmStories } from '../support/rpm-stories.ts'
import { testStories } from '../support/stories.ts'

await testStories(rpmStories('zypper'), 'pwstz', 'zypper')
