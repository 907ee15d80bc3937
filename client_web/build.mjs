/**
 * Builds what the relay serves: `dist/w/<version>/{app,loader}.js`, `dist/releases.json` and, when its folder is there, `dist/console/`.
 * The app comes first, because the loader carries its hash. The same tree gives the same bytes.
 */
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'

import { build } from 'vite'

const here = dirname(fileURLToPath(import.meta.url))

/** Bytes after gzip. Above these a visitor on a slow phone waits; what raised the second is docs/decisions/0016. */
const BUDGET = { loader: 12 * 1024, app: 124 * 1024 }

const sri = (bytes) => `sha384-${createHash('sha384').update(bytes).digest('base64')}`

/** One entry, one ES file, nothing fetched later: a lazy import would not be covered by the integrity attribute. */
async function buildSingle({ entry, file, outDir, define = {}, alias = {} }) {
  await build({
    root: here,
    configFile: false,
    logLevel: 'warn',
    publicDir: false,
    define: { 'process.env.NODE_ENV': '"production"', ...define },
    resolve: { alias },
    oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
    build: {
      outDir,
      emptyOutDir: false,
      target: 'es2022',
      cssTarget: ['chrome120', 'firefox121', 'safari17.2'],
      modulePreload: false,
      reportCompressedSize: false,
      lib: { entry: join(here, entry), formats: ['es'], fileName: () => file },
      rolldownOptions: { output: { codeSplitting: false, minify: true } },
    },
  })
  return readFile(join(outDir, file))
}

function withinBudget(name, bytes) {
  const gz = gzipSync(bytes, { level: 9 }).length
  process.stdout.write(`${name}.js ${bytes.length} bytes, ${gz} after gzip (limit ${BUDGET[name]})\n`)
  if (gz > BUDGET[name]) throw new Error(`${name}.js is over its size budget`)
}

/** T11: what would let injected text become code must not even be in the app. */
function withoutSinks(bytes) {
  const text = bytes.toString('utf8')
  for (const word of ['createPolicy', 'import(', 'new Worker(', 'eval(']) {
    if (text.includes(word)) throw new Error(`app.js contains ${word}`)
  }
}

/** The console is served with `Integrity-Policy`: a script without a hash does not run. */
async function withIntegrity(folder) {
  const page = join(folder, 'index.html')
  let html = await readFile(page, 'utf8')
  for (const [whole, attribute, path] of html.matchAll(/ (src|href)="\.\/(assets\/[^"]+)"/g)) {
    html = html.replace(whole, ` ${attribute}="./${path}" integrity="${sri(await readFile(join(folder, path)))}"`)
  }
  await writeFile(page, html)
}

async function main() {
  const values = parse(process.argv.slice(2))
  const { version: product } = JSON.parse(await readFile(join(here, 'package.json'), 'utf8'))
  const dist = resolve(here, values.out ?? 'dist')
  const outDir = join(dist, 'w', 'building')
  await rm(dist, { recursive: true, force: true })
  await mkdir(outDir, { recursive: true })
  const alias = values.session ? [{ find: '../src/session/customer.ts', replacement: resolve(here, values.session) }] : []
  const app = await buildSingle({ entry: 'frame/main.tsx', file: 'app.js', outDir, alias })
  withoutSinks(app)
  const define = { __SOTTO_APP_SRI__: JSON.stringify(sri(app)) }
  const loader = await buildSingle({ entry: 'loader/main.ts', file: 'loader.js', outDir, define })
  withinBudget('loader', loader)
  withinBudget('app', app)
  // The address carries a hash too: a relay keeps every release it ever served and never lets one change its bytes.
  const version = `${product}-${createHash('sha256').update(loader).digest('hex').slice(0, 8)}`
  await rename(outDir, join(dist, 'w', version))
  const releases = { version, loader_sri: sri(loader), app_sri: sri(app) }
  await writeFile(join(dist, 'releases.json'), `${JSON.stringify(releases, null, 2)}\n`)
  if (!values.session && existsSync(join(here, 'console', 'index.html'))) {
    await build({ configFile: join(here, 'vite.config.ts'), logLevel: 'warn', build: { outDir: join(dist, 'console') } })
    await withIntegrity(join(dist, 'console'))
  }
}

/** `--out DIR` builds elsewhere; `--session FILE` puts another session into the app, for looking at the widget without a relay. */
function parse(args) {
  const values = {}
  for (let at = 0; at < args.length; at += 2) {
    const name = /^--(out|session)$/.exec(args[at] ?? '')?.[1]
    if (name === undefined || args[at + 1] === undefined) throw new Error(`unknown argument ${args[at]}`)
    values[name] = args[at + 1]
  }
  return values
}

await main()
