import { FEATURE_BYTES, MAX_RECORD_BYTES } from "../../assembly/base/limits";
import * as features from "../../assembly/wire/features";
import { accept_init } from "../../assembly/wire/init";
import { decode_message } from "../../assembly/wire/message";

// Features: arrays and frames at `data`, our set at `ours`, the set that results at `theirs`.

const data_at: usize = memory.data(4096, 8);
const chains_at: usize = memory.data(128, 8);
const ours_at: usize = memory.data(FEATURE_BYTES, 8);
const theirs_at: usize = memory.data(FEATURE_BYTES, 8);
const record_at: usize = memory.data(MAX_RECORD_BYTES, 8);

export function data(): usize {
  return data_at;
}

export function chains(): usize {
  return chains_at;
}

export function ours(): usize {
  return ours_at;
}

export function theirs(): usize {
  return theirs_at;
}

export function has_bit(len: i32, bit: i32): i32 {
  return features.has_bit(data_at, len, bit) ? 1 : 0;
}

export function set_bit(bit: i32): i32 {
  return features.set_bit(ours_at, bit);
}

export function contexts_of(feature: i32): i32 {
  return features.contexts_of(feature);
}

export function is_assumed(feature: i32): i32 {
  return features.is_assumed(feature) ? 1 : 0;
}

export function negotiated(feature: i32): i32 {
  return features.negotiated(ours_at, theirs_at, feature) ? 1 : 0;
}

export function check_required(len: i32): i32 {
  return features.check_required(data_at, len, ours_at);
}

export function check_dependencies(): i32 {
  return features.check_dependencies(ours_at);
}

export function select_features(context: i32): void {
  features.select_features(ours_at, context, theirs_at);
}

export function feature_bytes(): i32 {
  return features.feature_bytes(ours_at);
}

export function channel_type(len: i32): i32 {
  return features.channel_type(data_at, len);
}

/** Decodes the `init` at `data` and judges it by `ours` and as many chains. */
export function init(chain_count: i32, len: i32): i32 {
  const type = decode_message(data_at, len, record_at);
  return type < 0 ? type : accept_init(record_at, ours_at, chains_at, chain_count, theirs_at);
}
