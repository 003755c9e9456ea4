/** Value types that cross a module's boundary. */
export type ValueType = "i32" | "i64";

export interface FunctionSignature {
  readonly params: readonly ValueType[];
  /** `undefined` for a function without a result. */
  readonly result: ValueType | undefined;
}

/** The signature of a function of these parameters that returns an i32. */
export const i32 = (...params: ValueType[]): FunctionSignature => ({ params, result: "i32" });
