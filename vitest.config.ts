import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['harness/**/*.test.{ts,tsx}', 'sample-shop/**/*.test.{ts,tsx}', 'scenarios/**/*.test.ts'],
    // Two cores: more workers than that only make the tests that start real processes wait for each other.
    maxWorkers: 2,
    testTimeout: 30_000,
    hookTimeout: 60_000,
  },
})
