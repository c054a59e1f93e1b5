/** Whether SQLite can be compiled here at all, asked before anything is opened. */
import { DatabaseError } from '../errors.ts'

/** The smallest module there is: its magic and its version. */
const smallest = Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0)

/** @throws NOT_SUPPORTED: there is no WebAssembly, or the site's Content Security Policy forbids it */
export function assertWebAssembly(): void {
  const platform: { readonly WebAssembly?: Pick<typeof WebAssembly, 'Module'> } = globalThis
  try {
    if (platform.WebAssembly !== undefined) return void new platform.WebAssembly.Module(smallest)
  } catch (cause) {
    throw new DatabaseError(
      'NOT_SUPPORTED',
      "WebAssembly may not be compiled here: the Content-Security-Policy that came with this page, or with the worker's script, needs 'wasm-unsafe-eval' in script-src",
      { cause, details: { directive: 'script-src', missing: "'wasm-unsafe-eval'" } },
    )
  }
  throw new DatabaseError('NOT_SUPPORTED', 'WebAssembly is not available here', { details: { missing: 'WebAssembly' } })
}
