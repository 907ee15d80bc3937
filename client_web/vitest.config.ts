import preact from '@preact/preset-vite'
import { defineConfig } from 'vitest/config'

export default defineConfig({
  plugins: [preact()],
  test: {
    include: ['test/**/*.test.{ts,tsx}'],
    environment: 'node',
    // Two cores are shared with the rest of the checks.
    maxWorkers: 2,
    testTimeout: 30_000,
    restoreMocks: true,
  },
})
