/** Calls across the border in both directions, one of each kind. */
export declare function receive_i32(value: i32): i32;
export declare function receive_i64(value: i64): i64;
export declare function notify(): void;
export declare function mix(a: i32, b: i64, c: i32, d: i64): i64;

export function echo_i32(value: i32): i32 {
  return value;
}

export function echo_i64(value: i64): i64 {
  return value;
}

export function add(a: i32, b: i32): i32 {
  return a + b;
}

export function send_i32(value: i32): i32 {
  return receive_i32(value);
}

export function send_i64(value: i64): i64 {
  return receive_i64(value);
}

export function send_mixed(a: i32, b: i64, c: i32, d: i64): i64 {
  return mix(a, b, c, d);
}

export function call_notify(): void {
  notify();
}

export function call_notify_times(times: i32): void {
  for (let i = 0; i < times; i++) notify();
}

let kept: i64 = 0;

/** Keeps values of its own on the wasm stack while the host may call back in. */
export function around_notify(a: i64, b: i32): i64 {
  const before = a * 3 + b;
  kept = before;
  notify();
  return before + a - b + kept;
}

export function get_kept(): i64 {
  return kept;
}

/** Calls itself through the host: `receive_i32` is expected to call `descend(level - 1)`. */
export function descend(level: i32): i32 {
  if (level == 0) return 0;
  const deeper = receive_i32(level - 1);
  return deeper + level;
}

export function echo_f64(value: f64): f64 {
  return value;
}

export function echo_f32(value: f32): f32 {
  return value;
}
