/** The browser's profile ends with the tests that made it. */
import { rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'

export const teardown = () => {
  rmSync(path.join(tmpdir(), `datasync-browser-${process.pid}`), { recursive: true, force: true })
}
