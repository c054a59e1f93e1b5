/**
 * A store with one defence taken out: src/storage copied to .cache/mutants/<name>/storage and edited there. The copy shares
 * errors, units, limits and assert with the original, so that its errors are DatabaseErrors.
 */
import { cpSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'

export interface Edit {
  readonly file: string
  /** Stands exactly once in the file: a mutant that no longer applies must be written anew, not passed over. */
  readonly from: string
  readonly to: string
}

const root = path.resolve(import.meta.dirname, '../../..')

/** Directory of the edited copy, with a trailing slash. */
export function makeMutant(name: string, edits: readonly Edit[]): string {
  const directory = path.join(root, '.cache/mutants', name.replaceAll(/[^a-z0-9]+/gi, '-'))
  const storage = path.join(directory, 'storage')
  rmSync(directory, { recursive: true, force: true })
  cpSync(path.join(root, 'src/storage'), storage, { recursive: true })
  for (const file of readdirSync(storage)) {
    if (!file.endsWith('.ts')) continue
    const source = edits
      .filter((edit) => edit.file === file)
      .reduce(applyEdit, readFileSync(path.join(storage, file), 'utf8'))
    writeFileSync(path.join(storage, file), source.replaceAll(/from '\.\.\/([a-z]+)\.ts'/g, `from '${root}/src/$1.ts'`))
  }
  for (const { file } of edits)
    if (!readdirSync(storage).includes(file)) throw new RangeError(`there is no src/storage/${file}`)
  return `${storage}/`
}

function applyEdit(source: string, { file, from, to }: Edit): string {
  const count = source.split(from).length - 1
  if (count !== 1) throw new RangeError(`${file} has ${count} places like this, a mutant needs one: ${from}`)
  return source.replace(from, () => to)
}
