/** Counts what reaches the medium, at the one place where it passes. */
import type { StoreFile } from './file-system.ts'

export interface Meter {
  barriers: number
  bytesWritten: number
  checksumFailures: number
}

export const newMeter = (): Meter => ({ barriers: 0, bytesWritten: 0, checksumFailures: 0 })

export const metered = (file: StoreFile, meter: Meter): StoreFile => ({
  name: file.name,
  size: () => file.size(),
  read: (into, at) => file.read(into, at),
  write(from, at) {
    file.write(from, at)
    meter.bytesWritten += from.length
  },
  truncate: (size) => file.truncate(size),
  flush() {
    meter.barriers++
    file.flush()
  },
  flushAsync() {
    meter.barriers++
    return file.flushAsync()
  },
  close: () => file.close(),
})
