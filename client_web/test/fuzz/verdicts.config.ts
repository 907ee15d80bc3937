/** Bundles the verifiers that Python drives into one file without imports. */

import { defineConfig } from 'vite'

export default defineConfig({
  build: { ssr: 'test/fuzz/verdicts-cli.ts', target: 'node20', emptyOutDir: true, rolldownOptions: { output: { codeSplitting: false } } },
  ssr: { noExternal: true },
  logLevel: 'warn',
})
