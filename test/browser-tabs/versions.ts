/** Builds of the product that speak other versions of the protocol between members. */
import { build } from 'esbuild'
import { readFile } from 'node:fs/promises'
import path from 'node:path'

export interface Speaks {
  readonly oldest: number
  readonly newest: number
}

export const folderOf = ({ oldest, newest }: Speaks): string => `/speaks-${oldest}-${newest}`

/** Script and worker of a page for each, by their paths. */
export async function buildVersions(versions: readonly Speaks[]): Promise<Readonly<Record<string, string>>> {
  const built = await Promise.all(versions.map(buildVersion))
  return Object.fromEntries(built.flat())
}

async function buildVersion(speaks: Speaks): Promise<readonly (readonly [path: string, text: string])[]> {
  const entries = [
    path.join(import.meta.dirname, 'pages/member.ts'),
    path.resolve(import.meta.dirname, '../../src/worker.ts'),
  ]
  const changed: string[] = []
  const { outputFiles } = await build({
    entryPoints: entries,
    outdir: '/',
    bundle: true,
    write: false,
    format: 'esm',
    platform: 'browser',
    target: 'es2022',
    plugins: [
      {
        name: 'protocol',
        setup({ onLoad }) {
          onLoad({ filter: /wire\/protocol\.ts$/ }, async ({ path: file }) => {
            changed.push(file)
            return { loader: 'ts', contents: withVersion(await readFile(file, 'utf8'), speaks) }
          })
        },
      },
    ],
  })
  if (changed.length === 0) throw new Error('the protocol was not in the build')
  return outputFiles.map(({ path: file, text }) => [`${folderOf(speaks)}/${path.basename(file)}`, text] as const)
}

function withVersion(source: string, { oldest, newest }: Speaks): string {
  return replaced(replaced(source, 'PROTOCOL_VERSION', newest), 'PROTOCOL_OLDEST', oldest)
}

/** @throws when there is nothing to replace */
function replaced(source: string, name: string, value: number): string {
  const line = new RegExp(`^export const ${name} = \\d+$`, 'm')
  if (!line.test(source)) throw new Error(`${name} is not where it was`)
  return source.replace(line, `export const ${name} = ${value}`)
}
