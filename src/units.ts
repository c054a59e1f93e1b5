/** Numbers that must not mix. Conversions between them stand here and nowhere else. */
declare const unit: unique symbol
type Unit<Name extends string> = number & { readonly [unit]: Name }

/** Number of a committed transaction: 1 for the first, 0 for none. At most 2^53 − 1. */
export type Txid = Unit<'Txid'>
/** Fencing token: raised on the medium by each new reign before its first append; 0 for none. */
export type Epoch = Unit<'Epoch'>
/** Our unit on the medium, counted from 0. */
export type BlockNo = Unit<'BlockNo'>

export const txid = (value: number): Txid => value as Txid
export const epoch = (value: number): Epoch => value as Epoch
export const blockNo = (value: number): BlockNo => value as BlockNo
export const nextTxid = (after: Txid): Txid => ((after as number) + 1) as Txid
export const nextEpoch = (after: Epoch): Epoch => ((after as number) + 1) as Epoch

export const KiB = 1024
export const MiB = 1024 * KiB

/** A value now, or a promise of it: media that need not wait do not wait. */
export type Awaitable<T> = T | Promise<T>
