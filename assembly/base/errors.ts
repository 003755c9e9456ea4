// Expected failures are negative codes; a trap is a defect. The host's names for them are in host/engine/errors.ts.

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

// What input from a peer or a file can have wrong with it (node module).

/** The input ends inside a field. */
export const ERR_TRUNCATED: i32 = -9;
/** An integer is not in its shortest form. BOLT 1, "Fundamental Types", "Type-Length-Value Format". */
export const ERR_MINIMAL: i32 = -10;
/** TLV records, or the two nodes of a channel, are not in strictly increasing order: misplaced, or the same twice. */
export const ERR_ORDER: i32 = -11;
/** An unknown even type, feature or message: it may not be ignored. */
export const ERR_UNKNOWN_EVEN: i32 = -12;
/** A length is not the one that its type has, or bytes are left over. */
export const ERR_LENGTH: i32 = -13;
/** A field has a value that its type does not allow. */
export const ERR_VALUE: i32 = -14;
/** More than a buffer or a table of base/limits.ts holds. */
export const ERR_CAPACITY: i32 = -15;
/** A message authentication code does not match. */
export const ERR_MAC: i32 = -16;
/** The version byte is not one that is spoken here. */
export const ERR_VERSION: i32 = -17;
/** Not a point of the curve in SEC 1 compressed form. */
export const ERR_POINT: i32 = -18;
/** A signature does not hold. */
export const ERR_SIGNATURE: i32 = -19;
/** The same was seen before. */
export const ERR_REPLAY: i32 = -20;
/** A checksum does not match. */
export const ERR_CHECKSUM: i32 = -21;
/** It is of another chain. */
export const ERR_CHAIN: i32 = -22;
/** A feature is set without another on which it depends. BOLT 9. */
export const ERR_DEPENDENCY: i32 = -23;
/** A field or record that must be there is missing. */
export const ERR_MISSING: i32 = -24;
/** The deadline has passed. */
export const ERR_EXPIRED: i32 = -25;
/** Promises are not covered: neither by credit nor by what the debtor has. */
export const ERR_CREDIT: i32 = -26;
/** No energy moves on this line for now: arrears, a dispute, or no clock. */
export const ERR_SUSPENDED: i32 = -27;
