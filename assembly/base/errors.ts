// Expected failures are negative codes; a trap is a defect. The host's names for them are in host/metrology/abi.ts.

/** An argument or a field of an input buffer is outside its range; nothing was changed. */
export const ERR_ARGUMENT: i32 = -1;
/** The call is not allowed in this state, for example before `boot`. */
export const ERR_STATE: i32 = -2;
/** The journal does not fit the flash geometry or its sectors cannot be used. */
export const ERR_FLASH: i32 = -3;
/** The board refused to hash or sign. */
export const ERR_CRYPTO: i32 = -4;
/** Arithmetic left its range. */
export const ERR_OVERFLOW: i32 = -5;
/** The configuration contradicts what this meter has recorded: the meter constant cannot change under its registers. */
export const ERR_CONFIG: i32 = -6;
/** A range given by the module lies outside its memory, or a flash range outside the partition (returned by boards). */
export const ERR_RANGE: i32 = -7;
/** There is no such record or event, or it has been overwritten. */
export const ERR_NOT_FOUND: i32 = -8;
