// Fixed limits of the firmware: every buffer and range is named here once.

/** Input buffer: edge records of 4 bytes. */
export const INPUT_BYTES: i32 = 4096;
export const EDGE_BYTES: i32 = 4;
export const MAX_EDGES: i32 = INPUT_BYTES / EDGE_BYTES;

/** Output buffer: the longest OCMF record (about 1,200 bytes with every text field full) and slack. */
export const OUTPUT_BYTES: i32 = 1536;

/** Pulse inputs of a line meter: 0 counts import (1-0:1.8.0), 1 counts export (1-0:2.8.0). */
export const INPUTS: i32 = 2;

/** Impulses per kWh. */
export const MIN_METER_CONSTANT: u32 = 1;
export const MAX_METER_CONSTANT: u32 = 100_000;

/** Delivery interval, s: a divisor of one hour, so that intervals align with the UTC hour. */
export const MIN_INTERVAL_S: u32 = 5;
export const HOUR_S: u32 = 3600;

/** UTC from 1970-01-01 to 2100-01-01, ms: what the clock may be set to. */
export const MIN_UTC_MS: i64 = 0;
export const MAX_UTC_MS: i64 = 4_102_444_800_000;
/** Monotonic time stays below 2^47 ms (4,000 years), so that sums with UTC cannot wrap. */
export const MAX_MONO_MS: i64 = 1 << 47;
/** A clock that was synchronised counts as such for a day; then it is an informative one. */
export const SYNCHRONISED_FOR_MS: i64 = 86_400_000;
/** A smaller correction than this is the clock's ordinary discipline and no step. */
export const CLOCK_STEP_MS: i64 = 2_000;

/** Loss bound of a power cut, as configured: time since the first pulse that is not in flash, and energy of such. */
export const MIN_LOSS_BOUND_MS: u32 = 1_000;
export const MAX_LOSS_BOUND_MS: u32 = 60_000;
export const MAX_LOSS_BOUND_WH: u32 = 1_000;

/** Longest identification and tariff text of a transaction. */
export const MAX_IDENTIFICATION_BYTES: i32 = 40;
export const MAX_TARIFF_BYTES: i32 = 48;

/** Longest journal entry, payload bytes. */
export const MAX_ENTRY_BYTES: i32 = 160;
/** Fewest erase sectors of the partition: each of its three regions turns over at least two. */
export const MIN_SECTORS: i32 = 8;

/**
 * Notes: intervals whose issued energy is kept, those of them that are yet to begin, and notes that are given again when
 * asked for again. What is kept fits a sector of the state journal that has this many bytes.
 */
export const MAX_ISSUED_INTERVALS: i32 = 24;
export const MAX_FUTURE_INTERVALS: i32 = 16;
export const KEPT_NOTES: i32 = 16;
export const MIN_NOTE_SECTOR_BYTES: i32 = 2560;
/** Readings at ends of intervals that are kept: eight intervals lie between them. */
export const KEPT_READINGS: i32 = 9;

// ---- Node module --------------------------------------------------------------------------------------------------

/** Input and output buffer of the node module: the longest message, its length prefix and two MACs (BOLT 8), and slack. */
export const NODE_INPUT_BYTES: i32 = 3584;
export const NODE_OUTPUT_BYTES: i32 = 5120;
/** Longest Lightning message taken or sent, type included. BOLT 8 allows 65,535; longer ones are passed over unread. */
export const MAX_MESSAGE_BYTES: i32 = 2560;
/** Peers that are connected at a time. Each has a receive buffer for one message. */
export const MAX_CONNECTIONS: i32 = 4;
/** HTLCs of one commitment transaction, both directions: max_accepted_htlcs of 12 each. */
export const MAX_HTLCS: i32 = 24;
/** Outputs of a commitment transaction: HTLCs, to_local, to_remote, two anchors, the energy state's hash. */
export const MAX_OUTPUTS: i32 = MAX_HTLCS + 5;
/** Commitments of one channel: BOLT 3 numbers them with 48 bits. */
export const MAX_COMMITMENTS: u64 = 1 << 48;
/** Longest scriptpubkey that an output made here pays to: OP_RETURN with 80 bytes. */
export const MAX_SCRIPTPUBKEY_BYTES: i32 = 83;
/** Longest witness script of BOLT 3: a received HTLC with anchors. */
export const MAX_WITNESS_SCRIPT_BYTES: i32 = 143;
/** Hops of one onion: as many as BOLT 4 has an origin unwrap errors for. */
export const MAX_ONION_HOPS: i32 = 27;
/** Onions remembered against replay until their HTLC expires, of all channels together. */
export const MAX_REPLAYS: i32 = 256;
/** Longest failure message that is packed here, or unpacked by the origin. */
export const MAX_FAILURE_BYTES: i32 = 1024;
/** Longest record of a decoded message or TLV stream (wire/): open_channel's. */
export const MAX_RECORD_BYTES: i32 = 208;
/** A set of features: bits 0 to 319. */
export const FEATURE_BYTES: i32 = 40;
/** Longest text of an invoice that is read or written, and what its record holds of fields and of their bytes. */
export const MAX_INVOICE_CHARS: i32 = 1024;
export const MAX_INVOICE_FIELDS: i32 = 32;
export const INVOICE_DATA_BYTES: i32 = 640;
/** How far gossip may be dated ahead of our clock, s. */
export const MAX_GOSSIP_AHEAD_S: u32 = 86_400;

// ---- Payments -----------------------------------------------------------------------------------------------------

/** Channels of a node. */
export const MAX_CHANNELS: i32 = 4;
/** Chains that they may be on. */
export const MAX_CHAINS: i32 = 2;
/** What is taken for the time between two blocks where the settings do not say it, s. */
export const BLOCK_INTERVAL_S: u32 = 600;
/** Outgoing payments whose state is kept; each part of a multi-part payment is one. */
export const MAX_PAYMENTS: i32 = 24;
/** Hops of a route that is paid along: their points are kept for a failure's way back. */
export const MAX_ROUTE_HOPS: i32 = 8;
/** Invoices and spontaneous payments whose state is kept. */
export const MAX_INVOICES: i32 = 16;
/** Forwards that are told to the host; older ones that it has not fetched by then are forgotten. */
export const MAX_FORWARD_EVENTS: i32 = 8;
/** How long the parts of a payment wait for each other. BOLT 4, "Basic Multi-Part Payments". */
export const MPP_TIMEOUT_MS: i64 = 60_000;
/** Blocks. BOLT 2, "cltv_expiry_delta Selection", with R = 2, G = 2, S = 12. */
export const MIN_CLTV_EXPIRY_DELTA: i32 = 34;
export const MIN_FINAL_CLTV_DELTA: i32 = 18;
export const EXPIRY_GRACE_BLOCKS: u32 = 2;
export const FULFILL_DEADLINE_BLOCKS: u32 = 18;
/** An HTLC that expires later than this is not taken, two weeks. */
export const MAX_CLTV_BLOCKS: u32 = 2016;
/**
 * What the HTLCs of one incoming channel may take of an outgoing one: slots, and a share of what may be in flight there.
 * So a peer that holds back what passes through us leaves the others the rest.
 */
export const MAX_FORWARDS_PER_PEER: i32 = 6;
export const FORWARD_SHARE: u64 = 2;
/** Of the energy that a line can still carry in an interval, pending riders from one incoming channel may take a share. */
export const ENERGY_SHARE: u64 = 4;
/** By how much longer the rider that came in has to hold than the one that goes out for it, s. */
export const HOLD_MARGIN_S: i64 = 2;
/** So much longer than its hold a rider is let be: clocks tell the time as of their last tick, ms. */
export const HOLD_SLACK_MS: i64 = 1_000;
/** Offers of energy, and intervals in which it is counted what has gone of them. */
export const MAX_ENERGY_OFFERS: i32 = 8;
export const MAX_SOLD_INTERVALS: i32 = 24;
/** Spontaneous payments of which parts are still missing. */
export const MAX_WAITING_KEYSENDS: i32 = MAX_INVOICES / 2;

// ---- Lines ----------------------------------------------------------------------------------------------------------

/** A delivery interval is closed so long after its end, s: what its meters have counted can be sold until then. */
export const CLOSE_DELAY_S: u32 = 15;
/** How often a close goes out until both ends have closed, and how often arrears are tried to be paid, ms. */
export const CLOSE_AGAIN_MS: i64 = 60_000;

// ---- Channels -----------------------------------------------------------------------------------------------------

/** HTLCs that a side may have offered at a time: max_accepted_htlcs, as sent, and as taken of a peer that allows more. */
export const MAX_ACCEPTED_HTLCS: i32 = MAX_HTLCS / 2;
/** Onions and error packets that are kept, of all channels together, and the longest. */
export const MAX_BLOBS: i32 = 16;
export const BLOB_BYTES: i32 = 1400;
/** Longest scriptpubkey of a shutdown: a witness program of 40 bytes. */
export const MAX_SHUTDOWN_BYTES: i32 = 42;
/** Channels of less are not opened, nor taken, satoshi; nor of as much as this, without option_support_large_channel. */
export const MIN_FUNDING_SAT: u64 = 10_000;
export const MAX_FUNDING_SAT: u64 = 1 << 24;
/** Below it a dust limit could be less than what a segwit output must hold. BOLT 2, "The `open_channel` Message". */
export const MIN_DUST_LIMIT_SAT: u64 = 354;
export const MAX_DUST_LIMIT_SAT: u64 = 1_500;
/** Feerates that are taken, satoshi per 1,000 units of weight. */
export const MIN_FEERATE_PER_KW: u32 = 253;
export const MAX_FEERATE_PER_KW: u32 = 100_000;
/** How long a peer may make our outputs wait, blocks. */
export const MAX_TO_SELF_DELAY: u32 = 2_016;
export const MAX_MINIMUM_DEPTH: u32 = 144;
/** Places that channels which others open may take until their funding is confirmed. */
export const MAX_UNCONFIRMED: i32 = 2;
/** How long a peer may let an opening wait for its next message, ms. */
export const OPENING_TIMEOUT_MS: i64 = 60_000;
/** An accepter forgets a channel whose funding is not confirmed by then, blocks. BOLT 2, "The `funding_signed` Message". */
export const FUNDING_TIMEOUT_BLOCKS: u32 = 2_016;
/** What all HTLCs too small to be outputs may amount to in a commitment. BOLT 2, "max_dust_htlc_exposure_msat". */
export const MAX_DUST_EXPOSURE_MSAT: u64 = 50_000_000;

// ---- Energy on channels ---------------------------------------------------------------------------------------------

/** Delivery intervals of one line in which energy is agreed on at a time. */
export const MAX_POSITIONS: i32 = 16;
/** How far ahead an interval may begin that energy is promised for, s: a leap year. */
export const MAX_HORIZON_S: u32 = 366 * 86_400;
/** How far the clocks of both ends of a line may be apart, s. */
export const MAX_CLOCK_SKEW_S: u32 = 30;
/** By how much they may, for a rider to be of an interval that is just beginning or ending, s. */
export const INTERVAL_SLACK_S: u32 = 2;
/** What a line may be rated for, and cost: 10 GW and a million satoshi per kWh. So sums of its values stay within an i64. */
export const MAX_RATING_MW: u64 = 10_000_000_000_000;
export const MAX_PRICE_MSAT_PER_KWH: u64 = 1_000_000_000;
/** Energy that a line meter may count, either way, in what is closed at a time. */
export const MAX_CLOSED_MWH: u64 = 1 << 50;

// ---- Storage of the node ------------------------------------------------------------------------------------------

/** Sectors of the node's journal, each a quarter of its partition, and the least that a checkpoint of everything needs. */
export const NODE_SECTORS: i32 = 4;
export const MIN_NODE_SECTOR_BYTES: i32 = 96 * 1024;
