// What an `init` must say for a connection to go on. BOLT 1, "The `init` Message".

import { ERR_CHAIN } from "../base/errors";
import { FEATURE_BYTES } from "../base/limits";
import { add_features, check_dependencies, check_required } from "./features";
import { RECORD_PRESENT } from "./kinds";
import { INIT_FEATURES, INIT_GLOBALFEATURES, INIT_HAS_NETWORKS, INIT_NETWORKS } from "./setup";

const offered: usize = memory.data(FEATURE_BYTES, 8);

/**
 * Judges the peer's `init` in `record`, by our set of features (features.ts) and the `chain_count` hashes of 32 bytes at
 * `chains` that we are on. 0, and the set of what the peer offers at `theirs`; or ERR_UNKNOWN_EVEN, ERR_DEPENDENCY,
 * ERR_CHAIN (it names its networks, and none is ours), after which `theirs` is as before.
 */
export function accept_init(record: usize, ours: usize, chains: usize, chain_count: i32, theirs: usize): i32 {
  // The two arrays are one, for history's sake.
  memory.fill(offered, 0, FEATURE_BYTES);
  let code = add_required(record + INIT_GLOBALFEATURES, ours);
  if (code == 0) code = add_required(record + INIT_FEATURES, ours);
  if (code == 0) code = check_dependencies(offered);
  if (code < 0) return code;
  if ((load<u32>(record, RECORD_PRESENT) & INIT_HAS_NETWORKS) != 0) {
    const networks = load<usize>(record, INIT_NETWORKS);
    if (!share_chain(networks, load<i32>(record, INIT_NETWORKS + 4) >> 5, chains, chain_count)) return ERR_CHAIN;
  }
  memory.copy(theirs, offered, FEATURE_BYTES);
  return 0;
}

function add_required(slot: usize, ours: usize): i32 {
  const at = load<usize>(slot);
  const len = load<i32>(slot, 4);
  add_features(at, len, offered);
  return check_required(at, len, ours);
}

/** Whether one of `a_count` chain hashes at `a` is one of `b_count` at `b`. */
function share_chain(a: usize, a_count: i32, b: usize, b_count: i32): bool {
  for (let i = 0; i < a_count; i++) {
    for (let j = 0; j < b_count; j++) {
      if (memory.compare(a + <usize>(i << 5), b + <usize>(j << 5), 32) == 0) return true;
    }
  }
  return false;
}
