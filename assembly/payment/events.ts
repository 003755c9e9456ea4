// What payments have to tell the host. Nothing is pushed: the results of parts and invoices are told from their
// persistent records, so that a power cut between an event and its telling makes it come twice rather than never.

/** Kinds, as the node tells them to its host. */
export const EVENT_SENT: u32 = 5;
export const EVENT_FAILED: u32 = 6;
export const EVENT_RECEIVED: u32 = 7;
export const EVENT_FORWARDED: u32 = 8;

// Head of every event. Numbers are little-endian.

/** u32. */
export const EVENT_KIND: usize = 0;
/** u32: number of the part that payment_send returned; sent and failed. Of what was received, the number of its chain. */
export const EVENT_PART: usize = 4;
/** u64: what the payment cost (sent, failed) or brought (received); of a forward, what came in. */
export const EVENT_AMOUNT_MSAT: usize = 8;
/** 32 bytes. */
export const EVENT_PAYMENT_HASH: usize = 16;

// Sent and received: EVENT_SETTLED_BYTES.

/** 32 bytes. */
export const EVENT_PREIMAGE: usize = 48;
/** SWAP_BYTES of swap.ts; SWAP_KIND is 0xffff_ffff where no energy moved with it. */
export const EVENT_SWAP: usize = 80;
export const EVENT_SETTLED_BYTES: usize = 184;

// Received, of a set of two halves, besides: EVENT_MATCHED_BYTES.

/** i64: the other half's energy, of the other sign than the SWAP_MWH before it. */
export const EVENT_OTHER_MWH: usize = 184;
/** NOTE_BYTES of energy/note.ts: what its meter has signed. */
export const EVENT_OTHER_NOTE: usize = 192;
export const EVENT_MATCHED_BYTES: usize = 280;

// Forwarded: EVENT_FORWARDED_BYTES.

/** u64: what went out. */
export const EVENT_OUTGOING_MSAT: usize = 48;
/** u32 each: numbers of the channels. */
export const EVENT_INCOMING_CHANNEL: usize = 56;
export const EVENT_OUTGOING_CHANNEL: usize = 60;
/** i64: what a swap left here for its energy's way, negative for a rebate; 0 of a payment without energy. */
export const EVENT_RENT_MSAT: usize = 64;
/** i64 each: energy of the incoming and the outgoing rider, in their own sign; 0 for one that was bought back. */
export const EVENT_INCOMING_MWH: usize = 72;
export const EVENT_OUTGOING_MWH: usize = 80;
export const EVENT_FORWARDED_BYTES: usize = 88;

// Failed: EVENT_FAILURE_DATA and as many bytes as EVENT_FAILURE_LENGTH says.

/** i32: the hop, from 0, that failed the part; -1 if this node did; HOP_UNKNOWN if no hop owns the error. */
export const EVENT_HOP: usize = 48;
/** u16: code of onion/failure.ts; 0 if unknown. */
export const EVENT_FAILURE_CODE: usize = 52;
/** u16: bytes of the failure's data. */
export const EVENT_FAILURE_LENGTH: usize = 54;
export const EVENT_FAILURE_DATA: usize = 56;

export const HOP_SELF: i32 = -1;
export const HOP_UNKNOWN: i32 = -2;

/** Longest event. */
export const EVENT_BYTES: usize = EVENT_MATCHED_BYTES;
