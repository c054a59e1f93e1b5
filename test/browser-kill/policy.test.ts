/** A site whose Content Security Policy forbids WebAssembly: that is said, in words that help, by the page and by its worker. */
import { describe, expect, test } from 'vitest'
import type { Refusal } from './pages/refusal.ts'
import { useRig } from './rig.ts'
import { WriterPage } from './writer-page.ts'

const places = [
  { where: 'in the worker', options: { storage: 'opfs' } },
  { where: 'in the page', options: { storage: 'indexeddb', worker: false } },
] as const

describe("script-src 'self'", () => {
  const rig = useRig(['pages/writer.ts'], { policy: "default-src 'self'; script-src 'self'; worker-src 'self'" })

  test.each(places)('$where is NOT_SUPPORTED, and names the source that is missing', async ({ options }) => {
    const { page } = await WriterPage.open(await rig.start(), rig.origin)
    const refusal = await page.evaluate<Refusal>(`writer.refusal('policy', ${JSON.stringify(options)})`)
    expect(refusal.code).toBe('NOT_SUPPORTED')
    expect(refusal.message).toContain("'wasm-unsafe-eval' in script-src")
    // Nothing was made.
    const { databases, directories } = refusal.made
    expect([...databases, ...directories]).toEqual([])
  })
})

describe("script-src 'self' 'wasm-unsafe-eval'", () => {
  const rig = useRig(['pages/writer.ts'], {
    policy: "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'",
  })

  test.each(places)('$where is enough', async ({ options }) => {
    const page = await WriterPage.open(await rig.start(), rig.origin)
    expect(await page.openStore('policy', options)).toBe('created')
    await page.prepare()
    await page.close()
  })
})
