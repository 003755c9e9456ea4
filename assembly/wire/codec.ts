// What other rooms call to decode and encode TLV streams of a namespace, such as payload.ts.

export { decode_tlvs, fault_at, fault_type } from "./decoder";
export { encode_tlvs } from "./encoder";
