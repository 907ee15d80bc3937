/** Builds the gallery of widget screens, for pictures and accessibility checks. Never part of a release. */
import preact from '@preact/preset-vite'
import { defineConfig } from 'vite'

export default defineConfig({
  root: 'test/ui',
  base: './',
  publicDir: false,
  plugins: [preact({ devToolsEnabled: false })],
  build: { outDir: '../../test-results/gallery', emptyOutDir: true, rolldownOptions: { input: 'test/ui/gallery.html' } },
})
