export { state_after, state_flags, event_of } from "../../assembly/htlc/states";
