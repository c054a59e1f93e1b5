/** Prints what an application downloads, minified: our code, and ours with its JavaScript dependencies. Fails above the limit. */
import { gzipSync } from 'node:zlib'
import { build, type BuildOptions } from 'esbuild'

/** Of our own code, gzipped, in bytes. Raise it in the commit that needs it, and say why. */
const ownGzippedMax = 83 * 1024

async function sizeOf(options: BuildOptions): Promise<{ readonly minified: number; readonly gzipped: number }> {
  const { outputFiles } = await build({
    entryPoints: ['dist/index.js'],
    bundle: true,
    minify: true,
    write: false,
    format: 'esm',
    platform: 'node',
    target: 'es2022',
    ...options,
  })
  const [bundle] = outputFiles ?? []
  if (bundle === undefined) throw new Error('esbuild wrote nothing')
  return { minified: bundle.contents.length, gzipped: gzipSync(bundle.contents).length }
}

const kib = (bytes: number) => `${(bytes / 1024).toFixed(1)} KiB`.padStart(10)
const own = await sizeOf({ packages: 'external' })
const whole = await sizeOf({
  external: ['fs-native-extensions', 'module'],
  outdir: '.cache/size',
  loader: { '.wasm': 'empty' },
})
console.log(`datasync alone       ${kib(own.minified)} minified ${kib(own.gzipped)} gzipped`)
console.log(
  `with its packages    ${kib(whole.minified)} minified ${kib(whole.gzipped)} gzipped, SQLite's WASM file not counted`,
)
if (own.gzipped > ownGzippedMax) {
  console.error(`datasync alone may be ${kib(ownGzippedMax).trim()} gzipped`)
  process.exit(1)
}
