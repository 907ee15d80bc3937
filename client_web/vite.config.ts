/** The console as static files under `/console/`, and the development server for the gallery. Loader and app are built by `build.mjs`. */
import preact from '@preact/preset-vite'
import { defineConfig } from 'vite'

export default defineConfig({
  root: 'console',
  base: './',
  publicDir: false,
  plugins: [preact({ devToolsEnabled: false })],
  build: {
    outDir: '../dist/console',
    emptyOutDir: true,
    target: 'es2022',
    cssTarget: ['chrome120', 'firefox121', 'safari17.2'],
    modulePreload: false,
    reportCompressedSize: false,
  },
})
