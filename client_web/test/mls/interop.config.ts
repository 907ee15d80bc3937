/** Bundles the member that Python drives into one file without imports, which also shows that the library needs no second chunk. */

import { defineConfig } from 'vite'

export default defineConfig({
  build: { ssr: 'test/mls/interop-cli.ts', target: 'node20', emptyOutDir: true, rolldownOptions: { output: { codeSplitting: false } } },
  ssr: { noExternal: true },
  logLevel: 'warn',
})
